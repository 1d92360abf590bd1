using System.Diagnostics;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

public sealed class ServeTests(TrainedModels models, ITestOutputHelper output) : IClassFixture<TrainedModels>, IDisposable
{
    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Theory]
    [InlineData(RunningProgram.SigInt)]
    [InlineData(RunningProgram.SigTerm)]
    public async Task Serve_UntilASignal_PrintsItsAddressAnswersAndEndsAtOnce(int signal)
    {
        using RunningProgram program = _sandbox.Start("serve", models.Plain, models.Unicode, "--port", "0");
        if (signal == RunningProgram.SigInt)
            program.SkipIfInterruptIsIgnored();
        await program.UntilAsync(() => program.OutputSoFar.EndsWith('\n'), "the address");
        var address = new Uri(program.OutputSoFar.Trim());
        Assert.Equal("127.0.0.1", address.Host);
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = address };
        Assert.Contains("<title>charlm</title>", await client.GetStringAsync("/"), StringComparison.Ordinal);
        using HttpResponseMessage answer = await client.PostAsJsonAsync(
            "v1/completions", new { model = "unicode", prompt = "Gr", max_tokens = 10, temperature = 0 });
        string served = (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["choices"]![0]!["text"]!;

        var time = Stopwatch.StartNew();
        program.Signal(signal);
        Outcome outcome = await program.EndAsync();
        output.WriteLine($"ended {time.ElapsedMilliseconds} ms after the signal");
        Assert.Equal(0, outcome.ExitCode);
        Assert.Equal(address + "\n", outcome.Output);
        Assert.Empty(outcome.Complaints);
        Assert.Contains("model   plain: ", outcome.Error, StringComparison.Ordinal);

        JsonElement written = (await _sandbox.RunAsync(
            "generate", "--checkpoint", models.Unicode, "--prefix", "Gr", "--length", "10", "--temperature", "0", "--json")).Json();
        Assert.Equal(written.GetProperty("continuation").GetString(), served);
    }

    [Fact]
    public async Task Serve_OnATakenPort_FailsInOneLine()
    {
        using var taken = new TcpListener(System.Net.IPAddress.Loopback, 0);
        taken.Start();
        int port = ((System.Net.IPEndPoint)taken.LocalEndpoint).Port;
        (await _sandbox.RunAsync("serve", models.Plain, "--port", $"{port}")).Refused(1, $"127.0.0.1 port {port}", "in use");
    }

    [Fact]
    public async Task Serve_WrongCommandLines_AreRefused()
    {
        _sandbox.Write("short.txt", "short\n");
        _sandbox.Write("long.txt", new string('k', 5000));
        (string[] Words, int Code, string[] Parts)[] cases =
        [
            (["--host", "0.0.0.0"], 2, ["host 0.0.0.0", "--key-file", "CHARLM_KEY"]),
            (["--host", "0.0.0.0", "--key-file", "short.txt"], 2, ["the key must have 16"]),
            (["--host", "example.org"], 2, ["IP address", "example.org"]),
            (["--key-file", "long.txt"], 1, ["long.txt is not a key"]),
            (["--key-file", "absent.txt"], 1, ["absent.txt"]),
            (["--port", "65536"], 2, ["port must be 0", "65536"]),
            (["absent.safetensors"], 1, ["absent.safetensors"]),
            (["a", "--checkpoint", "b"], 2, ["one place"]),
        ];
        foreach ((string[] words, int code, string[] parts) in cases)
            (await _sandbox.RunAsync(["serve", .. words])).Refused(code, parts);
    }

    // Other verbs run where ASP.NET Core is not installed.
    [Fact]
    public void Program_Frameworks_AreDotNetsBaseAlone()
    {
        JsonNode options = JsonNode.Parse(File.ReadAllText(Path.Combine(Sandbox.ProgramFolder, "charlm.runtimeconfig.json")))!["runtimeOptions"]!;
        Assert.Equal("Microsoft.NETCore.App", (string?)options["framework"]!["name"]);
        Assert.Null(options["frameworks"]);
    }
}
