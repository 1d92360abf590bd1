using System.Runtime.InteropServices;
using CharLM.Models;

namespace CharLM.Generation;

/// <summary>Texts that one predictor reads as rows.</summary>
internal sealed class BatchLane(IPredictor predictor, int vocab) : IDisposable
{
    // Tokens of all rows that are read at once: so many activations are in memory.
    private const int ReadingTokens = 2_048;

    private readonly List<BatchRow> _rows = [], _added = [];
    private readonly List<int> _order = [];
    private int[] _inputs = [];
    private float[] _logits = [];

    /// <summary>Whether rows may be added at any time.</summary>
    public bool IsShared { get; } = predictor is Predictor { HasIndependentRows: true };

    /// <summary>Number of unfinished texts.</summary>
    public int Count => _rows.Count + _added.Count;

    /// <summary>Adds a text.</summary>
    public void Add(BatchRow row) => _added.Add(row);

    /// <summary>Reads the next tokens of all texts, and lets those that have read everything write one.</summary>
    public void Step()
    {
        Rearrange();
        if (_rows.Count == 0)
            return;
        int rows = _rows.Count, steps = Math.Max(1, ReadingTokens / rows);
        foreach (BatchRow row in _rows)
            steps = Math.Min(steps, row.Ahead);
        if (_inputs.Length < rows * steps)
            _inputs = new int[rows * steps];
        // Memory of a crowd is not kept for a few.
        if (_logits.Length < rows * vocab || _logits.Length > 4 * rows * vocab)
            _logits = new float[rows * vocab];
        Span<int> inputs = _inputs.AsSpan(0, rows * steps);
        for (int row = 0; row < rows; row++)
            _rows[row].Read(inputs.Slice(row * steps, steps));
        Span<float> logits = _logits.AsSpan(0, rows * vocab);
        predictor.Predict(inputs, steps, logits);
        for (int row = 0; row < rows; row++)
            _rows[row].Take(logits.Slice(row * vocab, vocab));
    }

    /// <summary>Passes an error to the sinks of all texts.</summary>
    public void Fail(Exception error)
    {
        foreach (BatchRow row in _rows.Concat(_added))
            row.Fail(error);
    }

    /// <inheritdoc/>
    public void Dispose() => predictor.Dispose();

    // Finished texts leave, new ones join; the others keep their states.
    private void Rearrange()
    {
        foreach (BatchRow row in _rows)
            row.LeaveWithReader();
        foreach (BatchRow row in _added)
            row.LeaveWithReader();
        _order.Clear();
        bool isChanged = _added.Count > 0;
        for (int row = 0; row < _rows.Count; row++)
        {
            if (_rows[row].HasEnded)
                isChanged = true;
            else
                _order.Add(row);
        }
        if (!isChanged)
            return;
        int kept = _order.Count;
        _rows.RemoveAll(row => row.HasEnded);
        _added.RemoveAll(row => row.HasEnded);
        _order.AddRange(Enumerable.Repeat(Predictor.NewRow, _added.Count));
        _rows.AddRange(_added);
        _added.Clear();
        if (kept == 0 && _rows.Count > 0)
            predictor.Begin(_rows.Count);
        else if (_rows.Count > 0)
            predictor.Rearrange(CollectionsMarshal.AsSpan(_order));
    }
}

/// <summary>One text of a <see cref="BatchLane"/>.</summary>
internal sealed class BatchRow
{
    private readonly BatchedText _text;
    private readonly TokenTexts _texts;
    private readonly TokenRanking _ranking;
    private readonly SampleWriter _writer;
    private readonly int[] _reserved;
    private int _read, _next = -1;
    private bool _isAtBeginning;

    public BatchRow(BatchedText text, TokenTexts texts, SamplingScratch scratch, TokenRanking ranking)
    {
        (_text, _texts, _ranking) = (text, texts, ranking);
        _reserved = texts.Reserved(text.Constraint is not null);
        _writer = new SampleWriter(
            text.Sample, new TokenSampler(text.Sampling, text.Seed, text.Sample, scratch), text.Stops, text.Constraint);
        foreach (int token in text.Prefix.AsSpan(texts.EndId is null ? 0 : 1))
            _writer.Read(token);
        _isAtBeginning = texts.EndId is not null && text.Prefix.Length == 1;
        _writer.Begin(text.Length);
        if (text.TellsPrefix && texts.EndId is null)
            text.Sink.Take(TokenOf(text.Prefix[0], isFirst: true));
    }

    /// <summary>Whether the text is finished or its reader has left.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>Tokens that can be read before logits are needed, at least 1.</summary>
    public int Ahead => _text.TellsPrefix ? 1 : Math.Max(1, _text.Prefix.Length - _read);

    private bool Writes => _read >= _text.Prefix.Length;

    /// <summary>Ends the text if nobody reads it any more.</summary>
    public void LeaveWithReader() => HasEnded |= _text.Sink.HasLeft;

    /// <summary>Copies the next tokens to read.</summary>
    public void Read(Span<int> inputs)
    {
        if (Writes)
        {
            inputs[0] = _next;
            return;
        }
        _text.Prefix.AsSpan(_read, inputs.Length).CopyTo(inputs);
        _read += inputs.Length;
    }

    /// <summary>Takes the logits after the tokens just read.</summary>
    public void Take(Span<float> logits)
    {
        try
        {
            if (HasEnded)
                return;
            if (Writes)
                Write(logits);
            else if (_text.TellsPrefix)
                _text.Sink.Take(Measured(TokenOf(_text.Prefix[_read], isFirst: _read == 1 && _texts.EndId is not null), logits));
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    /// <summary>Ends the text with an error.</summary>
    public void Fail(Exception error)
    {
        HasEnded = true;
        _text.Sink.Fail(error);
    }

    private void Write(Span<float> logits)
    {
        if (_text.Length == 0)
        {
            HasEnded = true;
            _text.Sink.Take(new BatchedToken(null, "", "", new TextEnd(EndReason.Length, 0), null, null));
            return;
        }
        // The sampler overwrites the logits.
        double sum = 0;
        IReadOnlyList<TopPrediction>? top = _text.Top is { } most ? Top(logits, most, out sum) : null;
        float[]? before = top is null ? null : logits.ToArray();
        foreach (int reserved in _reserved)
            logits[reserved] = float.NegativeInfinity;
        int token = _next = _writer.Choose(logits);
        string text = _texts.Of(token, _isAtBeginning);
        _isAtBeginning = false;
        TextPiece piece = _writer.Write(text, token == _texts.EndId);
        HasEnded = _writer.HasEnded;
        _text.Sink.Take(new BatchedToken(token, text, piece.Text, piece.End, before is null ? null : before[token] - sum, top));
    }

    private BatchedToken TokenOf(int token, bool isFirst) =>
        new(token, _texts.Of(token, isFirst), "", null, null, null) { IsOfPrefix = true };

    private BatchedToken Measured(BatchedToken token, Span<float> logits)
    {
        IReadOnlyList<TopPrediction>? top = Top(logits, _text.Top ?? 0, out double sum);
        return token with { LogProbability = logits[token.Id!.Value] - sum, Top = top };
    }

    private TopPrediction[] Top(ReadOnlySpan<float> logits, int most, out double sum)
    {
        sum = LogitMath.LogSumExp(logits);
        if (most == 0)
            return [];
        _ranking.Load(logits);
        var top = new TopPrediction[Math.Min(most, logits.Length)];
        for (int place = 0; place < top.Length; place++)
            top[place] = new TopPrediction(_ranking[place], (float)Math.Exp(logits[_ranking[place]] - sum));
        return top;
    }
}
