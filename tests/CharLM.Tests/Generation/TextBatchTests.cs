using System.Text;
using CharLM.Corpora;
using CharLM.Evaluation;
using CharLM.Generation;
using CharLM.Generation.Constraints;
using CharLM.Models;
using CharLM.Models.NGram;
using CharLM.Tokenization;
using static TorchSharp.torch;

namespace CharLM.Tests.Generation;

/// <summary>Texts that join and leave a batch at any time are those that a session of their own writes.</summary>
public sealed class TextBatchTests
{
    private static readonly Vocab Letters = new([new("a", 3), new("b", 2), new("c", 1), new(" ", 1), new(Vocab.End, 1)]);
    private static readonly Tokenizer Characters = Tokenizer.Create(TokenKind.Char);

    public static TheoryData<string> Models => ["gru", "lstm of 2 layers", "rnn with embedding", "n-gram", "built-in gru"];

    private static ILanguageModel Create(string kind)
    {
        manual_seed(5);
        var config = new ModelConfig { NumHiddens = 24, Implementation = Implementation.Fused };
        return kind switch
        {
            "gru" => new LanguageModel(config, Letters.Count),
            "lstm of 2 layers" => new LanguageModel(config with { Cell = CellKind.Lstm, NumLayers = 2 }, Letters.Count),
            "rnn with embedding" => new LanguageModel(config with { Cell = CellKind.Rnn, EmbeddingSize = 5 }, Letters.Count),
            "built-in gru" => new LanguageModel(config with { Implementation = Implementation.BuiltIn }, Letters.Count),
            _ => NGramModel.Train((int[])[.. Enumerable.Range(0, 500).Select(i => 1 + (i * i % 7 % 5))], 4, Letters.Count),
        };
    }

    [Theory, MemberData(nameof(Models))]
    public void Step_TextsThatComeAndGo_AreThoseOfTheirOwnSessions(string kind)
    {
        using ILanguageModel model = Create(kind);
        var random = new Random(17);
        var texts = new TokenTexts(Letters, Characters, endId: null);
        using var batch = new TextBatch(model, texts);
        Case[] cases = [.. Enumerable.Range(0, 60).Select(i => Case.Draw(random, i))];
        Collector[] sinks = [.. cases.Select(one => new Collector { LeavesAfter = one.LeavesAfter })];
        int begun = 0;
        for (int step = 0; begun < cases.Length || batch.Count > 0; step++)
        {
            // First one by one, then all of the rest at once, and a pause in which the batch runs empty.
            for (int more = begun < 40 ? random.Next(3) : batch.Count == 0 ? cases.Length : 0; more > 0 && begun < cases.Length; more--, begun++)
                batch.Add(cases[begun].Text(sinks[begun]));
            batch.Step();
            Assert.True(step < 10_000, "the batch does not end");
        }
        for (int i = 0; i < cases.Length; i++)
        {
            (string expected, TextEnd end) = cases[i].Alone(model);
            if (cases[i].LeavesAfter is not null)
            {
                Assert.StartsWith(sinks[i].Text.ToString(), expected, StringComparison.Ordinal);
                continue;
            }
            Assert.Equal((i, expected, end), (i, sinks[i].Text.ToString(), sinks[i].End));
        }
        Assert.True(sinks.Count(sink => sink.End?.Reason == EndReason.Stop) > 2, "too few texts met a stop string");
    }

    [Theory, MemberData(nameof(Models))]
    public void Step_ModelOfDocuments_BeginsAndEndsThemAsASessionDoes(string kind)
    {
        using ILanguageModel model = Create(kind);
        int end = Letters[Vocab.End];
        using var batch = new TextBatch(model, new TokenTexts(Letters, Characters, end));
        Collector[] sinks = [.. Enumerable.Range(0, 12).Select(_ => new Collector())];
        var config = new GenerationConfig { Length = 25, Sampling = Sampling.AtTemperature(1) };
        for (int i = 0; i < sinks.Length; i++)
            batch.Add(new BatchedText(i % 2 == 0 ? [end] : [end, 1, 2], 25, config.Sampling, i, 0, new StopStrings([]), null, sinks[i]));
        while (batch.Count > 0)
            batch.Step();
        for (int i = 0; i < sinks.Length; i++)
        {
            using var session = new GenerationSession(model, Letters, Characters, config with { Seed = i }, end);
            session.Read(i % 2 == 0 ? "" : "ab");
            TextPiece[] pieces = [.. session.Continue()];
            Assert.Equal((string.Concat(pieces.Select(piece => piece.Text)), pieces[^1].End), (sinks[i].Text.ToString(), sinks[i].End));
        }
        Assert.Contains(sinks, sink => sink.End!.Reason == EndReason.Document);
    }

    [Theory, MemberData(nameof(Models))]
    public void Step_WithProbabilities_TheyAreThoseOfTheScorer(string kind)
    {
        using ILanguageModel model = Create(kind);
        using var batch = new TextBatch(model, new TokenTexts(Letters, Characters, endId: null));
        Collector sink = new(), other = new();
        var text = new BatchedText([4, 1, 2], 30, Sampling.AtTemperature(2), 7, 0, new StopStrings([]), null, sink);
        batch.Add(text with { Sink = other });
        batch.Step();
        batch.Add(text with { TellsPrefix = true, Top = 3 });
        while (batch.Count > 0)
            batch.Step();

        Assert.Equal(33, sink.Tokens.Count);
        Assert.Equal(" ab" + sink.Text.ToString()[3..], sink.Text.ToString());
        Assert.Equal(other.Text.ToString(), sink.Text.ToString()[3..]);
        Assert.Null(sink.Tokens[0].LogProbability);
        using var scorer = new LineScorer(model, new TextConfig { Cleaning = Cleaning.None }, Letters, top: 3);
        // The scorer reads a line after a space, the vocab's only separator, as the text here begins with one.
        LineScore score = scorer.Score(new TextLine(sink.Text.ToString()[1..], ""));
        for (int i = 1; i < sink.Tokens.Count; i++)
        {
            Assert.Equal(score.Nats[i - 1], -sink.Tokens[i].LogProbability!.Value, 1e-4);
            Assert.Equal(score.Expected[i - 1].Select(one => one.Token), sink.Tokens[i].Top!.Select(one => one.Token));
            Assert.All(score.Expected[i - 1].Zip(sink.Tokens[i].Top!), pair =>
                Assert.Equal(pair.First.Probability, pair.Second.Probability, 1e-4f));
        }
    }

    [Fact]
    public void Step_OnlyToRead_TellsThePrefixAndEnds()
    {
        using ILanguageModel model = Create("gru");
        using var batch = new TextBatch(model, new TokenTexts(Letters, Characters, endId: null));
        var sink = new Collector();
        batch.Add(new BatchedText([1, 2, 3], 0, Sampling.Greedy, 0, 0, new StopStrings([]), null, sink) { TellsPrefix = true, Top = 0 });
        while (batch.Count > 0)
            batch.Step();
        Assert.Equal("abc", sink.Text.ToString());
        Assert.Equal(new TextEnd(EndReason.Length, 0), sink.End);
        Assert.Equal([false, true, true], sink.Tokens.Select(token => token.LogProbability is not null));
    }

    [Fact]
    public void Step_DamagedModel_FailsEachText()
    {
        using var model = new LanguageModel(new ModelConfig { NumHiddens = 8 }, Letters.Count);
        using (no_grad())
            model.get_parameter("linear.bias")!.fill_(float.NaN);
        using var batch = new TextBatch(model, new TokenTexts(Letters, Characters, endId: null));
        Collector[] sinks = [new(), new()];
        foreach (Collector sink in sinks)
            batch.Add(new BatchedText([1], 5, Sampling.Greedy, 0, 0, new StopStrings([]), null, sink));
        batch.Step();
        batch.Step();
        Assert.Equal(0, batch.Count);
        Assert.All(sinks, sink => Assert.IsType<GenerationException>(sink.Error));
    }

    private sealed record Case(
        string Prefix, int Length, Sampling Sampling, int Seed, int Sample, string[] Stops, string? Pattern, int? LeavesAfter)
    {
        public static Case Draw(Random random, int seed) => new(
            string.Concat(Enumerable.Range(0, 1 + random.Next(30)).Select(_ => "abc "[random.Next(4)])),
            1 + random.Next(40),
            random.Next(3) == 0 ? Sampling.Greedy : Sampling.Of(new SamplingStep.Temperature(1.5), new SamplingStep.TopP(0.9),
                new SamplingStep.RepetitionPenalty(1.1, 5)),
            seed, 0, seed % 3 == 0 ? ["bcb", "a ", "cc"] : [], seed % 3 == 1 ? "(a|b c)*b+" : null, random.Next(6) == 0 ? random.Next(5) : null);

        public BatchedText Text(ITextSink sink) => new(
            Characters.Encode(Prefix, Letters), Length, Sampling, Seed, Sample, new StopStrings(Stops),
            Pattern is null ? null : TokenConstraint.Create(Pattern, Letters, "", Length), sink);

        public (string Text, TextEnd End) Alone(ILanguageModel model)
        {
            var config = new GenerationConfig { Length = Length, Sampling = Sampling, Seed = Seed, Stops = Stops, Constraint = Pattern };
            using var session = new GenerationSession(model, Letters, Characters, config);
            session.Read(Prefix);
            TextPiece[] pieces = [.. session.Continue()];
            return (string.Concat(pieces.Select(piece => piece.Text)), pieces[^1].End!);
        }
    }

    private sealed class Collector : ITextSink
    {
        public StringBuilder Text { get; } = new();

        public List<BatchedToken> Tokens { get; } = [];

        public TextEnd? End { get; private set; }

        public Exception? Error { get; private set; }

        public int? LeavesAfter { get; init; }

        public bool HasLeft => Tokens.Count >= LeavesAfter;

        public void Take(in BatchedToken token)
        {
            Assert.Null(End);
            Assert.Null(Error);
            if (token.Id is not null)
                Tokens.Add(token);
            Text.Append(token.IsOfPrefix ? token.Token : token.Text);
            End = token.End;
        }

        public void Fail(Exception error) => Error = error;
    }
}
