using System.Text;
using CharLM.Cli.Streams;

namespace CharLM.Cli.Tests;

/// <summary>Text typed into a Windows console, which delivers UTF-16.</summary>
public sealed class TypedInputTests
{
    private static string Read(string typed, int bytesAtOnce)
    {
        using var input = new TypedInputStream(new Slow(Encoding.Unicode.GetBytes(typed), bytesAtOnce));
        using var reader = new StreamReader(input, new UTF8Encoding(false, throwOnInvalidBytes: true));
        return reader.ReadToEnd();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4096)]
    public void Read_OfAnyAlphabet_IsUtf8(int bytesAtOnce)
    {
        const string Typed = "naïve\r\n模型 😀\r\n";
        Assert.Equal(Typed, Read(Typed, bytesAtOnce));
    }

    [Theory]
    [InlineData("one\r\n\u001a\r\ntwo\r\n", "one\r\n")]
    [InlineData("\u001a\r\n", "")]
    [InlineData("a\u001ab\r\n", "a\u001ab\r\n")]
    public void Read_CtrlZ_EndsAtTheBeginningOfALine(string typed, string read)
    {
        Assert.Equal(read, Read(typed, 2));
        Assert.Equal(read, Read(typed, 4096));
    }

    private sealed class Slow(byte[] bytes, int atOnce) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, atOnce));
    }
}
