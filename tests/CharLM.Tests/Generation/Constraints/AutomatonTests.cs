using System.Text;
using System.Text.RegularExpressions;
using CharLM.Generation.Constraints;

namespace CharLM.Tests.Generation.Constraints;

public sealed class AutomatonTests
{
    private const string Alphabet = "abAB01 _-.\n\té]{}";

    // The reference is .NET's own engine, which backtracks and shares nothing with the automaton.
    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("ab|ba|")]
    [InlineData("(a|b)*b(a|b)(a|b)")]
    [InlineData("(?:ab)+")]
    [InlineData("a{3}")]
    [InlineData("a{2,}b?")]
    [InlineData("(a{1,2}b){0,2}")]
    [InlineData("((a?)*)+")]
    [InlineData("(a*b*){2,3}a")]
    [InlineData("(a{0}b)+")]
    [InlineData("[ab]+?[^ab]*")]
    [InlineData("[a-b0]*")]
    [InlineData("[^\\n]*")]
    [InlineData("[]a]+")]
    [InlineData("[^]a]+")]
    [InlineData("[a\\]\\-]*")]
    [InlineData("[-a]*")]
    [InlineData("[a-]*")]
    [InlineData(".*")]
    [InlineData(".+\\..?")]
    [InlineData("\\w+\\s\\d*")]
    [InlineData("\\W*\\S\\D")]
    [InlineData("[\\w\\s]{2}[^\\d\\s]")]
    [InlineData("\\p{Lu}\\p{L}*\\P{L}")]
    [InlineData("[\\p{Nd}_]+")]
    [InlineData("\\x61\\u0062\\t?")]
    [InlineData("(?i)aB[a-b]")]
    [InlineData("(?i)[^a]{2}")]
    [InlineData("^a*$")]
    [InlineData("^a|b$")]
    [InlineData("{}")]
    [InlineData("a{b}")]
    [InlineData("a{,1}")]
    public void Accepts_AnyText_AgreesWithDotNet(string pattern)
    {
        var regex = new Regex($@"\A(?:{pattern})\z", RegexOptions.CultureInvariant);
        if (pattern.StartsWith("(?i)", StringComparison.Ordinal))
            regex = new Regex($@"\A(?:{pattern[4..]})\z", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase);
        var automaton = new Automaton(ExpressionParser.Parse(pattern), Alphabet.EnumerateRunes());
        var random = new Random(7);
        int matched = 0;
        for (int i = 0; i < 4_000; i++)
        {
            // Short texts of few letters, so that many match.
            string letters = i % 2 == 0 ? "ab" : Alphabet;
            string text = string.Concat(Enumerable.Range(0, random.Next(7)).Select(_ => letters[random.Next(letters.Length)]));
            bool matches = regex.IsMatch(text);
            matched += matches ? 1 : 0;
            Assert.True(matches == Accepts(automaton, text), $"'{pattern}' and '{text}'");
        }
        Assert.True(matched > 0 || pattern is "\\p{Lu}\\p{L}*\\P{L}" or "\\x61\\u0062\\t?" or "{}" or "a{b}" or "a{,1}" or "(?i)aB[a-b]",
            $"nothing matched '{pattern}'");
    }

    [Fact]
    public void Accepts_CharactersBeyondTheBasicPlane_AreOneCharacter()
    {
        var automaton = new Automaton(ExpressionParser.Parse("[\U0001F600-\U0001F60F]."), "\U0001F600\U0001F433a".EnumerateRunes());
        Assert.True(Accepts(automaton, "\U0001F600\U0001F433"));
        Assert.False(Accepts(automaton, "\U0001F433\U0001F600"));
    }

    [Theory]
    [InlineData("a(b", "at character 3: a ')' is missing")]
    [InlineData("a)b", "at character 1: a ')' closes nothing")]
    [InlineData("*a", "nothing to repeat")]
    [InlineData("a**", "a quantifier follows a quantifier")]
    [InlineData("a{2}{3}", "a quantifier follows a quantifier")]
    [InlineData("a{3,2}", "ends before it begins")]
    [InlineData("a{99999999999}", "more than 10000 times")]
    [InlineData("[ab", "a ']' is missing")]
    [InlineData("[b-a]", "a range ends before it begins")]
    [InlineData("[a-z-[aeiou]]", "subtracting one set")]
    [InlineData("a\\", "the expression ends with '\\'")]
    [InlineData("(a)\\1", "'\\1' is not supported")]
    [InlineData("\\ba", "'\\b' is not supported")]
    [InlineData("(?=a)b", "only '(?:...)' is supported")]
    [InlineData("(?<name>a)", "only '(?:...)' is supported")]
    [InlineData("a^b", "'^' is allowed only at the beginning")]
    [InlineData("(a$)b", "'$' only at the end")]
    [InlineData("\\p{Greek}", "general category")]
    [InlineData("\\u12", "4 hexadecimal digits")]
    public void Parse_WhatIsNotRegular_SaysWhereAndWhy(string pattern, string error) =>
        Assert.Contains(error, Assert.Throws<FormatException>(() => ExpressionParser.Parse(pattern)).Message, StringComparison.Ordinal);

    [Fact]
    public void Parse_HostileSizes_AreRefusedAtOnce()
    {
        Assert.Throws<FormatException>(() => ExpressionParser.Parse(new string('(', 9_000)));
        Assert.Throws<FormatException>(() => ExpressionParser.Parse(new string('a', 20_000)));
        foreach (string pattern in (string[])["(((a{1000}){1000}){1000}){1000}", "((((){1000}){1000}){1000}){1000}", "(a|b){5000}"])
            Assert.Throws<FormatException>(() => new Automaton(ExpressionParser.Parse(pattern), "ab".EnumerateRunes()));
    }

    private static bool Accepts(Automaton automaton, string text)
    {
        int state = Automaton.Start;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (state != Automaton.Dead)
                state = automaton.Next(state, automaton.ClassOf(rune));
        }
        return state != Automaton.Dead && automaton.Accepts(state);
    }
}
