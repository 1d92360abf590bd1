using System.Runtime.InteropServices;
using CharLM.Generation.Constraints;
using CharLM.Models;
using CharLM.Tokenization;

namespace CharLM.Generation;

/// <summary>
/// A text that a model reads and continues any number of times, while the session keeps the model's state; or several continuations of one
/// text, written side by side.
/// </summary>
/// <remarks>
/// <para>
/// Dive into Deep Learning v0.17, 8.5.4: warm-up, then prediction. With the fused kernels and with n-grams, a sample does not depend on
/// the number of samples. torch's products round differently for different numbers of rows, which occasionally changes a draw.
/// </para>
/// <para>
/// If the model's weights change while a session is open, results are undefined; after training by the toolkit the session throws.
/// </para>
/// <para>Thread safety: one thread at a time per session; any number of sessions may use one model at once.</para>
/// </remarks>
public sealed class GenerationSession : IDisposable
{
    // A long text is read in parts of this many tokens, so that its activations are never all in memory.
    private const int ReadingSteps = 256;

    // Logits of all texts together: at most 1 GiB.
    private const long MostLogits = 1L << 28;

    private readonly IPredictor _predictor;
    private readonly Vocab _vocab;
    private readonly Tokenizer _tokenizer;
    private readonly GenerationConfig _config;
    private readonly TokenConstraint? _constraint;
    private readonly StopStrings _stops;
    private readonly SampleWriter[] _samples;
    private readonly TokenTexts _texts;
    private readonly int[] _reserved;
    private readonly int? _endId;
    private readonly float[] _logits;
    private readonly List<int> _unread = [];
    private bool _isUsedUp, _isDisposed;

    // Whether nothing of the current document has been read or written yet.
    private bool _isAtBeginning;

    // Whether a text was interrupted before its end, and the number of calls: an iteration overtaken by a later call must not continue.
    private bool _isOpen;
    private int _calls;

    /// <summary>A session at the beginning of a text.</summary>
    /// <param name="model">The model; the caller disposes it after the session.</param>
    /// <param name="vocab">Its vocab.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="config">The settings of generation.</param>
    /// <param name="endId">
    /// The id that ends a document. A text may then start empty, and the model itself ends it, unless an expression decides. Default null:
    /// the model has no documents.
    /// </param>
    /// <exception cref="InvalidConfigException">The configuration is invalid, or no text of this vocab matches its expression.</exception>
    public GenerationSession(ILanguageModel model, Vocab vocab, Tokenizer tokenizer, GenerationConfig config, int? endId = null)
        : this(model, vocab, tokenizer, config, endId, null)
    {
    }

    /// <summary>A session with a given sampler.</summary>
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
        _texts = new TokenTexts(vocab, tokenizer, endId);
        _constraint = config.Constraint is { } pattern
            ? TokenConstraint.Create(pattern, vocab, tokenizer.TokenSeparator, config.Length, _texts.Reserved(hasExpression: true)) : null;
        _stops = new StopStrings(config.Stops);
        var scratch = new SamplingScratch();
        _samples = [.. Enumerable.Range(0, config.Samples).Select(sample =>
            new SampleWriter(sample, sampler ?? new TokenSampler(config.Sampling, config.Seed, sample, scratch), _stops, _constraint))];
        _reserved = _texts.Reserved(_constraint is not null);
        _logits = new float[_texts.Count];
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

    /// <summary>Whether nothing has been read yet.</summary>
    public bool IsEmpty { get; private set; } = true;

    /// <summary>
    /// Lets the model read a text; tokens that are not in the vocab are read as <see cref="Vocab.Unknown"/>. A text whose continuation was
    /// interrupted ends here; characters that were held back as the possible beginning of a stop string are not written.
    /// </summary>
    /// <param name="text">The text; may be empty.</param>
    /// <exception cref="InvalidOperationException">The session wrote several texts, or searched.</exception>
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
    /// Continues the text read and written so far, and yields each piece as soon as it is final. After more than one sample, or a search,
    /// the session cannot continue.
    /// </summary>
    /// <remarks>
    /// If you leave the loop or cancel, the next call resumes the text, and all pieces together are those of an uninterrupted call:
    /// length, expression, stop strings and draws carry over. After a text has ended, the next call writes a new one of full length; the
    /// model has read the whole previous text, including the stop string that ended it.
    /// </remarks>
    /// <param name="cancellationToken">Checked before each token.</param>
    /// <exception cref="InvalidConfigException">Nothing has been read yet.</exception>
    /// <exception cref="GenerationException">No token can be chosen.</exception>
    /// <exception cref="InvalidOperationException">
    /// The session wrote several texts, or searched; or another call has read or continued since this iteration began.
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

    /// <summary>Frees the session's resources; a second call does nothing.</summary>
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

    // At every yield, _unread holds the tokens that the model has not read, and _logits its predictions after the rest, so the caller may
    // stop after any piece and resume later.
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
                    "another call has read or continued since: use only the pieces of the latest call");
        }
    }

    private IEnumerable<TextPiece> WriteSamples(CancellationToken cancellationToken)
    {
        int vocab = _texts.Count;
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

    // Goes to the beginning of a text; with documents, that is after an end token.
    private void Begin()
    {
        _predictor.Begin(rows: 1);
        _unread.Clear();
        if (_endId is not { } endId)
            return;
        _unread.Add(endId);
        (IsEmpty, _isAtBeginning) = (false, true);
    }

    private string Piece(int token, bool isFirst) => _texts.Of(token, isFirst && _isAtBeginning);

    // Reserved tokens do not stand for text and are never written.
    private int Choose(SampleWriter sample, Span<float> logits)
    {
        foreach (int reserved in _reserved)
            logits[reserved] = float.NegativeInfinity;
        return sample.Choose(logits);
    }

    // Removes the rows of finished texts; returns false when none is left.
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

    // Reads the unread tokens; afterwards the logits are those of the next token. On cancellation, the tokens read so far stay read.
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

/// <summary>No token can be chosen: the model gives none that is allowed, or its logits are not numbers.</summary>
/// <param name="message">The message.</param>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed class GenerationException(string message) : InvalidOperationException(message);
