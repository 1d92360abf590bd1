using CharLM.Tokenization;

namespace CharLM.Tests.Tokenization;

public sealed class TextPartsTests
{
    private static TextConfig Config(int maxTokens, double fraction) => new() { MaxTokens = maxTokens, ValidationFraction = fraction };

    [Theory]
    [InlineData(0, 0.1, 900, 900, 1000, 1000)]
    [InlineData(500, 0.1, 450, 450, 500, 500)]
    [InlineData(5000, 0.1, 900, 900, 1000, 1000)]
    [InlineData(0, 0, 1000, 1000, 1000, 1000)]
    [InlineData(400, 0, 400, 400, 1000, 400)]
    public void Of_Fraction_HoldsOutTheEndOfWhatIsUsed(int maxTokens, double fraction, int trained, int begin, int end, int used)
    {
        var parts = TextParts.Of(1000, Config(maxTokens, fraction));
        Assert.Equal((new TextRange(0, trained), used - trained), (parts.Train, parts.HeldOut.Count));
        // If nothing is held out, everything after the training part is unseen.
        Assert.Equal((new TextRange(begin, end), 0), (parts.Unseen, parts.WindowLength));
    }

    [Theory]
    [InlineData(0, 0.05, 0.05, 900, 900, 950, 1000)]
    [InlineData(500, 0.2, 0.1, 350, 350, 450, 500)]
    [InlineData(0, 0, 0.25, 750, 750, 750, 1000)]
    public void Of_TestFraction_KeepsTheVeryEnd(
        int maxTokens, double validation, double test, int trained, int begin, int testBegin, int end)
    {
        var parts = TextParts.Of(1000, Config(maxTokens, validation) with { TestFraction = test });
        Assert.Equal((new TextRange(0, trained), new TextRange(begin, testBegin)), (parts.Train, parts.HeldOut));
        Assert.Equal((new TextRange(testBegin, end), parts.Test), (parts.Test, parts.Unseen));
    }

    [Fact]
    public void From_MaxTokens_WhatComesAfterIsUnseen()
    {
        TokenizedText text = TokenizedText.From("aaaabbbbcc", Config(4, 0));
        Assert.Equal((4L, 0L), (text.Train.Length, text.HeldOut.Length));
        Assert.Equal([2, 2, 2, 2, 3, 3], text.Unseen.ToArray());
    }

    // The book's validation windows overlap the last training window, whose tokens do not count as unseen.
    [Theory]
    [InlineData(200, 200, 432, 232, 432)]
    [InlineData(0, 0, 0, 232, 1000)]
    public void Of_Windows_UnseenBeginsAfterTheLastTrainingWindow(int validation, int heldOut, int heldOutEnd, int begin, int end) =>
        Assert.Equal(new TextParts(new TextRange(0, 232), new TextRange(heldOut, heldOutEnd), new TextRange(begin, end), 32),
            TextParts.Of(1000, Config(0, 0), new WindowCounts(200, validation, 32)));

    // A model's window counts may be applied to a shorter text.
    [Fact]
    public void Of_WindowsOfAShorterText_UnseenEndsWithIt()
    {
        Assert.Equal(new TextRange(232, 300), TextParts.Of(300, Config(0, 0), new WindowCounts(200, 200, 32)).Unseen);
        Assert.Equal(0, TextParts.Of(100, Config(0, 0), new WindowCounts(200, 200, 32)).Unseen.Count);
    }

    [Theory]
    [InlineData(431, 432)]
    [InlineData(231, 232, 0)]
    public void From_TextTooShortForItsWindows_IsRefusedWithWhatTheyNeed(int tokens, int needed, int validation = 200)
    {
        var windows = new WindowCounts(200, validation, 32);
        string text = new('a', tokens);
        var e = Assert.Throws<InvalidConfigException>(() => TokenizedText.From(text, Config(0, 0), windows: windows));
        Assert.Contains($"need {needed} tokens; the text has {tokens}", e.Message, StringComparison.Ordinal);
        var whole = TokenizedText.From(text + "a", Config(0, 0), windows: windows);
        Assert.Equal((232L, validation == 0 ? 0L : validation + 32), (whole.Train.Length, whole.HeldOut.Length));
    }
}
