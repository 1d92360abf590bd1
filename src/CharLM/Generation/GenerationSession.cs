using CharLM.Generation.Constraints;
using CharLM.Models;
using CharLM.Tokenization;

namespace CharLM.Generation;

/// <summary>
/// A text that a model reads and continues, again and again, its state kept in between; or several continuations of one
/// text, written side by side by one predictor.
/// </summary>
/// <remarks>
/// Dive into Deep Learning v0.17, 8.5.4: warm-up, then prediction. A sample is the same whatever the number of samples
/// where the model's numbers do not depend on its neighbours: with the fused kernels and with n-grams. torch's products
/// round differently for different numbers of rows, which now and then tips a draw.
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
    private readonly List<long> _unread = [];
    private bool _isUsedUp;

    /// <summary>A session at the beginning of a text.</summary>
    /// <param name="model">Who writes; the caller disposes it after the session.</param>
    /// <param name="vocab">Its vocab.</param>
    /// <param name="tokenizer">Its kind of tokens.</param>
    /// <param name="config">How it writes.</param>
    /// <exception cref="InvalidConfigException">The configuration has a fault, or no text of this vocab matches its expression.</exception>
    public GenerationSession(ILanguageModel model, Vocab vocab, Tokenizer tokenizer, GenerationConfig config)
        : this(model, vocab, tokenizer, config, null)
    {
    }

    /// <summary>A session whose first sample has a sampler that is there already.</summary>
    internal GenerationSession(ILanguageModel model, Vocab vocab, Tokenizer tokenizer, GenerationConfig config, TokenSampler? sampler)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(vocab);
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(config);
        config.Validate();
        long texts = Math.Max(config.Samples, config.Beam?.Width ?? 1);
        if (texts > 1 && texts * vocab.Count > MostLogits)
            throw new InvalidConfigException([$"{texts} texts at once are too many for a vocab of {vocab.Count} tokens: take at most {MostLogits / vocab.Count}"]);
        (_vocab, _tokenizer, _config) = (vocab, tokenizer, config);
        _constraint = config.Constraint is { } pattern ? TokenConstraint.Create(pattern, vocab, tokenizer.TokenSeparator, config.Length) : null;
        _stops = new StopStrings(config.Stops);
        var scratch = new SamplingScratch();
        _samples = [.. Enumerable.Range(0, config.Samples).Select(sample =>
            new SampleWriter(sample, sampler ?? new TokenSampler(config.Sampling, config.Seed, sample, scratch), _stops, _constraint))];
        _reserved = [.. Enumerable.Range(0, vocab.Count).Where(id => tokenizer.IsReserved(vocab[id]))];
        _pieces = [.. vocab.Tokens.Select(token => tokenizer.TokenSeparator + token)];
        _predictor = model.Predictor();
        _predictor.Begin(rows: 1);
    }

    /// <summary>Whether nothing was read yet.</summary>
    public bool IsEmpty { get; private set; } = true;

    /// <summary>The model reads a text; tokens that it does not know it reads as <see cref="Vocab.Unknown"/>.</summary>
    public void Read(string text)
    {
        ThrowIfUsedUp();
        foreach (int token in _tokenizer.Encode(text, _vocab))
        {
            _unread.Add(token);
            foreach (SampleWriter sample in _samples)
                sample.Read(token);
            IsEmpty = false;
        }
    }

    /// <summary>
    /// Continues what was read and written so far; each piece is given out as soon as it is sure. After more than one
    /// sample, or a search, the session can go on no further.
    /// </summary>
    /// <param name="cancellationToken">Looked at before each token.</param>
    /// <exception cref="InvalidConfigException">Nothing was read yet.</exception>
    /// <exception cref="GenerationException">There is no token that could be chosen.</exception>
    public IEnumerable<TextPiece> Continue(CancellationToken cancellationToken = default)
    {
        ThrowIfUsedUp();
        if (IsEmpty)
            throw new InvalidConfigException(["the prefix is empty: give at least one token to continue"]);
        _isUsedUp = _samples.Length > 1 || _config.Beam is not null;
        return _config.Beam is { } beam
            ? new BeamSearch(_predictor, _pieces, _reserved, _config, beam, _stops, _constraint).Run(ReadOn(cancellationToken), cancellationToken)
            : WriteSamples(cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose() => _predictor.Dispose();

    private IEnumerable<TextPiece> WriteSamples(CancellationToken cancellationToken)
    {
        int vocab = _pieces.Length;
        float[] logits = new float[_samples.Length * vocab];
        ReadOn(cancellationToken).CopyTo(logits, 0);
        if (_samples.Length > 1)
        {
            _predictor.Rearrange(new int[_samples.Length]);
            for (int row = 1; row < _samples.Length; row++)
                Array.Copy(logits, 0, logits, row * vocab, vocab);
        }
        List<SampleWriter> writing = [.. _samples];
        var chosen = new long[_samples.Length];
        writing.ForEach(sample => sample.Begin(_config.Length));
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            bool someEnd = false;
            for (int row = 0; row < writing.Count; row++)
            {
                SampleWriter sample = writing[row];
                Span<float> ofRow = logits.AsSpan(row * vocab, vocab);
                foreach (int reserved in _reserved)
                    ofRow[reserved] = float.NegativeInfinity;
                int token = sample.Choose(ofRow);
                chosen[row] = token;
                TextPiece piece = sample.Write(_pieces[token]);
                someEnd |= sample.HasEnded;
                if (piece.Text.Length > 0 || piece.End is not null)
                    yield return piece;
            }
            if (someEnd && !KeepWriting(writing, chosen))
                yield break;
            _predictor.Predict(chosen.AsSpan(0, writing.Count), 1, logits.AsSpan(0, writing.Count * vocab));
        }
    }

    // Takes the rows of texts that have ended out; false when none is left.
    private bool KeepWriting(List<SampleWriter> writing, long[] chosen)
    {
        int[] rows = [.. Enumerable.Range(0, writing.Count).Where(row => !writing[row].HasEnded)];
        if (rows.Length == 0)
        {
            _unread.Add(chosen[0]);
            return false;
        }
        for (int row = 0; row < rows.Length; row++)
            chosen[row] = chosen[rows[row]];
        writing.RemoveAll(sample => sample.HasEnded);
        _predictor.Rearrange(rows);
        return true;
    }

    // The model reads what it has not read yet; what it expects next, [vocab].
    private float[] ReadOn(CancellationToken cancellationToken)
    {
        var logits = new float[_pieces.Length];
        long[] tokens = [.. _unread];
        _unread.Clear();
        for (int begin = 0; begin < tokens.Length; begin += ReadingSteps)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int steps = Math.Min(ReadingSteps, tokens.Length - begin);
            _predictor.Predict(tokens.AsSpan(begin, steps), steps, logits);
        }
        return logits;
    }

    private void ThrowIfUsedUp()
    {
        if (_isUsedUp)
            throw new InvalidOperationException("several texts were written; none of them can be continued");
    }
}
