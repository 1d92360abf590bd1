using System.Security.Cryptography;
using System.Text;
using CharLM.Corpora;

namespace CharLM.Tests.Corpora;

/// <summary>Unicode's form C, compared with Python's unicodedata (14.0) on the same texts.</summary>
public sealed class CanonicalFormTests
{
    [Fact]
    public void Of_EveryCharacter_IsWhatPythonMakesOfIt()
    {
        string all = string.Join('\n', Enumerable.Range(0, 0x110000).Where(code => code is < 0xD800 or >= 0xE000).Select(char.ConvertFromUtf32));
        Assert.Equal("900f12a0fd5b368b56e972d9dcc9cc0584951930f9d9724d079e44f36f332796", Sha256(CanonicalForm.Of(all)));
    }

    [Fact]
    public void Of_LettersAndMarksInAnyOrder_AreWhatPythonMakesOfThem()
    {
        int[] codes =
        [
            0x41, 0x61, 0x68, 0x300, 0x301, 0x323, 0x327, 0x331, 0x338, 0x345, 0x1100, 0x1161, 0x11a8, 0xac00, 0xe1, 0x1e69, 0x3b1, 0x5d0,
            0x5b7, 0x5bc, 0x1d15e, 0x958, 0x2126, 0x212b, 0xfb1d, 0x4e2d, 0x1f600, 0xb47, 0xb3e, 0x9c7, 0x9be,
        ];
        var text = new StringBuilder();
        long state = 1;
        for (int i = 0; i < 200_000; i++)
        {
            state = (state * 1103515245 + 12345) % (1L << 31);
            text.Append(char.ConvertFromUtf32(codes[(state >> 16) % codes.Length]));
        }
        Assert.Equal("2b14e27f6a67a85b30b36bfd8617674570b94e6ef6e610e96681175349e3d1b7", Sha256(CanonicalForm.Of(text.ToString())));
    }

    [Theory]
    [InlineData("A\u030Angstro\u0308m", "\u00C5ngstr\u00F6m")]
    [InlineData("\u0301a", "\u0301a")]
    [InlineData("a\uD800\u0301", "a\uD800\u0301")]
    [InlineData("", "")]
    public void Of_Text_IsComposed(string text, string expected) => Assert.Equal(expected, CanonicalForm.Of(text));

    private static string Sha256(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
