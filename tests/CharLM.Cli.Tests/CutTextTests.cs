using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary>Long foreign texts are truncated for display, never within a character.</summary>
public sealed class CutTextTests : IDisposable
{
    private const string Beyond = "\U0001F600"; // two UTF-16 code units

    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Theory]
    [InlineData(118, "...")] // the character just fits
    [InlineData(119, "...")]
    [InlineData(120, "...")]
    public async Task CorpusShow_LongLine_IsCutBetweenCharacters(int before, string end)
    {
        _sandbox.Write("long.txt", new string('x', before) + Beyond + "and more of the line");
        string output = (await _sandbox.RunAsync("corpus", "show", "long.txt", "--cleaning", "none")).Succeeded().Output;
        Assert.Contains($"  {new string('x', before)}{(before == 118 ? Beyond : "")}{end}\n", output, StringComparison.Ordinal);
        Assert.DoesNotContain('\uFFFD', output);
    }

    [Fact]
    public async Task Word_ThatIsNoOption_IsToldUpToACharacter()
    {
        Outcome outcome = await _sandbox.RunAsync("train", "--" + new string('y', 97) + Beyond + "z");
        outcome.Refused(2, $"'--{new string('y', 97)}...'");
        Assert.DoesNotContain('\uFFFD', outcome.Error);
    }
}
