using System.Text;
using CharLM.Pairs.Translation;

namespace CharLM.Tests.Pairs.Translation;

public sealed class TranslationScoreTests
{
    // Computed by hand; the first two are the standard examples of the distance.
    [Theory]
    [InlineData("kitten", "sitting", 3)]
    [InlineData("saturday", "sunday", 3)]
    [InlineData("ab", "ba", 2)]
    [InlineData("", "abc", 3)]
    [InlineData("abc", "", 3)]
    [InlineData("a😀b", "ab", 1)]
    public void Levenshtein_Texts_GivesTheFewestEdits(string a, string b, int edits) =>
        Assert.Equal(edits, TranslationScore.Levenshtein([.. a.EnumerateRunes()], [.. b.EnumerateRunes()]));

    [Fact]
    public void Measures_SomeWrong_CountsTargetsAndCharacters()
    {
        var score = new TranslationScore();
        score.Add("125", "125");
        score.Add("1000", "100");
        score.Add("999", "989");
        Assert.Equal(1 / 3.0, score.ExactMatch, 1e-12);
        Assert.Equal(2 / 10.0, score.CharacterErrorRate, 1e-12);
    }
}
