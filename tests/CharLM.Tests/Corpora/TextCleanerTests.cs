using System.Security.Cryptography;
using System.Text;
using CharLM.Corpora;

namespace CharLM.Tests.Corpora;

public sealed class TextCleanerTests
{
    public static TheoryData<string, string> Lines => new()
    {
        { "The Time Machine, by H. G. Wells [1898]\n", "the time machine by h g wells" },
        { "\n\nI\n\n", "i" },
        { "ends here\nbegins", "ends herebegins" },
        { "  two   spaces\t\tand tabs  ", "two spaces and tabs" },
        { "windows\r\nends\r\n", "windowsends" },
        { "old mac\rends", "old macends" },
        { "1234\n5678", "" },
        { "", "" },
        { "caf\u00e9 na\u00efve", "caf na ve" },
    };

    [Theory]
    [MemberData(nameof(Lines))]
    public void Clean_D2L_CleansLineByLineAndJoinsWithoutSeparator(string text, string expected) =>
        Assert.Equal(expected, TextCleaner.Clean(text, Cleaning.D2L));

    [Theory]
    [InlineData("one two\n\n  three\n", "one two\nthree")]
    [InlineData("\n\n", "")]
    public void Clean_D2LWithSeparator_KeepsWordsOfTwoLinesApart(string text, string expected) =>
        Assert.Equal(expected, TextCleaner.Clean(text, Cleaning.D2L, "\n"));

    [Theory]
    [InlineData("\n\nThe Time,\r\nMachine 1898.", " the time machine ")]
    [InlineData("", "")]
    [InlineData("a-b", "a b")]
    public void Clean_D2LV1_CleansTheWholeText(string text, string expected) =>
        Assert.Equal(expected, TextCleaner.Clean(text, Cleaning.D2LV1));

    [Fact]
    public void Clean_None_ReturnsTheText() => Assert.Equal("Ab\n \U0001F600", TextCleaner.Clean("Ab\n \U0001F600", Cleaning.None));

    [Fact]
    public void Clean_TimeMachine_IsTheBooksText()
    {
        string text = File.ReadAllText(Repository.SharedOrSkip("corpora", "timemachine.txt"));
        string v017 = TextCleaner.Clean(text, Cleaning.D2L);
        string v1 = TextCleaner.Clean(text, Cleaning.D2LV1);

        Assert.Equal(170_580, v017.Length);
        Assert.Equal("a264255f8dd6ff00b0a378b4380cc1a562543c378fb56b935d69cb725c9d7cc7",
            Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(v017[..10_000]))));
        Assert.Equal(173_428, v1.Length);
#pragma warning disable CA5350 // the published checksum of the cleaned text is a SHA-1
        Assert.Equal("0aa295adbf8f925249b7ea9e8f6e698625ac7195", Convert.ToHexStringLower(SHA1.HashData(Encoding.ASCII.GetBytes(v1))));
#pragma warning restore CA5350
    }

    [Theory]
    [InlineData("\u00DCber W\u00F6lfe\n", "\u00FCber w\u00F6lfe\n")]
    [InlineData("U\u0308BER", "\u00FCber")]
    [InlineData("H\u0331", "\u1E96")]
    [InlineData("\u0391\u0393 \u0416 \u4E2D, 1!", "\u03B1\u03B3 \u0436 \u4E2D, 1!")]
    [InlineData("\U00010400", "\U00010428")]
    [InlineData("I\u0307", "\u0130")]
    public void Clean_Lower_IsLowerCaseInFormC(string text, string expected) =>
        Assert.Equal(expected, TextCleaner.Clean(text, Cleaning.Lower));

    [Fact]
    public void RawPlaceOf_Lower_FindsTheCharacterThatWasCleaned()
    {
        const string Text = "aU\u0308b\U00010400c";
        string cleaned = TextCleaner.Clean(Text, Cleaning.Lower);
        Assert.Equal("a\u00FCb\U00010428c", cleaned);
        var pass = new CleaningPass(Cleaning.Lower, "");
        Assert.Equal([0, 1, 3, 4, 4, 6, 7], Enumerable.Range(0, cleaned.Length + 1).Select(place => pass.RawPlaceOf(Text, place)));
    }

    [Fact]
    public void CleaningLoss_OfTheBooks_CountsAllButLettersAndSpaces()
    {
        var loss = CleaningLoss.Of("Sch\u00F6n, \u00F6d!\n\U0001F600 \u00DF1 1", Cleaning.D2L);
        Assert.Equal((17L, 8L), (loss.Characters, loss.Dropped));
        Assert.Equal(["\u00F6", "\u00DF", "1", "!", ",", "\U0001F600"], loss.Kinds);
        Assert.Equal(8 / 17.0, loss.Share);
        Assert.Equal(loss.Kinds, CleaningLoss.Of("Sch\u00F6n, \u00F6d!\n\U0001F600 \u00DF1 1", Cleaning.D2LV1).Kinds);
    }

    [Theory]
    [InlineData(Cleaning.None)]
    [InlineData(Cleaning.Lower)]
    public void CleaningLoss_OfCleaningsThatKeepAll_IsNothing(Cleaning cleaning) =>
        Assert.Equal((3L, 0L), (CleaningLoss.Of("a\u00F6!", cleaning) is var loss ? loss.Characters : 0, loss.Dropped));
}
