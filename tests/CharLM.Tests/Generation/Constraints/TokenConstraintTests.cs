using System.Text.RegularExpressions;
using CharLM.Generation.Constraints;
using CharLM.Tokenization;

namespace CharLM.Tests.Generation.Constraints;

public sealed class TokenConstraintTests
{
    private static readonly Vocab Letters = new([new("a", 3), new("b", 2), new(" ", 1), new(".", 1)]);
    private static readonly Vocab Words = new([new("the", 9), new("time", 8), new("traveller", 7), new("he", 6), new("\u00e9t\u00e9", 1)]);

    public static TheoryData<string, bool, int> Cases => new()
    {
        { "(ab|b)+", false, 6 },
        { "a{3}|b{5}\\.", false, 7 },
        { "[^.]*\\.", false, 5 },
        { "(a.)*b?", false, 4 },
        { "(the|he) t\\w+( \\w{3})*", true, 5 },
        { ".*time", true, 4 },
    };

    // The masks are compared with trying every text of this many tokens.
    [Theory, MemberData(nameof(Cases))]
    public void Mask_EveryState_AllowsExactlyWhatCanStillMatch(string pattern, bool words, int length)
    {
        (Vocab vocab, string separator) = words ? (Words, " ") : (Letters, "");
        var regex = new Regex($@"\A(?:{pattern})\z", RegexOptions.CultureInvariant);
        var constraint = TokenConstraint.Create(pattern, vocab, separator, length);
        Walk([], TokenConstraint.Start);

        // Whether a match has this prefix.
        bool Walk(List<int> tokens, int state)
        {
            string text = string.Join(separator, tokens.Select(token => vocab[token]));
            int left = length - tokens.Count;
            bool matches = regex.IsMatch(text), goesOn = false;
            Assert.Equal(matches, constraint.Matches(state));
            var logits = new float[vocab.Count];
            constraint.Mask(state, left, logits);
            for (int token = 0; token < vocab.Count; token++)
            {
                bool can = token != Vocab.UnknownId && left > 0 && CanMatch([.. tokens, token]);
                Assert.Equal(can, logits[token] == 0);
                if (can)
                    Walk([.. tokens, token], constraint.Next(state, token));
                goesOn |= can;
            }
            Assert.Equal(goesOn, constraint.Continues(state, left));
            return matches || goesOn;
        }

        bool CanMatch(List<int> tokens) => regex.IsMatch(string.Join(separator, tokens.Select(token => vocab[token])))
            || (tokens.Count < length && Enumerable.Range(1, vocab.Count - 1).Any(token => CanMatch([.. tokens, token])));
    }

    [Theory]
    [InlineData("A+", "constrain 'A+' matches nothing that this model can write: no text of its 5 tokens")]
    [InlineData("A*", "constrain 'A*' matches nothing that this model can write except the empty text")]
    [InlineData("a{9}", "constrain 'a{9}' needs at least 9 tokens, and length is 8")]
    [InlineData("a(", "constrain 'a(' at character 2: a ')' is missing")]
    [InlineData("<unk>", "matches nothing that this model can write")]
    public void Create_NothingCanMatch_SaysSo(string pattern, string error) =>
        Assert.Contains(error, Assert.Throws<InvalidConfigException>(() => TokenConstraint.Create(pattern, Letters, "", 8)).Message,
            StringComparison.Ordinal);

    // The end of a document is never written, so its name does not count as a text.
    [Fact]
    public void Create_ReservedTokens_MatchNothing()
    {
        Vocab documents = new([new("<end>", 9), new("a", 3)]);
        Assert.Contains("needs at least 20 tokens", Assert.Throws<InvalidConfigException>(() =>
            TokenConstraint.Create(".{20}", documents, "", 16, [documents.IdOf("<end>")])).Message, StringComparison.Ordinal);
    }

    // Its smallest automaton has 2^21 states.
    [Fact]
    public void Create_TooManyStates_IsRefused() =>
        Assert.Contains("is too large",
            Assert.Throws<InvalidConfigException>(() => TokenConstraint.Create("(a|b)*a(a|b){20}", Letters, "", 100)).Message,
                StringComparison.Ordinal);
}
