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
}
