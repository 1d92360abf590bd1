using CharLM.Corpora;
using CharLM.Evaluation;
using CharLM.Tokenization;

namespace CharLM.Tests.Tokenization;

public sealed class DocumentTextTests
{
    private static TextConfig Config(DocumentKind kind, TokenKind token = TokenKind.Char) => new()
    {
        Cleaning = Cleaning.None,
        MaxTokens = 0,
        Documents = kind,
        Token = token,
    };

    [Theory]
    [InlineData(DocumentKind.Lines, "ab\r\n\n  \nc d\re\n", "|ab|c d|e|")]
    [InlineData(DocumentKind.Lines, "a", "|a|")]
    [InlineData(DocumentKind.Lines, "\n \r\n", "")]
    [InlineData(DocumentKind.Paragraphs, "\n\nab\ncd\n \t\ne\r\nf\r\n\r\n\r\ng", "|ab\ncd|e\r\nf|g|")]
    [InlineData(DocumentKind.Files, "ab\ncd\n", "|ab\ncd\n|")]
    public void From_Documents_HaveAnEndEach(DocumentKind kind, string text, string expected) =>
        Assert.Equal(expected, Spell(TokenizedText.From(text, Config(kind))));

    [Fact]
    public void From_Files_AreThoseOfTheCorpus() =>
        Assert.Equal("|ab\n|cd\n\n|e|", Spell(TokenizedText.From(Corpus("ab\n", "cd\n\n", "e"), Config(DocumentKind.Files))));

    [Fact]
    public void From_TextThatLooksLikeAnEnd_IsNone()
    {
        Assert.Equal("|<end>|a|", Spell(TokenizedText.From("<end>\na\n", Config(DocumentKind.Lines))));
        TokenizedText words = TokenizedText.From("x <end> y\n<end>\nx\n", Config(DocumentKind.Lines, TokenKind.Word));
        Assert.Equal(["<unk>", "<end>", "x", "y"], words.Vocab.Tokens);
        Assert.Equal([1, 2, 0, 3, 1, 0, 1, 2, 1], words.Train.ToArray());
        Assert.Equal(3, words.Vocab.Frequencies[1]);
    }

    [Fact]
    public void From_BooksCleaning_KeepsLinesApart() =>
        Assert.Equal("|ab c|d|", Spell(TokenizedText.From("  Ab, C!\n123\nD.\n", Config(DocumentKind.Lines) with { Cleaning = Cleaning.D2L })));

    // Only text that nobody asked to hold out is read for one figure, and no further than that needs.
    [Theory]
    [InlineData(0.4, 1_200_000)]
    [InlineData(0, 1_000_000)]
    public void From_TestPart_IsWhole(double test, int tokens)
    {
        TextConfig config = Config(DocumentKind.Lines) with { TestFraction = test, MaxTokens = test > 0 ? 0 : 300_000 };
        Assert.InRange(TokenizedText.From(string.Concat(Enumerable.Repeat("a\n", 1_500_000)), config).Unseen.Length, tokens - 3, tokens + 3);
    }

    // Wherever the text is divided, every part has whole documents, and together the parts have each document once.
    [Theory]
    [InlineData(0.1, 0.1)]
    [InlineData(0.3, 0.0)]
    [InlineData(0.0, 0.25)]
    public void From_Parts_AreCutBetweenDocuments(double validation, double test)
    {
        for (int documents = 12; documents < 30; documents++)
        {
            string text = string.Concat(Enumerable.Range(0, documents).Select(i => new string((char)('a' + (i % 26)), 1 + (i * 7 % 5)) + "\n"));
            TextConfig config = Config(DocumentKind.Lines) with { ValidationFraction = validation, TestFraction = test };
            TokenizedText parts = TokenizedText.From(text, config);
            string whole = Spell(TokenizedText.From(text, Config(DocumentKind.Lines)));
            string train = Spell(parts), heldOut = Spell(parts.HeldOut, parts), unseen = Spell(parts.Unseen, parts);
            Assert.All(new[] { train, unseen }, part => Assert.True(part[0] == '|' && part[^1] == '|'));
            Assert.Equal(whole, train + (validation > 0 ? heldOut[1..] : "") + (test > 0 ? unseen[1..] : ""));

            // An evaluation measures the same documents.
            EvaluationText measured = EvaluationText.From(text, config, parts.Vocab, tokens => TextParts.Of(tokens, config).Unseen);
            Assert.Equal(parts.Unseen.ToArray(), measured.Tokens.ToArray());
            Assert.Equal(measured.Tokens.Length - 1, measured.Characters);
            Assert.Equal(measured.Characters, measured.RawBytes);
        }
    }

    [Fact]
    public void From_LengthOfEvaluation_CountsEachEndAsACharacter()
    {
        TextConfig config = Config(DocumentKind.Lines, TokenKind.Word);
        EvaluationText text = EvaluationText.From("größe b\nc\n", config, TokenizedText.From("größe b c", config).Vocab);
        Assert.Equal(("größe b\nc\n".Length + 2, 5 + 3 + 3 + 3), (text.Characters, text.Tokens.Length + 8));
        Assert.Equal(text.Characters + 2, text.Bytes);
    }

    [Theory]
    [InlineData("abcdef\n", 0.2, 0.0)]
    [InlineData("a\nbcdefghij\n", 0.1, 0.1)]
    public void From_TooFewDocuments_SaysSo(string text, double validation, double test) => Assert.Contains(
        "every part needs a whole one",
        Assert.Throws<InvalidConfigException>(() => TokenizedText.From(text, Config(DocumentKind.Lines) with
        {
            ValidationFraction = validation,
            TestFraction = test,
        })).Message, StringComparison.Ordinal);

    private static string Spell(TokenizedText text) => Spell(text.Train, text);

    private static string Spell(TokenSource ids, TokenizedText text) =>
        string.Concat(ids.ToArray().Select(id => id == text.EndId ? "|" : text.Vocab[id]));

    private static CorpusText Corpus(params string[] files)
    {
        var parts = new List<CorpusPart>();
        foreach (string file in files)
        {
            parts.Add(new CorpusPart
            {
                Kind = CorpusOriginKind.File,
                Name = "f",
                Location = "f",
                Sha256 = "",
                Bytes = file.Length,
                Begin = parts.Count == 0 ? 0 : parts[^1].Begin + files[parts.Count - 1].Length,
            });
        }
        return new CorpusText(string.Concat(files), new CorpusOrigin
        {
            Requested = "f",
            Kind = CorpusOriginKind.File,
            Name = "f",
            Location = "f",
            Sha256 = "",
            Bytes = 1,
            Parts = parts,
        });
    }
}
