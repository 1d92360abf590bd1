using CharLM.Corpora;
using CharLM.Evaluation;
using CharLM.Models.NGram;
using CharLM.Tokenization;

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
