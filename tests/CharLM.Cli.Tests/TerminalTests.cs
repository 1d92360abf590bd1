using System.Text.RegularExpressions;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary>charlm on a pseudo-terminal created by script (util-linux).</summary>
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
        // Every live line is erased before a permanent one; .NET's key mode is reverted.
        Assert.DoesNotContain(
            "minibatch", string.Concat(outcome.Output.Split('\n').Select(line => line.Split("\r\u001b[2K")[^1])), StringComparison.Ordinal);
        Assert.Equal(outcome.Output.Split("\u001b[?1h").Length, outcome.Output.Split("\u001b[?1l").Length);

        string plain = Escapes().Replace(outcome.Output, "");
        Assert.DoesNotContain('\u001b', plain);
        string[] lines = plain.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(lines[0], lines[^1]);
        Assert.Contains("exit 0", lines);
    }

    [Fact]
    public async Task Experiment_OnATerminal_ShowsALiveTableAndWhatFailed()
    {
        _sandbox.Write("text.txt", Texts.Plain);
        _sandbox.Write("sizes.yaml",
            "base:\n  corpus: text.txt\n  model: {num_hiddens: 16}\n  training: {num_epochs: 2, num_steps: 10}\nlist: [{name: large, "
                + "training: {batch_size: 1000}}, {name: small, training: {batch_size: 8}}]\n");
        Outcome outcome = await OnTerminalAsync(
            "stty -g; stty rows 30 cols 120; charlm experiment run sizes.yaml > result; echo \"exit $?\"");
        // The table is redrawn in place: up to its first line, and everything below erased.
        string[] tables = UpAndErase().Split(outcome.Output);
        Assert.InRange(tables.Length, 4, int.MaxValue);
        Assert.Contains("sizes: 0 of 2 finished", tables[0], StringComparison.Ordinal);
        string[] last = Escapes().Replace(tables[^1], "").Split("\r\n").Select(line => line.Trim()).ToArray();
        Assert.Matches(@"^trial +state +epoch +perplexity +held-out +tokens/s$", last[0]);
        Assert.Matches(@"^large_seed-0 +failed$", last[1]);
        Assert.Matches(@"^small_seed-0 +finished +2/2 +\d+\.\d+ +[\d,]+$", last[2]);
        Assert.Equal("sizes: 1 of 2 finished, 1 failed", last[3]);
        Assert.Matches(@"^large_seed-0: failed: .*needs 10001", last[4]);
        Assert.Equal("exit 1", last[^2]);
        Assert.StartsWith("variant", await File.ReadAllTextAsync(_sandbox.At("result")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Train_OnADumbTerminal_ShowsPlainLines()
    {
        _sandbox.Environment["TERM"] = "dumb";
        Outcome outcome = (await OnTerminalAsync($"{Train} --epochs 2")).Succeeded();
        Assert.DoesNotContain('\u001b', outcome.Output);
        Assert.Contains("epoch 2/2  perplexity", outcome.Output, StringComparison.Ordinal);
    }

    // Erasing a line is not a colour.
    [Fact]
    public async Task AnyVerb_NoColor_HasNoStyles()
    {
        _sandbox.Environment["NO_COLOR"] = "1";
        _sandbox.Write("text.txt", Texts.Plain);
        _sandbox.Write("one.yaml",
            "base:\n  corpus: text.txt\n  model: {num_hiddens: 4}\n  training: {num_epochs: 1, num_steps: 10, batch_size: 8}\nlist: "
                + "[{name: only}]\n");
        foreach (string command in new[] { $"{Train} --epochs 2", "charlm experiment run one.yaml", "charlm --help",
            "charlm trian || true" })
            Assert.DoesNotMatch(@"\u001b\[[0-9;]*m", (await OnTerminalAsync(command)).Succeeded().Output);
        _sandbox.Environment.Remove("NO_COLOR");
        Assert.Matches(@"\u001b\[[0-9;]*m", (await OnTerminalAsync($"{Train} --epochs 2")).Succeeded().Output);
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
        using RunningProgram script = _sandbox.StartProcess(
            "script", "-qec", $"{Train} --epochs 100000 --report-every 100000", "/dev/null");
        script.SkipIfInterruptIsIgnored();
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

    [GeneratedRegex(@"\u001b\[\d+A\r\u001b\[J")]
    private static partial Regex UpAndErase();

    // Colours, erased lines, and the two key modes.
    [GeneratedRegex(@"\u001b\[[0-9;]*m|\r\u001b\[2K|\u001b\[\?1[hl]|\u001b[=>]")]
    private static partial Regex Escapes();
}
