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
        string text = TextCleaner.Clean(File.ReadAllText(Repository.SharedOrSkip("corpora", "timemachine.txt")), Cleaning.D2L, tokenizer.LineSeparator);
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
