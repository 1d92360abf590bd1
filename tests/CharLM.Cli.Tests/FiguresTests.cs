using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary>What the scripts that measure tables do with runs, with a program in charlm's place that trains in no time.</summary>
public sealed class FiguresTests : IDisposable
{
    // The third run fails.
    private const string Charlm = """
        #!/usr/bin/env bash
        case "$*" in
            --version) echo "charlm 0, TorchSharp 0, libtorch 0" ;;
            *--print-config) echo "seed: 0" ;;
            *"--preset d2l-rnn "*) printf 'downloading\ncharlm: the corpus is not to be had\n' >&2; exit 1 ;;
            train*) echo '{"train_perplexity": 1.5, "seconds": 1}' ;;
        esac
        """;

    private static readonly string Figures = Path.Combine(
        Repository.Root, "artifacts", "bin", "Figures", Path.GetFileName(Sandbox.ProgramFolder), "Figures.dll");

    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public async Task Finish_RunThatFails_IsOneLineAndKeepsTheOthers()
    {
        string program = _sandbox.At("charlm");
        await File.WriteAllTextAsync(program, Charlm.ReplaceLineEndings("\n"), TestContext.Current.CancellationToken);
        Outcome outcome = await _sandbox.BashAsync("""
            chmod +x charlm
            git init -q . && git -c user.name=a -c user.email=a@example.org commit -q --allow-empty -m begun
            CHARLM_PROGRAM=$1 exec "$DOTNET_ROOT/dotnet" "$2" d2l --jobs 1 --seeds 1
            """.ReplaceLineEndings("\n"), program, Figures);

        Assert.Equal((1, ""), (outcome.ExitCode, outcome.Output));
        string[] lines = outcome.ErrorLines;
        Assert.True(lines.Length == 3, outcome.Error);
        Assert.StartsWith("1/18  d2l-rnn-scratch-s0: training perplexity 1.5", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("charlm train --preset d2l-rnn ", lines[2], StringComparison.Ordinal);
        Assert.EndsWith("ended with 1: charlm: the corpus is not to be had; 2 of 18 runs are kept", lines[2], StringComparison.Ordinal);
        Assert.Equal(["d2l-rnn-scratch-s0.json", "d2l-rnn-scratch-sampling-random-s0.json"],
            Directory.GetFiles(_sandbox.At("artifacts/figures/d2l")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Call_WithoutItsScript_IsOneLine()
    {
        Outcome outcome = await _sandbox.BashAsync("exec \"$DOTNET_ROOT/dotnet\" \"$1\" d2l --jobs 1", Figures);
        Assert.Equal((1, "call this through its script"), (outcome.ExitCode, outcome.Error.Trim()));
    }
}
