using CharLM.Corpora;
using CharLM.Models;
using CharLM.Tokenization;

namespace CharLM.Evaluation;

/// <summary>
/// Tells line by line how much a text surprises a model. Each line is read on its own, as if a line had just ended: after
/// the line end where the vocab has one, else after a space; else its first token is read, but not predicted.
/// </summary>
public sealed class LineScorer : IDisposable
{
    private const string LineEnd = "\n", Space = " ";
    private const int MaxSteps = 256;

    private readonly IPredictor _predictor;
    private readonly TextConfig _config;
    private readonly Vocab _vocab;
    private readonly Tokenizer _tokenizer;
    private readonly int? _start;
    private readonly bool _carriesState;
    private int? _before;

    /// <summary>A scorer.</summary>
    /// <param name="model">The model; stays the caller's.</param>
    /// <param name="config">How its text was cleaned and tokenized; each line is, too.</param>
    /// <param name="vocab">Token to id.</param>
    /// <param name="carriesState">Whether a line is read after those before it, as one text, instead of on its own.</param>
    public LineScorer(ILanguageModel model, TextConfig config, Vocab vocab, bool carriesState = false)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(vocab);
        (_predictor, _config, _vocab, _carriesState) = (model.Predictor(), config, vocab, carriesState);
        _tokenizer = Tokenizer.Create(config.Token);
        _start = IdOf(LineEnd) ?? IdOf(Space);
        Begin();
    }

    /// <summary>Scores one line.</summary>
    /// <param name="line">The line without its end.</param>
    /// <param name="cancellationToken">Looked at now and then.</param>
    public LineScore Score(string line, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(line);
        if (!_carriesState)
            Begin();
        string cleaned = TextCleaner.Clean(line, _config.Cleaning, _tokenizer.LineSeparator);
        // The end of the line is text, too, where the model learned it.
        if (_config.Cleaning == Cleaning.None && IdOf(LineEnd) is not null)
            cleaned += LineEnd;
        string[] tokens = [.. _tokenizer.Tokenize(cleaned)];
        int[] ids = _tokenizer.Encode(cleaned, _vocab);
        var nats = new float[ids.Length];
        int from = 0;
        if (ids.Length > 0 && _before is null)
        {
            (nats[0], _before) = (float.NaN, ids[0]);
            from = 1;
        }
        for (; from < ids.Length; from += MaxSteps)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int steps = Math.Min(MaxSteps, ids.Length - from);
            long[] targets = [.. ids.AsSpan(from, steps).ToArray().Select(id => (long)id)];
            long[] inputs = [_before!.Value, .. targets[..^1]];
            _predictor.Score(inputs, targets, steps, nats.AsSpan(from, steps));
            _before = (int)targets[^1];
        }
        long characters = tokens.Zip(nats).Where(pair => float.IsFinite(pair.Second)).Sum(pair => (long)CharTokenizer.Length(pair.First) + _tokenizer.TokenSeparator.Length);
        return new LineScore(tokens, nats, ids, characters);
    }

    /// <inheritdoc/>
    public void Dispose() => _predictor.Dispose();

    private void Begin()
    {
        _predictor.Begin(rows: 1);
        _before = _start;
    }

    private int? IdOf(string token) => _vocab[token] is var id && id != Vocab.UnknownId ? id : null;
}
