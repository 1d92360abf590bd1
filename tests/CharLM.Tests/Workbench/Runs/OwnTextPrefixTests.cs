using CharLM.Corpora;
using CharLM.Tests.Corpora;
using CharLM.Tokenization;
using CharLM.Workbench.Runs;

namespace CharLM.Tests.Workbench.Runs;

/// <summary>The beginning that samples of a text of one's own start from.</summary>
public sealed class OwnTextPrefixTests
{
    [Theory]
    [InlineData("THE TIDE-ENGINE OF ORSEY\n\nCHAPTER I\n\nThe first time I saw Mr. Ezra\n", "The first time")] // no heading
    [InlineData("USA\nonly lines of a few words\n", "only lines")]
    [InlineData("ALL OF IT IS SHOUTED\nAND SO IS THIS\n", "ALL OF IT")] // nothing else to begin with
    [InlineData("床前明月光疑是地上霜\n", "床前明月光")] // no capitals, no spaces
    [InlineData("1 2 3 4 5 6 7 8\n", "1 2 3 4")]
    public void PrefixOf_AText_IsHowItsFirstOrdinaryLineBegins(string text, string prefix) =>
        Assert.Equal(prefix, OwnText.PrefixOf(TestCorpus.Of(text), new TextConfig { Cleaning = Cleaning.None }));
}
