using CharLM.Generation;
using CharLM.Models;
using CharLM.Models.NGram;
using CharLM.Tokenization;

namespace CharLM.Tests.Generation;

public sealed class BeamSearchTests
{
    private static readonly Vocab Letters = new([new("a", 3), new("b", 2), new("c", 1)]);

    private static NGramModel Model =>
        NGramModel.Train((int[])[1, 2, 3, 1, 1, 2, 1, 3, 3, 2, 1, 2, 3, 1, 3, 2, 1, 1, 2, 2, 3], 3, Letters.Count);

    public static TheoryData<int, string?, string?, double> Searches => new()
    {
        { 4, null, null, 0.75 },
        { 4, "a", null, 0.75 },
        { 5, "cb", null, 0 },
        { 5, "b", null, 1 },
        { 5, null, "a*b|c{2,5}", 0.75 },
        { 4, null, "(abc|a|bb)+", 1 },
    };

    // A sufficiently wide beam is exhaustive: it finds the same as trying every text.
    [Theory, MemberData(nameof(Searches))]
    public void Continue_WideBeam_FindsTheBestOfAllTexts(int length, string? stop, string? pattern, double penalty)
    {
        var config = new GenerationConfig
        {
            Length = length,
            Stops = stop is null ? [] : [stop],
            Constraint = pattern,
            Beam = new BeamConfig { Width = 300, LengthPenalty = penalty },
            Samples = 3,
        };
        var expected = Ended("", config).OrderByDescending(text => -text.Nats / Math.Pow(text.Tokens, penalty)).Take(3).ToArray();
        TextPiece[] found = Run(config);
        Assert.Equal(expected.Select(text => text.Text), found.Select(piece => piece.Text));
        for (int i = 0; i < found.Length; i++)
        {
            Assert.Equal(i, found[i].Sample);
            Assert.Equal(expected[i].Tokens, found[i].End!.Tokens);
            Assert.Equal(expected[i].Nats, found[i].End!.Nats!.Value, 1e-4);
            Assert.Equal(-expected[i].Nats / Math.Pow(expected[i].Tokens, penalty), found[i].End!.Score!.Value, 1e-4);
        }
    }

    [Fact]
    public void Continue_BeamOfOne_IsGreedy()
    {
        using NGramModel model = Model;
        var generator = new TextGenerator(model, Letters, new CharTokenizer());
        string greedy = string.Concat(generator.Continue("ab", 30, new TokenSampler(Sampling.Greedy, 0)));
        Assert.Equal(greedy, Assert.Single(Run(new GenerationConfig { Length = 30, Beam = new BeamConfig { Width = 1 } })).Text);
    }

    [Fact]
    public void Continue_WiderBeam_FindsNoWorseText()
    {
        double before = double.NegativeInfinity;
        foreach (int width in (int[])[1, 200])
        {
            double score = Run(new GenerationConfig { Length = 12, Beam = new BeamConfig { Width = width } })[0].End!.Score!.Value;
            Assert.True(score >= before);
            before = score;
        }
    }

    private static TextPiece[] Run(GenerationConfig config)
    {
        using NGramModel model = Model;
        using GenerationSession session = new TextGenerator(model, Letters, new CharTokenizer()).Open(config);
        session.Read("ab");
        return [.. session.Continue()];
    }

    // Every text that may end, found by trying all of them.
    private static IEnumerable<(string Text, double Nats, int Tokens)> Ended(string text, GenerationConfig config)
    {
        if (text.Length > 0)
        {
            double nats = Nats("ab" + text);
            if (config.Stops.Count > 0 && text.EndsWith(config.Stops[0], StringComparison.Ordinal))
            {
                yield return (text[..^config.Stops[0].Length], nats, text.Length);
                yield break;
            }
            bool matches = config.Constraint is { } pattern ? System.Text.RegularExpressions.Regex.IsMatch(text, $@"\A(?:{pattern})\z")
                : text.Length == config.Length;
            if (matches)
                yield return (text, nats, text.Length);
        }
        if (text.Length == config.Length)
            yield break;
        foreach (char next in "abc")
        {
            foreach ((string, double, int) ended in Ended(text + next, config))
                yield return ended;
        }
    }

    private static double Nats(string text)
    {
        using NGramModel model = Model;
        using IPredictor predictor = model.Predictor();
        predictor.Begin(1);
        int[] ids = [.. text.Select(c => Letters[c.ToString()])];
        var nats = new float[ids.Length - 1];
        predictor.Score(ids.AsSpan(0, nats.Length), ids.AsSpan(1), nats.Length, nats);
        return nats.Skip(1).Sum(); // after the prefix
    }
}
