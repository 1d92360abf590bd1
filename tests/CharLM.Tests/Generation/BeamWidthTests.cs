using CharLM.Generation;
using CharLM.Models;
using CharLM.Tokenization;

namespace CharLM.Tests.Generation;

/// <summary>A narrow beam against a naive implementation: each step keeps the best of all texts one token longer.</summary>
public sealed class BeamWidthTests
{
    private static readonly Vocab Letters = new([new("a", 3), new("b", 2), new("c", 1)]);

    public static TheoryData<int, int, string?> Beams => new()
    {
        { 1, 6, null }, { 2, 6, null }, { 3, 6, null }, { 2, 5, "b" }, { 3, 7, "ca" }, { 2, 7, "aa" }, { 2, 5, "a" }, { 3, 5, "a" },
    };

    [Theory]
    [MemberData(nameof(Beams))]
    public void Continue_NarrowBeam_KeepsTheBestAtEveryStep(int width, int length, string? stop)
    {
        for (int seed = 0; seed < 12; seed++)
        {
            var model = new Table(seed);
            var config = new GenerationConfig
            {
                Length = length,
                Stops = stop is null ? [] : [stop],
                Beam = new BeamConfig { Width = width, LengthPenalty = 0.75 },
                Samples = width
            };
            using GenerationSession session = new TextGenerator(model, Letters, new CharTokenizer()).Open(config);
            session.Read("a");
            Assert.Equal(ByHand(model, width, length, stop), session.Continue().Select(piece => piece.Text));
        }
    }

    // Each step goes through all longer texts, best first; finished ones are collected until enough texts continue.
    private static List<string> ByHand(Table model, int width, int length, string? stop)
    {
        List<(string Text, double Nats)> live = [("", 0)];
        var ended = new List<(string Text, double Score)>();
        for (int tokens = 1; tokens <= length && live.Count > 0; tokens++)
        {
            var longer = live.SelectMany(text => "abc".Select(next => (Text: text.Text + next,
                Nats: text.Nats + model.Nats(text.Text.Length, ("a" + text.Text)[^1], next)))).OrderBy(text => text.Nats);
            live = [];
            foreach ((string text, double nats) in longer)
            {
                double score = -nats / Math.Pow(tokens, 0.75);
                if (stop is not null && text.EndsWith(stop, StringComparison.Ordinal))
                    ended.Add((text[..^stop.Length], score));
                else if (tokens == length)
                    ended.Add((text, score));
                else
                    live.Add((text, nats));
                if (live.Count == width)
                    break;
            }
        }
        return [.. ended.OrderByDescending(text => text.Score).Take(width).Select(text => text.Text)];
    }

    // The next letter depends on the last one and on the position, so that no two texts are equally probable.
    private sealed class Table : ILanguageModel
    {
        private const int Places = 8;

        private readonly float[,,] _logits = new float[Places, 4, 4];

        public Table(int seed)
        {
            var random = new Random(seed);
            for (int place = 0; place < Places; place++)
            {
                for (int last = 0; last < 4; last++)
                {
                    for (int next = 1; next < 4; next++)
                        _logits[place, last, next] = (float)(3 * random.NextDouble());
                    _logits[place, last, 0] = -50; // <unk> gets almost no probability
                }
            }
        }

        public int VocabSize => 4;

        public double Nats(int place, char last, char next)
        {
            int row = last - 'a' + 1;
            return Math.Log(Enumerable.Range(0, 4).Sum(id => Math.Exp(_logits[place, row, id]))) - _logits[place, row, next - 'a' + 1];
        }

        public IPredictor Predictor() => new Reader(this);

        public void Dispose()
        {
        }

        private sealed class Reader(Table table) : IPredictor
        {
            private int _rows, _place;

            public void Begin(int rows) => (_rows, _place) = (rows, 0);

            public void Score(ReadOnlySpan<int> inputs, ReadOnlySpan<int> targets, int steps, Span<float> nats,
                Span<TopPrediction> guesses = default) => throw new NotSupportedException();

            // One token per row at a time, since the prefix has only one.
            public void Predict(ReadOnlySpan<int> inputs, int steps, Span<float> logits)
            {
                Assert.Equal(1, steps);
                for (int row = 0; row < _rows; row++)
                {
                    for (int id = 0; id < 4; id++)
                        logits[(row * 4) + id] = table._logits[_place, inputs[row], id];
                }
                _place++;
            }

            // The next token depends only on the token just read, so rows have no state to rearrange.
            public void Rearrange(ReadOnlySpan<int> rows) => _rows = rows.Length;

            public void Dispose()
            {
            }
        }
    }
}
