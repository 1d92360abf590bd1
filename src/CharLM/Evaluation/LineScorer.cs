using System.Diagnostics.CodeAnalysis;
using CharLM.Corpora;
using CharLM.Models;
using CharLM.Tokenization;

namespace CharLM.Evaluation;

/// <summary>
/// Measures, line by line, how much a text surprises a model.
/// </summary>
/// <remarks>
/// <para>
/// A line scored on its own is read after a line end if the vocab has one, else after a space; without either, its first token is read but
/// not predicted. Only the characters of a line's end that are in the vocab count. Lines with carried state are one text, read as an
/// evaluation in one row reads it: the very first token is not predicted, and line ends stay as they are. A model of documents takes each
/// line as a document and predicts its end; blank lines are skipped.
/// </para>
/// <para>Thread safety: one thread at a time per scorer; any number of scorers may use one model at once.</para>
/// </remarks>
public sealed class LineScorer : IDisposable
{
    private const int MaxSteps = 256, LeastSteps = 8;

    // Lines side by side; more gain little.
    private const int MostRows = 64;

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
    /// The model reads from both ends, and the state is carried or <paramref name="top"/> is above 0; or the state is carried and the
    /// model is one of documents.
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
        Encoded encoded = Encode(line);
        int[] ids = encoded.Ids;
        float[] nats = encoded.Nats;
        if (_top > 0)
            return ScoreEach(encoded, cancellationToken);
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
        return Result(encoded);
    }

    /// <summary>
    /// Scores several lines, side by side if each stands alone, which is many times as fast. The kernels and n-grams give the same figures
    /// as line by line; torch's products round differently for different numbers of rows.
    /// </summary>
    /// <param name="lines">The lines and their ends; all of them are in memory at once.</param>
    /// <param name="cancellationToken">Checked periodically.</param>
    /// <returns>A score for each line, in the same order.</returns>
    public IReadOnlyList<LineScore> Score(IReadOnlyList<TextLine> lines, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(lines);
        // Padding would change what is read from the other end.
        if (_carriesState || _top > 0 || _readsAhead || lines.Count == 1)
            return [.. lines.Select(line => Score(line, cancellationToken))];
        var encoded = new Encoded[lines.Count];
        for (int i = 0; i < encoded.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            BeginLine();
            encoded[i] = Encode(lines[i]);
        }
        // Lines of like length: a line's padding costs as much as its tokens.
        List<Encoded> rows = [];
        foreach (Encoded line in encoded.Where(line => line.Ids.Length > 0).OrderBy(line => line.Ids.Length))
        {
            if (rows.Count == MostRows || (rows.Count > 0 && line.Ids.Length > (2 * rows[0].Ids.Length) + LeastSteps))
            {
                ScoreRows(rows, cancellationToken);
                rows.Clear();
            }
            rows.Add(line);
        }
        if (rows.Count > 0)
            ScoreRows(rows, cancellationToken);
        return [.. encoded.Select(Result)];
    }

    /// <inheritdoc/>
    public void Dispose() => _predictor.Dispose();

    private Encoded Encode(TextLine line)
    {
        string text = _cleaning.Next(line.Text + EndOf(line));
        string[] tokens = [.. _tokenizer.Tokenize(text)];
        int[] ids = _tokenizer.EncodeInDocument(text, _vocab, _endId);
        bool ends = _endId is not null && ids.Length > 0 && !string.IsNullOrWhiteSpace(text);
        if (ends)
            (tokens, ids) = ([.. tokens, Vocab.End], [.. ids, _endId!.Value]);
        else if (_endId is not null)
            (tokens, ids) = ([], []);
        return new Encoded(tokens, ids, new float[ids.Length]);
    }

    // Lines in order of length. Calls have a power of two steps, so that the number of threads is chosen for few shapes; what follows a
    // shorter line is not measured.
    private void ScoreRows(List<Encoded> rows, CancellationToken cancellationToken)
    {
        // Without a token before the line, its first one is read but not predicted.
        int skipped = _start is null ? 1 : 0, longest = rows[^1].Ids.Length - skipped;
        foreach (Encoded row in rows)
            row.Nats.AsSpan(0, skipped).Fill(float.NaN);
        if (longest == 0)
            return;
        _predictor.Begin(rows.Count);
        var inputs = new int[rows.Count * MaxSteps];
        var targets = new int[rows.Count * MaxSteps];
        var nats = new float[rows.Count * MaxSteps];
        int steps;
        for (int from = 0; from < longest; from += steps)
        {
            cancellationToken.ThrowIfCancellationRequested();
            steps = Math.Clamp(1 << int.Log2(longest - from), LeastSteps, MaxSteps);
            int some = rows.Count * steps;
            inputs.AsSpan(0, some).Clear();
            targets.AsSpan(0, some).Clear();
            for (int row = 0; row < rows.Count; row++)
            {
                int[] ids = rows[row].Ids;
                int count = Math.Min(steps, ids.Length - skipped - from);
                if (count <= 0)
                    continue;
                ids.AsSpan(from + skipped, count).CopyTo(targets.AsSpan(row * steps));
                if (from + skipped == 0)
                {
                    inputs[row * steps] = _start!.Value;
                    ids.AsSpan(0, count - 1).CopyTo(inputs.AsSpan((row * steps) + 1));
                }
                else
                {
                    ids.AsSpan(from + skipped - 1, count).CopyTo(inputs.AsSpan(row * steps));
                }
            }
            _predictor.Score(inputs.AsSpan(0, some), targets.AsSpan(0, some), steps, nats.AsSpan(0, some));
            for (int row = 0; row < rows.Count; row++)
            {
                int count = Math.Min(steps, rows[row].Ids.Length - skipped - from);
                if (count > 0)
                    nats.AsSpan(row * steps, count).CopyTo(rows[row].Nats.AsSpan(from + skipped));
            }
        }
    }

    // Token by token, as in generation, so that the expectations before each token and after the last are known.
    private LineScore ScoreEach(Encoded encoded, CancellationToken cancellationToken)
    {
        int[] ids = encoded.Ids;
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
            encoded.Nats[i] = isKnown ? (float)(sum - _logits[ids[i]]) : float.NaN;
            _before = ids[i];
        }
        return Result(encoded) with { Expected = expected[..^1], Next = expected[^1] };
    }

    private TopPrediction[] Top(double logSum)
    {
        _ranking.Load(_logits);
        return [.. Enumerable.Range(0, _top).Select(place => _ranking[place])
            .Select(id => new TopPrediction(id, (float)Math.Exp(_logits[id] - logSum)))];
    }

    private LineScore Result(Encoded line)
    {
        // The end of a document counts as one character, like a line end.
        long characters = 0;
        for (int i = 0; i < line.Ids.Length; i++)
        {
            if (!float.IsNaN(line.Nats[i]))
                characters += line.Ids[i] == _endId ? 1 : _tokenizer.CharactersOf(line.Tokens[i]) + _tokenizer.TokenSeparator.Length;
        }
        return new LineScore(line.Tokens, line.Nats, line.Ids, characters);
    }

    [MemberNotNull(nameof(_cleaning))]
    private void Begin()
    {
        _predictor.Begin(rows: 1);
        BeginLine();
        (_before, _hasLogits) = (_carriesState ? null : _start, false);
    }

    [MemberNotNull(nameof(_cleaning))]
    private void BeginLine()
    {
        _cleaning = new CleaningPass(_config.Cleaning, _tokenizer.LineSeparator);
        if (!_carriesState && _endId is null)
            _cleaning.Next("\n");
    }

    // A line on its own is not charged for an end that the model has never seen.
    private string EndOf(TextLine line) => _endId is not null ? "" : _carriesState || _config.Cleaning != Cleaning.None
        ? line.End
        : string.Concat(line.End.Where(c => IdOf(c.ToString()) is not null));

    private int? IdOf(string token) => _vocab[token] is var id && id != Vocab.UnknownId ? id : null;

    private readonly record struct Encoded(string[] Tokens, int[] Ids, float[] Nats);
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
