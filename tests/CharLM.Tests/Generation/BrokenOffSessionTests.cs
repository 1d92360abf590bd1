using CharLM.Generation;
using CharLM.Models;
using CharLM.Tests.Models;
using CharLM.Tokenization;

namespace CharLM.Tests.Generation;

/// <summary>A session that is interrupted and resumed writes the same as an uninterrupted one.</summary>
public sealed class BrokenOffSessionTests
{
    private static readonly Vocab Letters = SmallModels.Letters;
    private static readonly Sampling Drawn = Sampling.Of(new SamplingStep.Temperature(1), new SamplingStep.RepetitionPenalty(1.3, 9));

    public static TheoryData<string> Kinds => [.. SmallModels.Kinds];

    private static GenerationSession Open(ILanguageModel model, GenerationConfig config, string prefix = "abc a")
    {
        var session = new GenerationSession(model, Letters, new CharTokenizer(), config);
        session.Read(prefix);
        return session;
    }

    private static string Text(IEnumerable<TextPiece> pieces) => string.Concat(pieces.Select(piece => piece.Text));

    [Theory, MemberData(nameof(Kinds))]
    public void Continue_AfterABreak_WritesTheRest(string kind)
    {
        using ILanguageModel model = SmallModels.Create(kind);
        var config = new GenerationConfig { Length = 25, Sampling = Drawn, Seed = 3 };
        using GenerationSession unbroken = Open(model, config);
        string whole = Text(unbroken.Continue()), after = Text(unbroken.Continue());
        foreach (int pieces in (int[])[1, 10, 24, 25])
        {
            using GenerationSession session = Open(model, config);
            string text = Text(session.Continue().Take(pieces));
            Assert.Equal(whole[..pieces], text);
            if (pieces < 25)
                text += Text(session.Continue().Take(0)) + Text(session.Continue());
            Assert.Equal(whole, text);
            Assert.Equal(after, Text(session.Continue()));
        }
    }

    // At every possible point: while the prefix is read, between tokens, with characters held back.
    [Theory, MemberData(nameof(Kinds))]
    public void Continue_AfterCancellation_WritesTheRest(string kind)
    {
        using ILanguageModel inner = SmallModels.Create(kind);
        var config = new GenerationConfig { Length = 12, Sampling = Drawn, Seed = 3, Stops = ["aaaaaaa", "cc ab"] };
        string prefix = string.Concat(Enumerable.Range(0, 600).Select(i => "abc "[i * i % 11 % 4]));
        string whole = Text(Open(inner, config, prefix).Continue());
        for (int call = 0; call < 15; call++)
        {
            using var source = new CancellationTokenSource();
            int calls = 0;
            using var model = new WatchedModel(inner, () =>
            {
                if (calls++ == call)
                    source.Cancel();
            });
            using GenerationSession session = Open(model, config, prefix);
            string text = "";
            void Take(CancellationToken cancellationToken)
            {
                foreach (TextPiece piece in session.Continue(cancellationToken))
                    text += piece.Text;
            }
            Exception? stopped = Record.Exception(() => Take(source.Token));
            if (stopped is not null)
            {
                Assert.IsType<OperationCanceledException>(stopped);
                Take(default);
            }
            Assert.Equal(source.IsCancellationRequested, stopped is not null);
            Assert.Equal(whole, text);
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Continue_AfterAStopString_GoesOnBehindIt(string kind)
    {
        using ILanguageModel model = SmallModels.Create(kind);
        var config = new GenerationConfig { Length = 300, Sampling = Drawn, Seed = 4 };
        using GenerationSession unbroken = Open(model, config);
        string whole = Text(unbroken.Continue());
        string stop = Enumerable.Range(0, whole.Length - 1).Select(i => whole.Substring(i, 2)).Where(two => two[0] != two[1])
            .CountBy(two => two).MaxBy(two => two.Value).Key;
        string[] parts = whole.Split(stop);
        Assert.True(parts.Length > 3);
        using GenerationSession session = Open(model, config with { Stops = [stop] });
        foreach (string part in parts[..^1])
            Assert.Equal(part, Text(session.Continue()));
    }

    // The expression applies to the whole written text, not to each piece.
    [Theory, MemberData(nameof(Kinds))]
    public void Continue_ConstraintAfterABreak_MatchesAsAWhole(string kind)
    {
        using ILanguageModel model = SmallModels.Create(kind);
        var config = new GenerationConfig { Length = 25, Sampling = Drawn, Seed = 9, Constraint = "[ab]{3}( [bc]{1,4}){2,}" };
        using GenerationSession unbroken = Open(model, config);
        string whole = Text(unbroken.Continue());
        Assert.Matches(@"\A[ab]{3}( [bc]{1,4}){2,}\z", whole);
        using GenerationSession session = Open(model, config);
        string text = "";
        for (bool ended = false; !ended;)
        {
            TextPiece piece = session.Continue().First();
            (text, ended) = (text + piece.Text, piece.End is not null);
        }
        Assert.Equal(whole, text);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Read_AfterABreak_BeginsANewText(string kind)
    {
        using ILanguageModel model = SmallModels.Create(kind);
        using GenerationSession session = Open(model, new GenerationConfig
        {
            Length = 20,
            Sampling = Drawn,
            Seed = 3,
            Constraint = "[abc]+ [abc]+|[abc ]{20}",
        });
        string written = Text(session.Continue().Take(7));
        session.Read("ba");
        Assert.Equal(20, Text(session.Continue()).Length);

        var greedy = new GenerationConfig { Length = 15 };
        using GenerationSession broken = Open(model, greedy);
        written = Text(broken.Continue().Take(4));
        broken.Read("ba");
        using GenerationSession fresh = Open(model, greedy, "abc a" + written + "ba");
        Assert.Equal(Text(fresh.Continue()), Text(broken.Continue()));
    }

    [Fact]
    public void Continue_WhileAnotherOneIsTaken_ThrowsFromTheOlderOne()
    {
        using ILanguageModel model = SmallModels.Create("n-gram");
        using GenerationSession session = Open(model, new GenerationConfig { Length = 20 });
        using IEnumerator<TextPiece> older = session.Continue().GetEnumerator();
        Assert.True(older.MoveNext());
        Assert.NotEmpty(Text(session.Continue().Take(2)));
        Assert.Throws<InvalidOperationException>(() => older.MoveNext());
        using IEnumerator<TextPiece> overread = session.Continue().GetEnumerator();
        Assert.True(overread.MoveNext());
        session.Read("b");
        Assert.Throws<InvalidOperationException>(() => overread.MoveNext());
        Assert.Equal(20, Text(session.Continue()).Length);
    }

    [Fact]
    public void Session_Disposed_SaysSo()
    {
        using ILanguageModel model = SmallModels.Create("fused gru");
        GenerationSession session = Open(model, new GenerationConfig { Length = 20 });
        using IEnumerator<TextPiece> pieces = session.Continue().GetEnumerator();
        Assert.True(pieces.MoveNext());
        session.Dispose();
        session.Dispose();
        Assert.Throws<ObjectDisposedException>(() => pieces.MoveNext());
        Assert.Throws<ObjectDisposedException>(() => session.Read("a"));
        Assert.Throws<ObjectDisposedException>(() => session.Continue());
    }

    /// <summary>Notifies when its predictor is called.</summary>
    private sealed class WatchedModel(ILanguageModel model, Action asked) : ILanguageModel, IPredictor
    {
        private readonly IPredictor _predictor = model.Predictor();

        public int VocabSize => model.VocabSize;

        public IPredictor Predictor() => this;

        public void Begin(int rows) => _predictor.Begin(rows);

        public void Score(ReadOnlySpan<int> inputs, ReadOnlySpan<int> targets, int steps, Span<float> nats,
            Span<TopPrediction> guesses = default) =>
            _predictor.Score(inputs, targets, steps, nats, guesses);

        public void Predict(ReadOnlySpan<int> inputs, int steps, Span<float> logits)
        {
            _predictor.Predict(inputs, steps, logits);
            asked();
        }

        public void Rearrange(ReadOnlySpan<int> rows) => _predictor.Rearrange(rows);

        public void Dispose() => _predictor.Dispose();
    }
}
