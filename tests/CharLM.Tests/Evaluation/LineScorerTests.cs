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
        Nats lines = Raw.TrimEnd('\n').Split('\n').Select(line => scorer.Score(line).Total).Aggregate((sum, line) => sum + line);
        Nats whole = Evaluator.Measure(model, Tokenizer.Create(TokenKind.Char).Encode("\n" + Raw, vocab), rows: 1, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(whole.Tokens, lines.Tokens);
        Assert.Equal(whole.Total, lines.Total, 4);
    }

    [Fact]
    public void Score_LinesOnTheirOwn_DoNotDependOnThoseBefore()
    {
        (NGramModel model, Vocab vocab) = Model(Raw);
        using var scorer = new LineScorer(model, Config, vocab);
        LineScore first = scorer.Score("abba");
        scorer.Score("bbbb");
        Assert.Equal(first.Nats, scorer.Score("abba").Nats);
        Assert.Equal(["a", "b", "b", "a", "\n"], first.Tokens);
        Assert.Equal(5, first.Characters);
        Assert.Equal(first.Total.Total / Math.Log(2) / 5, first.BitsPerCharacter, 6);
    }

    [Fact]
    public void Score_NoLineEndAndNoSpaceInTheVocab_DoesNotPredictTheFirst()
    {
        (NGramModel model, Vocab vocab) = Model("abbaabab");
        using var scorer = new LineScorer(model, Config, vocab);
        LineScore score = scorer.Score("abx");
        Assert.True(float.IsNaN(score.Nats[0]) && float.IsFinite(score.Nats[2]));
        Assert.Equal((2, 2, 1), (score.Total.Tokens, score.Characters, score.Unknown));
        Assert.Equal(0, scorer.Score("").Total.Tokens);
    }

    [Fact]
    public void Read_Lines_AreThoseOfTheText()
    {
        byte[] bytes = [0xEF, 0xBB, 0xBF, .. "ä\r\n\nlast"u8];
        Assert.Equal(["ä", "", "last"], LineReader.Read(new MemoryStream(bytes), "x"));
        Assert.Empty(LineReader.Read(new MemoryStream(), "x"));
        Assert.Equal(CorpusFileFault.NotUtf8, Assert.Throws<CorpusFileException>(() => LineReader.Read(new MemoryStream([0x61, 0xFF]), "x").ToList()).Fault);
        string longLine = new('a', 100_000);
        Assert.Equal([longLine, longLine], LineReader.Read(new MemoryStream(System.Text.Encoding.UTF8.GetBytes($"{longLine}\n{longLine}\n")), "x"));
    }

    private static (NGramModel Model, Vocab Vocab) Model(string raw)
    {
        TokenizedText text = TokenizedText.From(raw, Config with { MaxTokens = 0 });
        return (NGramModel.Train(text.Train, 3, text.Vocab.Count), text.Vocab);
    }
}
