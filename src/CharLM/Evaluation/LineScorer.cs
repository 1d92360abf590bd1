using System.Diagnostics.CodeAnalysis;
using CharLM.Corpora;
using CharLM.Generation;
using CharLM.Models;
using CharLM.Tokenization;

namespace CharLM.Evaluation;

/// <summary>
/// Measures, line by line, how much a text surprises a model. Lines scored on their own are read after a line end if the vocab has one,
/// else after a space; without either, the first token is read but not predicted. Only the characters of a line's end that are in the
/// vocab count. Lines with carried state are one text, read as an evaluation in one row reads it: the very first token is not predicted,
/// and line ends stay as they are. A model of documents takes each line as a document and predicts its end; blank lines are skipped.
/// </summary>
/// <remarks>Thread safety: one thread at a time per scorer; any number of scorers may use one model at once.</remarks>
public sealed class LineScorer : IDisposable
{
    private const int MaxSteps = 256;

    private readonly IPredictor _predictor;
    private readonly TextConfig _config;
    private readonly Vocab _vocab;
    private readonly Tokenizer _tokenizer;
    private readonly int? _start, _endId;
    private readonly bool _carriesState, _readsAhead;
    private readonly int _top;
    private readonly TokenRanking _ranking = new();

    // The logits after everything read so far; empty when top is 0.
    private readonly float[] _logits;
    private CleaningPass _cleaning;
    private int? _before;
    private bool _hasLogits;

    /// <summary>A scorer.</summary>
    /// <param name="model">The model; the caller owns it.</param>
    /// <param name="config">How its text was cleaned and tokenized; lines are treated the same way.</param>
    /// <param name="vocab">Token to id.</param>
    /// <param name="carriesState">Whether a line continues the lines before it, instead of standing alone; default false.</param>
    /// <param name="top">
    /// How many of the most probable tokens to report at each position, 0 or more; default 0. Above 0 the text is read token by token,
    /// which is slower.
    /// </param>
    /// <exception cref="InvalidConfigException">
    /// The model reads from both ends, and the state is carried or <paramref name="top"/> is above 0; or the state is carried and the model
    /// is one of documents.
    /// </exception>
    public LineScorer(ILanguageModel model, TextConfig config, Vocab vocab, bool carriesState = false, int top = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(top);
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(vocab);
        if (carriesState && model.ReadsAhead)
        {
            throw new InvalidConfigException(
                ["a bidirectional model reads a text from both ends and carries no state from line to line: score lines on their own, or "
                    + "evaluate the text"]);
        }
        if (top > 0 && model.ReadsAhead)
            throw new InvalidConfigException(
                ["a bidirectional model sees the tokens that it predicts, so its expectations are meaningless: leave top out"]);
        (_top, _logits) = (Math.Min(top, vocab.Count), top == 0 ? [] : new float[vocab.Count]);
        (_predictor, _config, _vocab, _carriesState, _readsAhead) = (model.Predictor(), config, vocab, carriesState, model.ReadsAhead);
        _tokenizer = Tokenizer.Create(config.Token);
        _endId = config.EndIdIn(vocab);
        if (carriesState && _endId is not null)
            throw new InvalidConfigException(["the model's state is reset at each document: score lines on their own"]);
        _start = _endId ?? IdOf("\n") ?? IdOf("\r") ?? IdOf(" ");
        Begin();
    }

    /// <summary>Scores one line.</summary>
    /// <param name="line">The line and its end.</param>
    /// <param name="cancellationToken">Checked periodically.</param>
    public LineScore Score(TextLine line, CancellationToken cancellationToken = default)
    {
        if (!_carriesState)
            Begin();
        string text = _cleaning.Next(line.Text + EndOf(line));
        string[] tokens = [.. _tokenizer.Tokenize(text)];
        int[] ids = _tokenizer.EncodeInDocument(text, _vocab, _endId);
        bool ends = _endId is not null && ids.Length > 0 && !string.IsNullOrWhiteSpace(text);
        if (ends)
            (tokens, ids) = ([.. tokens, Vocab.End], [.. ids, _endId!.Value]);
        else if (_endId is not null)
            (tokens, ids) = ([], []);
        var nats = new float[ids.Length];
        if (_top > 0)
            return ScoreEach(tokens, ids, nats, cancellationToken);
        int from = 0;
        if (ids.Length > 0 && _before is null)
        {
            (nats[0], _before) = (float.NaN, ids[0]);
            from = 1;
        }
        int most = _readsAhead ? RowReader.LongestWhole(ids.Length) : MaxSteps;
        for (; from < ids.Length; from += most)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int steps = Math.Min(most, ids.Length - from);
            ReadOnlySpan<int> targets = ids.AsSpan(from, steps);
            int[] inputs = [_before!.Value, .. targets[..^1]];
            _predictor.Score(inputs, targets, steps, nats.AsSpan(from, steps));
            _before = targets[^1];
        }
        return Result(tokens, ids, nats);
    }

    /// <inheritdoc/>
    public void Dispose() => _predictor.Dispose();

    // Token by token, as in generation, so that the expectations before each token and after the last are known.
    private LineScore ScoreEach(string[] tokens, int[] ids, float[] nats, CancellationToken cancellationToken)
    {
        var expected = new IReadOnlyList<TopPrediction>[ids.Length + 1];
        for (int i = 0; i <= ids.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (_before is { } before)
                _predictor.Predict([before], 1, _logits);
            // Within one text, the last token of the previous line has already given the logits.
            bool isKnown = _before is not null || _hasLogits;
            double sum = isKnown ? LogitMath.LogSumExp(_logits) : 0;
            expected[i] = isKnown ? Top(sum) : [];
            (_before, _hasLogits) = (null, isKnown);
            if (i == ids.Length)
                break;
            nats[i] = isKnown ? (float)(sum - _logits[ids[i]]) : float.NaN;
            _before = ids[i];
        }
        return Result(tokens, ids, nats) with { Expected = expected[..^1], Next = expected[^1] };
    }

    private TopPrediction[] Top(double logSum)
    {
        _ranking.Load(_logits);
        return [.. Enumerable.Range(0, _top).Select(place => _ranking[place])
            .Select(id => new TopPrediction(id, (float)Math.Exp(_logits[id] - logSum)))];
    }

    private LineScore Result(string[] tokens, int[] ids, float[] nats)
    {
        // The end of a document counts as one character, like a line end.
        long characters = tokens.Zip(ids, nats).Where(entry => !float.IsNaN(entry.Third))
            .Sum(entry => entry.Second == _endId ? 1 : _tokenizer.CharactersOf(entry.First) + _tokenizer.TokenSeparator.Length);
        return new LineScore(tokens, nats, ids, characters);
    }

    [MemberNotNull(nameof(_cleaning))]
    private void Begin()
    {
        _predictor.Begin(rows: 1);
        _cleaning = new CleaningPass(_config.Cleaning, _tokenizer.LineSeparator);
        if (!_carriesState && _endId is null)
            _cleaning.Next("\n");
        (_before, _hasLogits) = (_carriesState ? null : _start, false);
    }

    // A line on its own is not charged for an end that the model has never seen.
    private string EndOf(TextLine line) => _endId is not null ? "" : _carriesState || _config.Cleaning != Cleaning.None
        ? line.End
        : string.Concat(line.End.Where(c => IdOf(c.ToString()) is not null));

    private int? IdOf(string token) => _vocab[token] is var id && id != Vocab.UnknownId ? id : null;
}

/// <summary>The surprisal of each token of a line.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="Tokens">The tokens of the line, in order, including those of its end.</param>
/// <param name="Nats">-ln p of each token, in nats; NaN for a first token with nothing before it.</param>
/// <param name="Ids">The ids of the tokens; <see cref="Vocab.UnknownId"/> for those not in the vocab.</param>
/// <param name="Characters">Characters of the predicted tokens, including the spaces between words.</param>
public sealed record LineScore(IReadOnlyList<string> Tokens, IReadOnlyList<float> Nats, IReadOnlyList<int> Ids, long Characters)
{
    /// <summary>
    /// The most probable tokens at each position, in descending order; the entry of a token with nothing before it is empty, and there are
    /// no entries unless requested.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<TopPrediction>> Expected { get; init; } = [];

    /// <summary>The most probable tokens after the last one, in descending order; empty unless requested.</summary>
    public IReadOnlyList<TopPrediction> Next { get; init; } = [];

    /// <summary>Loss over the predicted tokens; infinite when one of them had probability 0.</summary>
    public LossSum Total => Nats.Where(nats => !float.IsNaN(nats)).Aggregate(default(LossSum), (sum, nats) => sum + new LossSum(nats, 1));

    /// <summary>Bits per character; NaN when nothing was predicted.</summary>
    public double BitsPerCharacter => Total.Total / Math.Log(2) / Characters;

    /// <summary>Number of tokens not in the vocab.</summary>
    public int Unknown => Ids.Count(id => id == Vocab.UnknownId);
}
