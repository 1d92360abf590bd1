using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;

namespace CharLM.Serving.Tests;

/// <summary>Existing clients, unchanged: the npm package openai, and curl.</summary>
public sealed class ClientTests(TrainedModels models)
{
    private const string Key = "a-key-for-existing-clients";

    [Fact]
    public async Task OpenAi_PackageOfNpm_TalksToTheServerUnchanged()
    {
        string folder = await InstallOrSkipAsync();
        await using RunningServer server = await RunningServer.StartAsync(new ServeConfig { Key = Key }, models.English, models.World);
        (int code, string output, string error) = await RunAsync("node", folder, Path.Combine(folder, "client.mjs"), $"{server.Address}v1", Key);
        Assert.True(code == 0, error);
        JsonNode got = JsonNode.Parse(output)!;

        Assert.Equal(["english", "world"], got["models"]!.AsArray().Select(id => (string)id!));
        Assert.Equal("model", (string?)got["model"]);
        JsonNode whole = got["whole"]!, streamed = got["streamed"]!;
        Assert.Equal("text_completion", (string?)whole["object"]);
        Assert.Equal(2, whole["texts"]!.AsArray().Distinct().Count());
        Assert.Equal((string?)whole["texts"]![0], (string?)whole["tokens"]);
        Assert.Equal(3, (int)whole["top"]!);
        Assert.Equal(9, (int)whole["usage"]!["prompt_tokens"]!);
        Assert.True(JsonNode.DeepEquals(whole["texts"], streamed["texts"]), output);
        Assert.True(JsonNode.DeepEquals(whole["usage"], streamed["usage"]), output);
        Assert.True((bool)got["left"]!);
        Assert.Equal("""{"kind":"BadRequestError","status":400,"param":"temperature","code":null}""", got["bad"]!.ToJsonString());
        Assert.Equal("""{"kind":"NotFoundError","status":404,"param":"model","code":"model_not_found"}""", got["absent"]!.ToJsonString());
        Assert.Equal("AuthenticationError", (string?)got["wrongKey"]);
    }

    [Fact]
    public async Task Curl_WithAndWithoutStream_GetsTheSameText()
    {
        Assert.SkipUnless(IsInstalled("curl"), "curl is not installed");
        await using RunningServer server = await RunningServer.StartAsync(new ServeConfig(), models.World);
        string request = """{"prompt":"床前","max_tokens":25,"seed":1}""";
        (_, string whole, _) = await CurlAsync(server, request);
        (_, string streamed, _) = await CurlAsync(server, request.Replace("}", ""","stream":true}"""));

        Assert.Equal((string)JsonNode.Parse(whole)!["choices"]![0]!["text"]!, string.Concat(
            streamed.Split("\n\n").Where(one => one.StartsWith("data: {", StringComparison.Ordinal))
                .Select(one => (string)JsonNode.Parse(one["data: ".Length..])!["choices"]![0]!["text"]!)));
        Assert.Contains("月", whole, StringComparison.Ordinal);
    }

    // The page's own script outside a browser, with what a server wrote.
    [Fact]
    public async Task Page_TextOfBytes_IsWhatTheModelReadsAndWrote()
    {
        Assert.SkipUnless(IsInstalled("node"), "node is not installed");
        using var folder = new TemporaryFolder();
        foreach (string file in new[] { "shared.js", "tokens.js" })
            File.Copy(Repository.File("src", "CharLM.Serving", "Page", file), folder.File(file));
        File.Copy(Repository.File("tests", "CharLM.Serving.Tests", "Page", "tokens.mjs"), folder.File("tokens.mjs"));
        File.WriteAllText(folder.File("package.json"), """{"type":"module"}""");
        await using RunningServer server = await RunningServer.StartAsync(new ServeConfig(), models.Bytes);
        const string Prompt = "床前明月光，";
        // 20 characters of 3 bytes, and 2 bytes of the next.
        JsonObject answer = await server.CompleteAsync(
            new { prompt = Prompt, max_tokens = 62, temperature = 0, echo = true, logprobs = 3 });
        string text = (string)answer["choices"]![0]!["text"]!;
        JsonObject score = await server.AnswerAsync("v1/score", new { text = "Grüße 🐳" });
        File.WriteAllText(folder.File("given.json"), new JsonObject
        {
            ["prompt"] = Prompt,
            ["logprobs"] = answer["choices"]![0]!["logprobs"]!.DeepClone(),
            ["score"] = score["tokens"]!.DeepClone(),
        }.ToJsonString());

        (int code, string output, string error) = await RunAsync("node", folder.File(""), folder.File("tokens.mjs"));
        Assert.True(code == 0, error);
        JsonNode got = JsonNode.Parse(output)!;
        Assert.Equal(62, (int)got["written"]!);
        Assert.Equal(text.TrimEnd('\ufffd'), (string?)got["text"]);
        Assert.Equal("床前", (string?)got["within"]);
        Assert.Equal("Grüße 🐳", (string?)got["scored"]);
        Assert.Equal("Gr", (string?)got["scoredWithin"]);
        // A word may look like a byte.
        Assert.Equal(@"\xe5 \xba", (string?)got["words"]);
        Assert.Equal([true, false], got["disabled"]!.AsArray().Select(one => (bool)one!));
    }

    private static Task<(int Code, string Output, string Error)> CurlAsync(RunningServer server, string body) =>
        RunAsync("curl", ".", "--silent", "--show-error", "--no-buffer", "--noproxy", "*", "--header", "content-type: application/json",
            "--data", body, $"{server.Address}v1/completions");

    // As the lock file says, and without running the package's scripts.
    private static async Task<string> InstallOrSkipAsync()
    {
        Assert.SkipUnless(IsInstalled("node") && IsInstalled("npm"), "node and npm are not installed");
        string folder = Repository.File("artifacts", "npm", "openai"), source = Repository.File("tests", "CharLM.Serving.Tests", "OpenAi");
        Directory.CreateDirectory(folder);
        foreach (string file in Directory.GetFiles(source))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
        if (!Directory.Exists(Path.Combine(folder, "node_modules", "openai")))
        {
            (int code, _, string error) = await RunAsync(
                "npm", folder, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--prefer-offline");
            Assert.SkipUnless(code == 0, $"npm could not install the package openai: {error.Split('\n')[0]}");
        }
        return folder;
    }

    private static bool IsInstalled(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Any(folder => File.Exists(Path.Combine(folder, program)));

    private static async Task<(int Code, string Output, string Error)> RunAsync(string program, string folder, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
        })!;
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        Task<string> output = process.StandardOutput.ReadToEndAsync(patience.Token), error = process.StandardError.ReadToEndAsync(patience.Token);
        await process.WaitForExitAsync(patience.Token);
        return (process.ExitCode, await output, await error);
    }
}
