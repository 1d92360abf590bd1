using System.Text;
using CharLM.Corpora;
using CharLM.Tokenization;
using FsCheck;
using FsCheck.Fluent;

namespace CharLM.Tests.Tokenization;

public sealed class TokenizerTests
{
    [Fact]
    public void Tokenize_Char_NeverSplitsASurrogatePair() =>
        Assert.Equal(["a", "\U0001F600", "\u00e9", "\n", "\U00010348"], new CharTokenizer().Tokenize("a\U0001F600\u00e9\n\U00010348"));

    [Fact]
    public void Tokenize_Word_SplitsAtAnyWhiteSpace() =>
        Assert.Equal(["one", "two,", "three"], new WordTokenizer().Tokenize("  one\ttwo,\n\nthree "));

    // From python3: [c for c in range(0x110000) if len(("a" + chr(c) + "b").split()) == 2], without the surrogates.
    [Fact]
    public void Tokenize_Word_SplitsWherePythonDoes()
    {
        HashSet<int> python =
        [
            0x9, 0xa, 0xb, 0xc, 0xd, 0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0x85, 0xa0, 0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004,
                0x2005, 0x2006,
            0x2007, 0x2008, 0x2009, 0x200a, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000,
        ];
        var tokenizer = new WordTokenizer();
        for (int value = 0; value <= 0x10FFFF; value++)
        {
            if (!Rune.TryCreate(value, out Rune rune))
                continue;
            string text = $"a{rune}b";
            string[] words = python.Contains(value) ? ["a", "b"] : [text];
            Assert.True(words.SequenceEqual(tokenizer.Tokenize(text)), $"U+{value:X4}");
            if (rune.IsBmp)
                Assert.True(words.SequenceEqual(tokenizer.Count(text).Select(count => count.Token)), $"U+{value:X4}, counted");
        }
    }

    [Theory]
    [InlineData(TokenKind.Char)]
    [InlineData(TokenKind.Word)]
    public void Count_Text_GivesOrderOfFirstAppearance(TokenKind kind)
    {
        string text = kind == TokenKind.Char ? "b\U0001F600abba\U0001F600" : "b \U0001F600 a b b a \U0001F600";
        Assert.Equal(
            [new TokenCount("b", 3), new TokenCount("\U0001F600", 2), new TokenCount("a", 2)],
            Tokenizer.Create(kind).Count(text));
    }

    [Theory]
    [InlineData(TokenKind.Char)]
    [InlineData(TokenKind.Word)]
    public void Encode_AnyText_EqualsLookingUpEachToken(TokenKind kind)
    {
        Tokenizer tokenizer = Tokenizer.Create(kind);
        Prop.ForAll<UnicodeString, UnicodeString>((known, text) =>
        {
            var vocab = new Vocab(tokenizer.Count(known.Get ?? ""));
            string read = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text.Get ?? "")); // valid Unicode, as from a file
            int[] expected = [.. tokenizer.Tokenize(read).Select(token => vocab[token])];
            Assert.Equal(expected, tokenizer.Encode(read, vocab));
            Assert.Equal(expected.Take(3), tokenizer.Encode(read, vocab, maxTokens: 3));
            Assert.Equal(expected.Length, tokenizer.Count(read).Sum(count => count.Count));
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Encode_OwnVocab_DecodesToTheText() => Prop.ForAll<UnicodeString>(text =>
    {
        var tokenizer = new CharTokenizer();
        string read = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text.Get ?? ""));
        var vocab = new Vocab(tokenizer.Count(read));
        Assert.Equal(read, string.Concat(vocab[tokenizer.Encode(read, vocab)]));
        Assert.Equal(CharTokenizer.Length(read), read.EnumerateRunes().Count());
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Encode_TimeMachineWords_HasTheBooksNumbers()
    {
        var tokenizer = new WordTokenizer();
        string text = TextCleaner.Clean(
            File.ReadAllText(Repository.SharedOrSkip("corpora", "timemachine.txt")), Cleaning.D2L, tokenizer.LineSeparator);
        var vocab = new Vocab(tokenizer.Count(text));
        Assert.Equal(32_775, tokenizer.Encode(text, vocab).Length);
        Assert.Equal(4_579 + 1, vocab.Count);
        Assert.Equal(["<unk>", "the", "i", "and", "of", "a"], vocab.Tokens.Take(6)); // as printed in the book
    }

    [Fact]
    public void Encode_LargeText_TakesFourBytesACharacter()
    {
        string text = string.Concat(Enumerable.Repeat("the time machine ", 500_000));
        var tokenizer = new CharTokenizer();
        var vocab = new Vocab(tokenizer.Count(text));
        long before = GC.GetAllocatedBytesForCurrentThread();
        int[] ids = tokenizer.Encode(text, vocab);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(text.Length, ids.Length);
        Assert.True(allocated < 5L * text.Length, $"{allocated} bytes for {text.Length} characters");
    }
}
