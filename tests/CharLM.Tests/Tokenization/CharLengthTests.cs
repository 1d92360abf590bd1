using System.Globalization;
using System.Text;
using CharLM.Tokenization;

namespace CharLM.Tests.Tokenization;

/// <summary>The length of a text in characters: Unicode scalar values, with an unpaired surrogate counting as one.</summary>
public sealed class CharLengthTests
{
    // As UTF-16 units, since an attribute cannot hold an unpaired surrogate.
    [Theory]
    [InlineData("", 0)]
    [InlineData("0061 0062 0063", 3)]
    [InlineData("D83D DE00", 1)]
    [InlineData("0061 D83D DE00 0062 D83D DE01", 4)]
    [InlineData("D83D", 1)]
    [InlineData("D83D 0061", 2)]
    [InlineData("0061 D83D", 2)]
    [InlineData("DE00 D83D", 2)]
    [InlineData("D83D D83D DE00", 2)]
    [InlineData("D83D DE00 DE00", 2)]
    public void Length_PairsAndHalves_IsThatOfTheRunes(string units, int length)
    {
        string text = string.Concat(units.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(unit => (char)int.Parse(unit, NumberStyles.HexNumber, CultureInfo.InvariantCulture)));
        Assert.Equal(length, CharTokenizer.Length(text));
        Assert.Equal(length, text.EnumerateRunes().Count());
        // The same number as encoding gives.
        Assert.Equal(length, new CharTokenizer().Encode(text, new Vocab([new TokenCount("a", 1)])).Length);
    }
}
