using CharLM.Pairs.Translation;

namespace CharLM.Tests.Pairs.Translation;

/// <summary>Characters are Unicode scalar values, both in lengths and in edits.</summary>
public sealed class TranslationCharactersTests
{
    [Theory]
    [InlineData("\U0001F600\U0001F601", "\U0001F600\U0001F601", 0)]
    [InlineData("\U0001F600\U0001F601", "\U0001F600", 0.5)]
    [InlineData("\U0001F600a", "\U0001F602a", 0.5)]
    [InlineData("\U0001F600", "ab", 2)]
    [InlineData("ab", "", 1)]
    public void CharacterErrorRate_BeyondTheBasicPlane_CountsWholeCharacters(string expected, string written, double rate)
    {
        var score = new TranslationScore();
        score.Add(expected, written);
        Assert.Equal(rate, score.CharacterErrorRate, 1e-12);
    }
}
