using CharLM.Generation;

namespace CharLM.Tests.Generation;

public sealed class StopStringsTests
{
    [Theory]
    [InlineData("abc", "xxabcx", "xx")]
    [InlineData("abc", "xxab", "xxab")]
    [InlineData("aab", "aaab", "a")]
    [InlineData("abab", "abaabab", "aba")]
    [InlineData("abc|b", "xabc", "xa")] // b completes first
    [InlineData("bc|abc", "xabc", "x")] // both complete together: the one that began first
    [InlineData("the| time", "a time", "a")]
    [InlineData("\u00df|z", "stra\u00dfe", "stra")]
    [InlineData("zz", "", "")]
    public void Pass_HoweverATextIsCut_EndsItAtTheSamePlace(string stops, string text, string expected)
    {
        var strings = new StopStrings(stops.Split('|'));
        // One character at a time, as in the definition, and in pieces that hold at most the end of a stop string.
        Assert.Equal(expected, Run(text.Select(c => c.ToString())));
        var random = new Random(3);
        for (int i = 0; i < 50; i++)
        {
            var pieces = new List<string>();
            for (int begin = 0; begin < text.Length;)
            {
                int length = Math.Min(random.Next(1, 4), text.Length - begin);
                pieces.Add(text.Substring(begin, length));
                begin += length;
            }
            Assert.Equal(expected, Run(pieces));
        }

        string Run(IEnumerable<string> pieces)
        {
            string all = "", held = "";
            foreach (string piece in pieces)
            {
                string sure = strings.Pass(ref held, piece, out bool isMet);
                all += sure;
                // Text that a stop string might still remove is held back, and nothing else.
                Assert.Equal(held.Length > 0, !isMet
                    && stops.Split('|').Any(
                        stop => Enumerable.Range(1, stop.Length - 1).Any(n => (all + held).EndsWith(stop[..n], StringComparison.Ordinal))));
                if (isMet)
                    return all;
            }
            return all + held;
        }
    }

    [Fact]
    public void Pass_NoStops_HoldsNothingBack()
    {
        string held = "";
        Assert.Equal("abc", new StopStrings([]).Pass(ref held, "abc", out bool isMet));
        Assert.Equal(("", false), (held, isMet));
    }
}
