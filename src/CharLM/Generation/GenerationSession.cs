using System.Runtime.InteropServices;
using CharLM.Generation.Constraints;
using CharLM.Models;
using CharLM.Tokenization;

namespace CharLM.Generation;

/// <summary>
/// A text that a model reads and continues, again and again, its state kept in between; or several continuations of one
/// text, written side by side by one predictor.
/// </summary>
/// <remarks>
/// <para>
/// Dive into Deep Learning v0.17, 8.5.4: warm-up, then prediction. A sample is the same whatever the number of samples
/// where the model's numbers do not depend on its neighbours: with the fused kernels and with n-grams. torch's products
/// round differently for different numbers of rows, which now and then tips a draw.
/// </para>
/// <para>
/// What the model's weights become while a session is open is undefined to the session; after training by the toolkit it throws.
/// </para>
/// <para>Thread safety: one thread at a time for each session; any number of sessions may use one model at once.</para>
/// </remarks>
public sealed class GenerationSession : IDisposable
{
    // A long text is read in parts of so many tokens, so that its activations are never held at once.
    private const int ReadingSteps = 256;

    // Logits of all texts together: 1 GiB.
    private const long MostLogits = 1L << 28;

    private readonly IPredictor _predictor;
    private readonly Vocab _vocab;
    private readonly Tokenizer _tokenizer;
    private readonly GenerationConfig _config;
    private readonly TokenConstraint? _constraint;
    private readonly StopStrings _stops;
    private readonly SampleWriter[] _samples;
    private readonly string[] _pieces;
    private readonly int[] _reserved;
    private readonly int? _endId;
    private readonly float[] _logits;
    private readonly List<int> _unread = [];
    private bool _isUsedUp, _isDisposed;

    // Whether nothing of the document was read or written yet.
    private bool _isAtBeginning;

    // Whether a text was broken off before its end, and how often something was read or continued: whoever is overtaken must not go on.
    private bool _isOpen;
    private int _calls;

    /// <summary>A session at the beginning of a text.</summary>
    /// <param name="model">Who writes; the caller disposes it after the session.</param>
    /// <param name="vocab">Its vocab.</param>
    /// <param name="tokenizer">Its kind of tokens.</param>
    /// <param name="config">How it writes.</param>
    /// <param name="endId">
    /// What ends a document: a text may then begin with nothing, and ends where the model says so, unless an expression does; default
    /// null: the model knows no documents.
    /// </param>
    /// <exception cref="InvalidConfigException">The configuration is invalid, or no text of this vocab matches its expression.</exception>
    public GenerationSession(ILanguageModel model, Vocab vocab, Tokenizer tokenizer, GenerationConfig config, int? endId = null)
        : this(model, vocab, tokenizer, config, endId, null)
    {
    }

    /// <summary>A session whose first sample has a sampler that is there already.</summary>
    internal GenerationSession(
        ILanguageModel model, Vocab vocab, Tokenizer tokenizer, GenerationConfig config, int? endId, TokenSampler? sampler)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(vocab);
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(config);
        config.Validate();
        long texts = Math.Max(config.Samples, config.Beam?.Width ?? 1);
        if (texts > 1 && texts * vocab.Count > MostLogits)
            throw new InvalidConfigException(
                [$"{texts} texts at once are too many for a vocab of {vocab.Count} tokens: take at most {MostLogits / vocab.Count}"]);
        (_vocab, _tokenizer, _config, _endId) = (vocab, tokenizer, config, endId);
        _constraint = config.Constraint is { } pattern
            ? TokenConstraint.Create(pattern, vocab, tokenizer.TokenSeparator, config.Length) : null;
        _stops = new StopStrings(config.Stops);
        var scratch = new SamplingScratch();
        _samples = [.. Enumerable.Range(0, config.Samples).Select(sample =>
            new SampleWriter(sample, sampler ?? new TokenSampler(config.Sampling, config.Seed, sample, scratch), _stops, _constraint))];
        _reserved = [.. Enumerable.Range(0, vocab.Count)
            .Where(id => id == endId ? _constraint is not null : tokenizer.IsReserved(vocab[id]))];
        _pieces = [.. vocab.Tokens.Select((token, id) => id == endId ? "" : tokenizer.TokenSeparator + token)];
        _logits = new float[_pieces.Length];
        _predictor = model.Predictor();
        try
        {
            Begin();
        }
        catch
        {
            _predictor.Dispose();
            throw;
        }
    }

    /// <summary>Whether nothing was read yet.</summary>
    public bool IsEmpty { get; private set; } = true;

    /// <summary>
    /// The model reads a text; tokens that it does not know it reads as <see cref="Vocab.Unknown"/>. A text that was broken off ends
    /// before it, without the characters that were held back because a stop string may begin with them.
    /// </summary>
    /// <exception cref="InvalidOperationException">Several texts were written.</exception>
    /// <exception cref="ObjectDisposedException">The session is disposed.</exception>
    public void Read(string text)
    {
        ThrowIfUsedUp();
        foreach (int token in _tokenizer.EncodeInDocument(text, _vocab, _endId))
        {
            _unread.Add(token);
            foreach (SampleWriter sample in _samples)
                sample.Read(token);
            (IsEmpty, _isOpen, _isAtBeginning) = (false, false, false);
            _calls++;
        }
    }

    /// <summary>
    /// Continues what was read and written so far; each piece is given out as soon as it is sure. After more than one
    /// sample, or a search, the session can go on no further.
    /// </summary>
    /// <remarks>
    /// A text that was broken off, because the caller left the loop or by cancellation, is taken up where it was left, and all its
    /// pieces together are those of an unbroken call: length, expression, stop strings and draws go on. A text that has come to its
    /// end is followed by a new one, of the full length; the model has read all of it, with the stop string that ended it.
    /// </remarks>
    /// <param name="cancellationToken">Looked at before each token.</param>
    /// <exception cref="InvalidConfigException">Nothing was read yet.</exception>
    /// <exception cref="GenerationException">There is no token that could be chosen.</exception>
    /// <exception cref="InvalidOperationException">
    /// Several texts were written; or, while pieces are taken, the session has read or continued by another call since.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The session or the model is disposed.</exception>
    public IEnumerable<TextPiece> Continue(CancellationToken cancellationToken = default)
    {
        ThrowIfUsedUp();
        if (IsEmpty)
            throw new InvalidConfigException(["the prefix is empty: give at least one token to continue"]);
        return _config.Beam is { } beam ? Search(beam, cancellationToken)
            : _samples.Length == 1 ? WriteOn(cancellationToken)
            : WriteSamples(cancellationToken);
    }

    /// <summary>Frees what the session holds; the second time does nothing.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        _predictor.Dispose();
    }

    private IEnumerable<TextPiece> Search(BeamConfig beam, CancellationToken cancellationToken)
    {
        ReadOn(cancellationToken);
        _isUsedUp = true;
        return new BeamSearch(_predictor, Piece, _endId, _reserved, _config, beam, _stops, _constraint).Run(_logits, cancellationToken);
    }

    // At any time, what the model has not read yet is unread, and what it expects after the rest is in the logits: the caller may stop
    // after each piece, and come back.
    private IEnumerable<TextPiece> WriteOn(CancellationToken cancellationToken)
    {
        int call = ++_calls;
        SampleWriter sample = _samples[0];
        if (!_isOpen)
            sample.Begin(_config.Length);
        _isOpen = true;
        while (true)
        {
            ReadOn(cancellationToken);
            int token = Choose(sample, _logits);
            TextPiece piece = sample.Write(Piece(token, isFirst: true), token == _endId);
            _isAtBeginning = false;
            if (token == _endId)
                Begin();
            else
                _unread.Add(token);
            bool hasEnded = sample.HasEnded;
            _isOpen = !hasEnded;
            if (piece.Text.Length > 0 || piece.End is not null)
                yield return piece;
            if (hasEnded)
                yield break;
            if (call != _calls)
                throw new InvalidOperationException(
                    "the session has read or continued by another call since: take the pieces of the last call alone");
        }
    }

    private IEnumerable<TextPiece> WriteSamples(CancellationToken cancellationToken)
    {
        int vocab = _pieces.Length;
        float[] logits = new float[_samples.Length * vocab];
        ThrowIfUsedUp();
        ReadOn(cancellationToken);
        _isUsedUp = true;
        _predictor.Rearrange(new int[_samples.Length]);
        for (int row = 0; row < _samples.Length; row++)
            _logits.CopyTo(logits, row * vocab);
        List<SampleWriter> writing = [.. _samples];
        var chosen = new int[_samples.Length];
        writing.ForEach(sample => sample.Begin(_config.Length));
        for (bool isFirst = true; ; isFirst = false)
        {
            cancellationToken.ThrowIfCancellationRequested();
            bool someEnd = false;
            for (int row = 0; row < writing.Count; row++)
            {
                SampleWriter sample = writing[row];
                int token = chosen[row] = Choose(sample, logits.AsSpan(row * vocab, vocab));
                TextPiece piece = sample.Write(Piece(token, isFirst), token == _endId);
                someEnd |= sample.HasEnded;
                if (piece.Text.Length > 0 || piece.End is not null)
                    yield return piece;
            }
            if (someEnd && !KeepWriting(writing, chosen))
                yield break;
            _predictor.Predict(chosen.AsSpan(0, writing.Count), 1, logits.AsSpan(0, writing.Count * vocab));
        }
    }

    // At the beginning of a text; of a document, that is after an end.
    private void Begin()
    {
        _predictor.Begin(rows: 1);
        _unread.Clear();
        if (_endId is not { } endId)
            return;
        _unread.Add(endId);
        (IsEmpty, _isAtBeginning) = (false, true);
    }

    // What a token adds; nothing stands before the first of a document.
    private string Piece(int token, bool isFirst) =>
        isFirst && _isAtBeginning && token != _endId ? _pieces[token][_tokenizer.TokenSeparator.Length..] : _pieces[token];

    // Reserved tokens stand for what no text holds, and are never written.
    private int Choose(SampleWriter sample, Span<float> logits)
    {
        foreach (int reserved in _reserved)
            logits[reserved] = float.NegativeInfinity;
        return sample.Choose(logits);
    }

    // Takes the rows of texts that have ended out; false when none is left.
    private bool KeepWriting(List<SampleWriter> writing, int[] chosen)
    {
        int[] rows = [.. Enumerable.Range(0, writing.Count).Where(row => !writing[row].HasEnded)];
        if (rows.Length == 0)
            return false;
        for (int row = 0; row < rows.Length; row++)
            chosen[row] = chosen[rows[row]];
        writing.RemoveAll(sample => sample.HasEnded);
        _predictor.Rearrange(rows);
        return true;
    }

    // The model reads what it has not read yet; afterwards the logits say what it expects next. What it has read when the caller
    // cancels it has read.
    private void ReadOn(CancellationToken cancellationToken)
    {
        int read = 0;
        try
        {
            while (read < _unread.Count)
            {
                cancellationToken.ThrowIfCancellationRequested();
                int steps = Math.Min(ReadingSteps, _unread.Count - read);
                _predictor.Predict(CollectionsMarshal.AsSpan(_unread).Slice(read, steps), steps, _logits);
                read += steps;
            }
        }
        finally
        {
            _unread.RemoveRange(0, read);
        }
        cancellationToken.ThrowIfCancellationRequested();
    }

    private void ThrowIfUsedUp()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_isUsedUp)
            throw new InvalidOperationException("several texts were written; none of them can be continued");
    }
}

/// <summary>A model with which no token can be chosen.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed class GenerationException(string message) : InvalidOperationException(message);
