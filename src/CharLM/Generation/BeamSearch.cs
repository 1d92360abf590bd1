using CharLM.Generation.Constraints;
using CharLM.Models;

namespace CharLM.Generation;

/// <summary>Searches for the most probable continuation, with the settings of <see cref="BeamConfig"/>.</summary>
/// <remarks>
/// A text ends at the maximum length, at a stop string, at the end of its document, or wherever it matches the expression. Unfinished
/// texts have equal length and are compared by probability, finished ones by score. The search ends when no unfinished text can still
/// be among the best.
/// </remarks>
internal sealed class BeamSearch(
    IPredictor predictor, Func<int, bool, string> piece, int? endId, int[] reserved, GenerationConfig config, BeamConfig beam,
        StopStrings stops, TokenConstraint? constraint)
{
    private readonly List<Ended> _ended = [];
    private readonly TokenRanking _ranking = new();
    private int _vocab;

    /// <summary>Runs the search.</summary>
    /// <param name="logits">The logits of the first token, [vocab].</param>
    /// <param name="cancellationToken">Checked before each step.</param>
    /// <returns>The best texts, each in one piece, the best first.</returns>
    public IEnumerable<TextPiece> Run(float[] logits, CancellationToken cancellationToken)
    {
        _vocab = logits.Length;
        List<Hypothesis> live = [new Hypothesis(null, 0, 0, "", "", 0, TokenConstraint.Start)];
        for (int tokens = 1; live.Count > 0 && !IsDecided(live[0]); tokens++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            List<Hypothesis> longer = Select(live, logits, tokens);
            if (longer.Count == 0)
                break;
            predictor.Rearrange([.. longer.Select(hypothesis => hypothesis.Row)]);
            logits = new float[longer.Count * _vocab];
            predictor.Predict([.. longer.Select(hypothesis => hypothesis.Token)], 1, logits);
            live = longer;
        }
        return _ended.Select((ended, place) => new TextPiece(place, ended.Text, ended.End));
    }

    // Selects the best of all texts that are one token longer, most probable first; finished ones move to _ended.
    private List<Hypothesis> Select(List<Hypothesis> live, float[] logits, int tokens)
    {
        var candidates = new List<(double Nats, int Row, int Token)>();
        for (int row = 0; row < live.Count; row++)
            AddCandidates(candidates, live[row], row, logits.AsSpan(row * _vocab, _vocab), tokens);
        var longer = new List<Hypothesis>(beam.Width);
        foreach ((double nats, int row, int token) in candidates.OrderBy(candidate => candidate.Nats))
        {
            Hypothesis before = live[row];
            string held = before.Held, sure = stops.Pass(ref held, piece(token, tokens == 1), out bool isMet);
            var next = new Hypothesis(before, row, token, sure, held, nats, constraint?.Next(before.State, token) ?? 0);
            bool goesOn = !isMet && token != endId && tokens < config.Length
                && constraint?.Continues(next.State, config.Length - tokens) != false;
            if (isMet)
                End(next, EndReason.Stop, tokens);
            else if (token == endId)
                End(next, EndReason.Document, tokens);
            else if (constraint?.Matches(next.State) == true)
                End(next, EndReason.Match, tokens);
            else if (!goesOn)
                End(next, EndReason.Length, tokens);
            if (goesOn)
                longer.Add(next);
            if (longer.Count == beam.Width)
                break;
        }
        return longer;
    }

    // Adds at most as many extensions of one text as could be kept, whether they continue or end.
    private void AddCandidates(
        List<(double Nats, int Row, int Token)> candidates, Hypothesis before, int row, Span<float> logits, int tokens)
    {
        double sum = LogitMath.LogSumExp(logits);
        if (!double.IsFinite(sum))
            throw new GenerationException(TokenSampler.DamagedModel);
        foreach (int id in reserved)
            logits[id] = float.NegativeInfinity;
        constraint?.Mask(before.State, config.Length - tokens + 1, logits);
        _ranking.Load(logits);
        for (int place = 0; place < Math.Min(2 * beam.Width, logits.Length); place++)
        {
            int token = _ranking[place];
            if (float.IsNegativeInfinity(logits[token]))
                break;
            candidates.Add((before.Nats + sum - logits[token], row, token));
        }
        if (candidates.Count == 0 && row == 0 && constraint is null)
            throw new GenerationException(TokenSampler.EmptyVocab);
    }

    private void End(Hypothesis hypothesis, EndReason reason, int tokens)
    {
        double score = beam.Score(hypothesis.Nats, tokens);
        int place = _ended.FindIndex(ended => ended.End.Score < score);
        place = place < 0 ? _ended.Count : place;
        if (place < config.Samples)
            _ended.Insert(place, new Ended(hypothesis.Text(reason != EndReason.Stop), new TextEnd(reason, tokens, hypothesis.Nats, score)));
        if (_ended.Count > config.Samples)
            _ended.RemoveAt(config.Samples);
    }

    // Nats only grow, and no text exceeds the maximum length.
    private bool IsDecided(Hypothesis best) =>
        _ended.Count == config.Samples && beam.Score(best.Nats, config.Length) <= _ended[^1].End.Score;

    private sealed record Ended(string Text, TextEnd End);

    // A text as its last token and the text before it.
    private sealed record Hypothesis(Hypothesis? Before, int Row, int Token, string Sure, string Held, double Nats, int State)
    {
        public string Text(bool withHeld)
        {
            var parts = new List<string> { withHeld ? Held : "" };
            for (Hypothesis? part = this; part is not null; part = part.Before)
                parts.Add(part.Sure);
            parts.Reverse();
            return string.Concat(parts);
        }
    }
}

/// <summary>
/// Beam search with length normalization (Graves 2012; Dive into Deep Learning v0.17, 9.8): each step extends the texts by one token and
/// keeps the most probable ones; finished texts are ranked by ln p / length^penalty.
/// </summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed record BeamConfig
{
    private const int Widest = 1_000;

    /// <summary>Texts that each step keeps, 1 to 1,000; 1 is greedy. Default 4.</summary>
    public int Width { get; init; } = 4;

    /// <summary>
    /// The exponent of the length, 0 to 10; 0 ranks by probability, which prefers short texts, 1 by nats per token. Default 0.75, as in
    /// the book.
    /// </summary>
    public double LengthPenalty { get; init; } = 0.75;

    /// <summary>Every error of the configuration; empty when there is none.</summary>
    public IEnumerable<string> Errors()
    {
        if (Width is < 1 or > Widest)
            yield return $"beam must be 1 to {Widest}, not {Width}";
        if (!(LengthPenalty is >= 0 and <= 10))
            yield return $"length-penalty must be 0 to 10, not {LengthPenalty}";
    }

    /// <summary>The score of a finished text; higher is better.</summary>
    /// <param name="nats">-ln p of the text.</param>
    /// <param name="tokens">The number of its tokens, 1 or more.</param>
    internal double Score(double nats, int tokens) => -nats / Math.Pow(tokens, LengthPenalty);
}
