using CharLM.Corpora;
using CharLM.Tokenization;
using FsCheck;
using FsCheck.Fluent;

namespace CharLM.Tests.Tokenization;

/// <summary>A text that is read in pieces comes to the same tokens as one that is read whole, wherever it is cut.</summary>
public sealed class TextPassTests
{
    // What a cut may fall into: line ends of two characters, pairs of surrogates and their halves, letters and marks that combine, Hangul
    // that composes, white space of every kind, and a capital whose lower case is longer.
    private static readonly string[] Pieces =
    [
        "\r\n", "\r", "\n", "\n\n", " ", "\t", "\u001c", "\u3000", "\U0001F600", "\uD83D", "\uDE00", "e\u0301", "E\u0301\u0327", "\u0301",
        "\u1112\u1161\u11ab", "\u1161", "\u0130", "\u00dc", "\u03a3", "Ab", "c", "the ", "<end>", "a b", ",", "\u4e2d", "\0",
    ];

    private static Arbitrary<string> Texts => Gen.NonEmptyListOf(Gen.Elements(Pieces)).Select(string.Concat).ToArbitrary();

    private static IEnumerable<TextConfig> Configs =>
        from cleaning in Enum.GetValues<Cleaning>()
        from token in Enum.GetValues<TokenKind>()
        from documents in Enum.GetValues<DocumentKind>()
        select new TextConfig { Cleaning = cleaning, Token = token, Documents = documents, MaxTokens = 0 };

    [Fact]
    public void Encode_TextInPieces_IsTheTextAsAWhole() => Prop.ForAll(Texts, text =>
    {
        foreach (TextConfig config in Configs)
        {
            EncodedText whole = Encoded(text, config, text.Length + 1);
            foreach (int length in new[] { 1, 2, 3, 7 })
                AssertSame(whole, Encoded(text, config, length), $"{config.Cleaning} {config.Token} {config.Documents} {length}");
        }
    }).Check(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(20));

    // The rules in one line each, over the whole text.
    [Fact]
    public void Encode_RunningText_IsItsCleanedTokensInOrder() => Prop.ForAll(Texts, text =>
    {
        foreach (TextConfig config in Configs.Where(config => config.Documents == DocumentKind.None))
        {
            var tokenizer = Tokenizer.Create(config.Token);
            string[] tokens = [.. tokenizer.Tokenize(TextCleaner.Clean(text, config.Cleaning, tokenizer.LineSeparator))];
            EncodedText encoded = Encoded(text, config, 2);
            Assert.Equal(tokens, encoded.Numbers!.ToArray().Select(number => encoded.Tokens[number].Token));
            Assert.Equal(tokens.Distinct(), encoded.Tokens.Select(count => count.Token));
            Assert.Equal(encoded.Tokens.Select(count => tokens.LongCount(token => token == count.Token)),
                encoded.Tokens.Select(count => count.Count));
        }
    }).Check(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(20));

    [Fact]
    public void Encode_Lines_AreEachCleanedForItself() => Prop.ForAll(Texts, text =>
    {
        foreach (TextConfig config in Configs.Where(config => config.Documents == DocumentKind.Lines))
        {
            var tokenizer = Tokenizer.Create(config.Token);
            string[][] documents = [.. text.Split(["\r\n", "\n", "\r"], StringSplitOptions.None)
                .Where(line => !string.IsNullOrWhiteSpace(line))
                .Select(line => tokenizer.Tokenize(TextCleaner.Clean(line, config.Cleaning, tokenizer.LineSeparator)).ToArray())
                .Where(line => line.Length > 0)];
            string[] expected = documents.Length == 0 ? [] : ["|", .. documents.SelectMany(document => document.Append("|"))];
            EncodedText encoded = Encoded(text, config, 3);
            Assert.Equal(expected, encoded.Numbers!.ToArray().Select(number => number == 0 ? "|" : encoded.Tokens[number - 1].Token));
        }
    }).Check(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(20));

    // The place of every token, found in pieces as in the whole.
    [Fact]
    public void RawPlaces_TextInPieces_AreThoseOfTheWhole() => Prop.ForAll(Texts, text =>
    {
        var corpus = new CorpusText(text);
        foreach (TextConfig config in Configs)
        {
            EncodedText encoded = EncodedText.Of(corpus, config);
            for (int begin = 0; begin < encoded.Length - 1; begin++)
            {
                var range = new TextRange(begin, Math.Min(encoded.Length, begin + 3));
                if (config.Documents != DocumentKind.None && (range = encoded.Whole(range)).Count < 2)
                    continue;
                Assert.Equal(RawPlaces.Of(corpus, encoded, range), RawPlaces.Of(corpus, encoded, range, length: 1));
            }
        }
    }).Check(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(20));

    [Theory]
    [InlineData(Cleaning.None, TokenKind.Char, "a\U0001F600b", 0, 3, 1, 4)]
    [InlineData(Cleaning.None, TokenKind.Word, " ab  cd ef", 0, 2, 5, 8)]
    [InlineData(Cleaning.D2L, TokenKind.Char, "(A) B\nc", 0, 3, 4, 6)]
    [InlineData(Cleaning.Lower, TokenKind.Char, "xE\u0301y", 0, 2, 1, 3)]
    public void RawPlaces_SomeTokens_BeginBehindTheFirstAndEndBeforeTheNext(
        Cleaning cleaning, TokenKind token, string text, int first, int next, int begin, int end)
    {
        var corpus = new CorpusText(text);
        EncodedText encoded = EncodedText.Of(corpus, new TextConfig { Cleaning = cleaning, Token = token, MaxTokens = 0 });

        Assert.Equal((begin, end), RawPlaces.Of(corpus, encoded, new TextRange(first, next), length: 1));
    }

    // As many kinds as one byte holds, one more, and as many as two bytes hold, one more: early and late.
    [Theory]
    [InlineData(256, 3_000_000, 1)]
    [InlineData(257, 3_000_000, 2)]
    [InlineData(257, 100, 2)]
    [InlineData(65_537, 1_300_000, 4)]
    public void Packer_MoreKindsThanAByteHolds_TakesTwo(int kinds, int before, int width)
    {
        var store = new MemoryStore();
        var packer = new TokenPacker(store);
        int[] first = [.. Enumerable.Range(0, before).Select(i => i % 250)], rest = [.. Enumerable.Range(0, kinds)];
        packer.Add(first, 250);
        packer.Add(rest, kinds);
        packer.Add(first.AsSpan(0, 10), kinds);
        packer.End();
        var tokens = new PackedTokens(store.Bytes, packer.Width, packer.Length, rest);

        Assert.Equal(width, packer.Width);
        Assert.True(tokens.ToArray().AsSpan().SequenceEqual([.. first, .. rest, .. first[..10]]));
        Assert.Equal(rest[^1], tokens.Slice(before).ToArray()[kinds - 1]);
    }

    private static EncodedText Encoded(string text, TextConfig config, int length) =>
        EncodedText.InMemory(new CorpusText(text).Chunks(length), config);

    private static void AssertSame(EncodedText expected, EncodedText actual, string what)
    {
        Assert.True(expected.Tokens.SequenceEqual(actual.Tokens), what);
        Assert.True(expected.Numbers!.ToArray().SequenceEqual(actual.Numbers!.ToArray()), what);
        Assert.Equal(expected.Length, actual.Numbers.Length);
        Assert.Equal(expected.Figures with { Loss = actual.Figures.Loss }, actual.Figures);
        Assert.Equal(expected.Figures.Loss.Kinds, actual.Figures.Loss.Kinds);
        Assert.Equal(
            (expected.Figures.Loss.Characters, expected.Figures.Loss.Dropped, expected.Figures.Loss.KeepsLetters),
            (actual.Figures.Loss.Characters, actual.Figures.Loss.Dropped, actual.Figures.Loss.KeepsLetters));
    }
}
