using CharLM.Corpora;
using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Models.NGram;
using CharLM.Tokenization;
using TorchSharp;

namespace CharLM.Tests.Evaluation;

public sealed class LineScorerTests
{
    private const string Raw = "ab\nba\nabba\nbaab\nab\naab\nb\n";

    private static readonly TextConfig Config = new() { Cleaning = Cleaning.None };

    [Fact]
    public void Score_LinesOneAfterTheOther_IsTheMeasureOfTheText()
    {
        (NGramModel model, Vocab vocab) = Model(Raw);
        using var scorer = new LineScorer(model, Config, vocab, carriesState: true);
        LossSum lines = Lines(Raw).Select(line => scorer.Score(line).Total).Aggregate((sum, line) => sum + line);
        LossSum whole = Evaluator.Measure(model, Tokenizer.Create(TokenKind.Char).Encode(Raw, vocab), rows: 1,
            cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(whole.Tokens, lines.Tokens);
        Assert.Equal(whole.Total, lines.Total, 4);
    }

    [Fact]
    public void Score_LinesOnTheirOwn_DoNotDependOnThoseBefore()
    {
        (NGramModel model, Vocab vocab) = Model(Raw);
        using var scorer = new LineScorer(model, Config, vocab);
        LineScore first = scorer.Score(new TextLine("abba", "\n"));
        scorer.Score(new TextLine("bbbb", "\n"));
        Assert.Equal(first.Nats, scorer.Score(new TextLine("abba", "\n")).Nats);
        Assert.Equal(["a", "b", "b", "a", "\n"], first.Tokens);
        Assert.Equal(5, first.Characters);
        Assert.Equal(first.Total.Total / Math.Log(2) / 5, first.BitsPerCharacter, 6);
        // The last line of a text may lack an end and gets none; of a foreign line end, only characters in the vocab count.
        Assert.Equal(["a", "b"], scorer.Score(new TextLine("ab")).Tokens);
        Assert.Equal(["a", "b", "\n"], scorer.Score(new TextLine("ab", "\r\n")).Tokens);
        Assert.Equal(["a", "b"], scorer.Score(new TextLine("ab", "\r")).Tokens);
    }

    [Fact]
    public void Score_NoLineEndAndNoSpaceInTheVocab_DoesNotPredictTheFirst()
    {
        (NGramModel model, Vocab vocab) = Model("abbaabab");
        using var scorer = new LineScorer(model, Config, vocab);
        LineScore score = scorer.Score(new TextLine("abx", "\n"));
        Assert.True(float.IsNaN(score.Nats[0]) && float.IsFinite(score.Nats[2]));
        Assert.Equal((2, 2, 1), (score.Total.Tokens, score.Characters, score.Unknown));
        Assert.Equal(0, scorer.Score(new TextLine("", "\n")).Total.Tokens);
    }

    // Each line is cleaned as if a line had just ended: that line end supplies the gap before the first letter.
    [Theory]
    [InlineData(Cleaning.D2LV1, "-- Ab, ba!", "\n", "ab ba ")]
    [InlineData(Cleaning.D2LV1, "ab", "", "ab")]
    [InlineData(Cleaning.D2LV1, "ab", "\r\n", "ab ")]
    [InlineData(Cleaning.D2LV1, "", "\n", "")]
    [InlineData(Cleaning.D2L, "-- Ab, ba!", "\n", "ab ba")]
    public void Score_CleanedLineOnItsOwn_HasTheCharactersOfTheText(Cleaning cleaning, string line, string end, string expected)
    {
        TextConfig config = Config with { Cleaning = cleaning, MaxTokens = 0 };
        TokenizedText text = TokenizedText.From("ab ba\nba ab", config);
        using var scorer = new LineScorer(NGramModel.Train(text.Train, 2, text.Vocab.Count), config, text.Vocab);
        Assert.Equal(expected, string.Concat(scorer.Score(new TextLine(line, end)).Tokens));
    }

    public static TheoryData<string, string> ModelsAndTexts
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (string model in new[] { "n-grams", "fused", "built-in" })
            {
                // With a line end to begin after; without one, the first token of each line is not predicted; documents.
                foreach (string text in new[] { "lines", "one line", "documents" })
                    data.Add(model, text);
            }
            return data;
        }
    }

    [Theory, MemberData(nameof(ModelsAndTexts))]
    public void Score_ManyLines_AreThoseOfOneAfterTheOther(string kind, string text)
    {
        TextConfig config = Config with { MaxTokens = 0, Documents = text == "documents" ? DocumentKind.Lines : DocumentKind.None };
        TokenizedText trained = TokenizedText.From(text == "one line" ? "abbabaabab" : Raw, config);
        torch.manual_seed(1);
        using ILanguageModel model = kind == "n-grams" ? NGramModel.Train(trained.Train, 3, trained.Vocab.Count)
            : new LanguageModel(
                new ModelConfig { NumHiddens = 24, Implementation = kind == "fused" ? Implementation.Fused : Implementation.BuiltIn },
                    trained.Vocab.Count);
        var random = new Random(7);
        TextLine[] lines = [.. Enumerable.Range(0, 300).Select(_ => new TextLine(
            new string([.. Enumerable.Range(0, random.Next(4) == 0 ? random.Next(700) : random.Next(12))
                .Select(_ => "abx"[random.Next(3)])]),
                random.Next(9) == 0 ? "\r\n" : "\n")), new TextLine("ab")];
        using var scorer = new LineScorer(model, config, trained.Vocab);
        LineScore[] one = [.. lines.Select(line => scorer.Score(line))];
        IReadOnlyList<LineScore> many = scorer.Score(lines);
        for (int i = 0; i < lines.Length; i++)
        {
            Assert.Equal(one[i].Tokens, many[i].Tokens);
            Assert.Equal(one[i].Ids, many[i].Ids);
            Assert.Equal(one[i].Characters, many[i].Characters);
            Assert.Equal(one[i].Nats.Select(float.IsNaN), many[i].Nats.Select(float.IsNaN));
            // The kernels and n-grams compute a row in the same order whatever is beside it.
            float tolerance = kind == "built-in" ? 1e-4f : 0;
            Assert.All(one[i].Nats.Zip(many[i].Nats).Where(pair => !float.IsNaN(pair.First)), pair =>
                Assert.InRange(pair.Second, pair.First - tolerance, pair.First + tolerance));
        }
        // A line alone is scored as before them.
        Assert.Equal(one[3].Nats, scorer.Score(lines[3]).Nats);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() => scorer.Score(lines, cancelled.Token));
    }

    [Fact]
    public void Total_TokenThatWasThoughtImpossible_IsInfinite()
    {
        var score = new LineScore(["a", "b", "c"], [float.NaN, 1, float.PositiveInfinity], [1, 2, 3], 2);
        Assert.Equal((double.PositiveInfinity, 2), (score.Total.Total, score.Total.Tokens));
    }

    [Fact]
    public void Read_Lines_AreThoseOfTheText()
    {
        byte[] bytes = [0xEF, 0xBB, 0xBF, .. "ä\r\n\nb\rc\r\r\nlast"u8];
        TextLine[] expected = [new("ä", "\r\n"), new("", "\n"), new("b", "\r"), new("c", "\r"), new("", "\r\n"), new("last")];
        Assert.Equal(expected, LineReader.Read(new MemoryStream(bytes), "x").ToArray());
        // Wherever the bytes are cut: \r and \n may arrive separately.
        Assert.Equal(expected, LineReader.Read(new ByteByByte(bytes), "x").ToArray());
        Assert.Equal([new TextLine("a", "\r")], LineReader.Read(new ByteByByte("a\r"u8.ToArray()), "x").ToArray());
        Assert.Equal([new TextLine("", "\n"), new TextLine("", "\r")], LineReader.Read(new ByteByByte("\n\r"u8.ToArray()), "x").ToArray());
        Assert.Equal([], LineReader.Read(new MemoryStream(), "x").ToArray());
        Assert.Equal(CorpusFileError.WrongEncoding,
            Assert.Throws<CorpusFileException>(() => LineReader.Read(new MemoryStream([0x61, 0xFF]), "x").ToList()).Error);
        string longLine = new('a', 100_000);
        Assert.Equal([new TextLine(longLine, "\n"), new TextLine(longLine, "\n")], Lines($"{longLine}\n{longLine}\n").ToArray());
    }

    private static IEnumerable<TextLine> Lines(string text) =>
        LineReader.Read(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(text)), "x");

    private static (NGramModel Model, Vocab Vocab) Model(string raw)
    {
        TokenizedText text = TokenizedText.From(raw, Config with { MaxTokens = 0 });
        return (NGramModel.Train(text.Train, 3, text.Vocab.Count), text.Vocab);
    }

    private sealed class ByteByByte(byte[] bytes) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(1, count));

        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(1, buffer.Length)]);
    }
}
