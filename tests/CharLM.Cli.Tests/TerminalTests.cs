using System.Text.RegularExpressions;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary>charlm on a pseudo-terminal, as script of util-linux makes one.</summary>
public sealed partial class TerminalTests : IDisposable
{
    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    private string Train => $"charlm train --corpus {_sandbox.Write("text.txt", Texts.Plain)} {string.Join(' ', Texts.SmallModel)}";

    [Fact]
    public async Task Train_OnATerminal_ShowsALiveLineAndLeavesTheTerminalAsItWas()
    {
        Outcome outcome = await OnTerminalAsync($"stty -g; {Train} --epochs 8; echo \"exit $?\"; stty -g");
        Assert.Matches(@"epoch \d+  minibatch \d+/\d+  perplexity", outcome.Output);
        // Every live line is erased before a line that stays; what .NET does to the keys is taken back.
        Assert.DoesNotContain("minibatch", string.Concat(outcome.Output.Split('\n').Select(line => line.Split("\r\u001b[2K")[^1])), StringComparison.Ordinal);
        Assert.Equal(outcome.Output.Split("\u001b[?1h").Length, outcome.Output.Split("\u001b[?1l").Length);

        string plain = Escapes().Replace(outcome.Output, "");
        Assert.DoesNotContain('\u001b', plain);
        string[] lines = plain.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(lines[0], lines[^1]);
        Assert.Contains("exit 0", lines);
    }

    [Fact]
    public async Task Train_OnADumbTerminal_ShowsPlainLines()
    {
        _sandbox.Environment["TERM"] = "dumb";
        Outcome outcome = (await OnTerminalAsync($"{Train} --epochs 2")).Succeeded();
        Assert.DoesNotContain('\u001b', outcome.Output);
        Assert.Contains("epoch 2/2  perplexity", outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Train_OnlyOutputRedirected_KeepsTheLiveLineOutOfIt()
    {
        (await OnTerminalAsync($"{Train} --epochs 3 --json > result.json")).Succeeded();
        string json = await File.ReadAllTextAsync(_sandbox.At("result.json"));
        _ = new Outcome(0, json, "").Json();
    }

    [Fact]
    public async Task Train_CtrlCOnATerminal_ErasesTheLiveLineAndSaves()
    {
        SkipWithoutScript();
        using RunningProgram script = _sandbox.StartProcess("script", "-qec", $"{Train} --epochs 100000 --report-every 100000", "/dev/null");
        await script.UntilAsync(() => script.OutputSoFar.Contains("minibatch", StringComparison.Ordinal), "the live line");
        await script.Input.WriteAsync("\u0003"u8.ToArray());
        await script.Input.FlushAsync();
        Outcome outcome = await script.EndAsync();
        Assert.Equal(130, outcome.ExitCode);
        string last = Escapes().Replace(outcome.Output, "").TrimEnd().Split('\n')[^1];
        Assert.StartsWith("charlm: interrupted after ", last, StringComparison.Ordinal);
        Assert.True(File.Exists(_sandbox.At("checkpoints/last.safetensors")));
    }

    private static void SkipWithoutScript() => Assert.SkipUnless(File.Exists("/usr/bin/script"), "script of util-linux is missing");

    private async Task<Outcome> OnTerminalAsync(string command)
    {
        SkipWithoutScript();
        using RunningProgram script = _sandbox.StartProcess("script", "-qec", command, "/dev/null");
        return await script.EndAsync();
    }

    // Colours, an erased line, and the two modes of the keys.
    [GeneratedRegex(@"\u001b\[[0-9;]*m|\r\u001b\[2K|\u001b\[\?1[hl]|\u001b[=>]")]
    private static partial Regex Escapes();
}
