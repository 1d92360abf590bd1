using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

public sealed class PipeTests(TrainedModels models) : IDisposable
{
    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    // If the program did not end by itself, this would take minutes.
    [Fact]
    public async Task Generate_ReaderThatHasEnough_EndsQuietly()
    {
        Outcome outcome = await _sandbox.BashAsync(
            "charlm generate --checkpoint \"$1\" --length 10000000 | head -c 5; exit ${PIPESTATUS[0]}", models.Plain);
        Assert.Equal(new Outcome(0, "time ", ""), outcome);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("train --help")]
    [InlineData("corpus list")]
    public async Task AnyVerb_ReaderThatReadsNothing_EndsQuietly(string arguments)
    {
        Outcome outcome = await _sandbox.BashAsync($"charlm {arguments} | true; exit ${{PIPESTATUS[0]}}");
        Assert.Equal(new Outcome(0, "", ""), outcome);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("corpus list --json")]
    [InlineData("generate --length 5 --checkpoint")]
    public async Task AnyVerb_OutputOnAFullDisk_FailsInOneLine(string arguments) =>
        (await _sandbox.BashAsync(
            $"charlm {arguments} {(arguments.EndsWith("--checkpoint", StringComparison.Ordinal) ? models.Plain : "")} > /dev/full"))
                .Refused(1, "No space left");

    [Theory]
    [InlineData("2>&-")]
    [InlineData("2>/dev/full")]
    public async Task Train_ErrorThatTakesNothing_TrainsOn(string redirection)
    {
        _sandbox.Write("text.txt", Texts.Plain);
        string options = $"--epochs 2 --max-tokens 200 {string.Join(' ', Texts.SmallModel)}";
        Outcome outcome = (await _sandbox.BashAsync($"charlm train --corpus text.txt {options} {redirection}")).Succeeded();
        Assert.Equal(2, outcome.OutputLines.Length);
        Assert.True(File.Exists(_sandbox.At("checkpoints/last.safetensors")));
        Assert.Equal(2, (await _sandbox.BashAsync($"charlm trian {redirection}")).ExitCode);
    }

    [Fact]
    public async Task Generate_OutputIntoAFileThatOthersWrite_KeepsTheOrder()
    {
        Outcome outcome = await _sandbox.BashAsync(
            "{ echo before; charlm generate --checkpoint \"$1\" --length 1 --prefix ab; echo after; } > file; cat file", models.Plain);
        Assert.Equal(["before", "after"], [outcome.OutputLines[0], outcome.OutputLines[2]]);
    }
}
