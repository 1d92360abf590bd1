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

    // Printed by the books (v0.17, 9.7.6 and 10.4.3); the last ones follow from the definition.
    [Theory]
    [InlineData("va !", "va !", 1)]
    [InlineData("j'ai perdu .", "j'ai perdu .", 1)]
    [InlineData("il est riche .", "il est calme .", 0.658)]
    [InlineData("je suis chez moi paresseux .", "je suis chez moi .", 0.803)]
    [InlineData("va", "va !", 0.368)]
    [InlineData("a a", "a b", 0)]
    [InlineData("", "va !", 0)]
    public void BleuOf_Sentences_IsWhatTheBooksPrint(string written, string expected, double bleu) =>
        Assert.Equal(
            bleu, TranslationScore.BleuOf(written.Split(' ', StringSplitOptions.RemoveEmptyEntries), expected.Split(' ')), 5e-4);

    [Fact]
    public void Measures_SomeWrong_CountsTargetsAndCharacters()
    {
        var score = new TranslationScore();
        score.Add("125", "125");
        score.Add("1000", "100");
        score.Add("999", "989");
        Assert.Equal(1 / 3.0, score.ExactMatch, 1e-12);
        Assert.Equal(2 / 10.0, score.CharacterErrorRate, 1e-12);
        Assert.Equal((1 + (Math.Exp(-1 / 3.0) * 1) + Math.Sqrt(2 / 3.0) * 0) / 3, score.Bleu, 1e-12);
    }
}
