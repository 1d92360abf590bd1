using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Evaluation;
using CharLM.Generation;
using CharLM.Generation.Constraints;
using CharLM.Models;
using CharLM.Tokenization;

namespace CharLM.Serving.Engine;

/// <summary>A loaded model with the engine that writes its texts.</summary>
/// <remarks>Thread safety: any number of threads.</remarks>
internal sealed class ServedModel : IDisposable
{
    private readonly ModelEngine _engine;
    private readonly SemaphoreSlim _scoring = new(1);
    private readonly int _mostWaiting;
    private int _scored;

    /// <summary>Serves a model, and disposes it in the end.</summary>
    /// <param name="id">Its name in requests.</param>
    /// <param name="saved">Its file's content.</param>
    /// <param name="model">The model.</param>
    /// <param name="created">When the file was written.</param>
    /// <param name="rows">Texts that are written side by side.</param>
    /// <param name="mostWaiting">Texts, and texts to score, that may wait.</param>
    public ServedModel(string id, ISavedModel saved, ILanguageModel model, DateTimeOffset created, int rows, int mostWaiting)
    {
        (Id, Saved, Model, Created, _mostWaiting) = (id, saved, model, created, mostWaiting);
        Tokenizer = Tokenizer.Create(saved.Text.Token);
        EndId = saved.Text.EndIdIn(saved.Vocab);
        Texts = new TokenTexts(saved.Vocab, Tokenizer, EndId);
        _engine = new ModelEngine(model, Texts, rows, mostWaiting);
    }

    /// <summary>Its name in requests.</summary>
    public string Id { get; }

    /// <summary>Its file's content.</summary>
    public ISavedModel Saved { get; }

    /// <summary>When the file was written.</summary>
    public DateTimeOffset Created { get; }

    /// <summary>Its tokenizer.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>The texts of its tokens.</summary>
    public TokenTexts Texts { get; }

    /// <summary>Token to id and back.</summary>
    public Vocab Vocab => Saved.Vocab;

    /// <summary>The id that ends a document; null: the model has no documents.</summary>
    public int? EndId { get; }

    /// <summary>The model.</summary>
    public ILanguageModel Model { get; }

    /// <summary>A text in the spelling of the tokens; letters in lower case where the model's text had no others.</summary>
    public string Spelled(string text) =>
        Tokenizer.FromText(Saved.Text.Cleaning == Cleaning.None ? text : string.Concat(text.Select(char.ToLowerInvariant)));

    /// <summary>The ids to read before a text continues a prefix.</summary>
    /// <param name="spelled">The prefix, in the spelling of the tokens.</param>
    public int[] Encode(string spelled)
    {
        int[] ids = Tokenizer.EncodeInDocument(spelled, Vocab, EndId);
        return EndId is { } end ? [end, .. ids] : ids;
    }

    /// <summary>The automaton of an expression.</summary>
    /// <exception cref="InvalidConfigException">It is invalid, or no text of the vocab matches it.</exception>
    public TokenConstraint Constraint(string pattern, int length) =>
        TokenConstraint.Create(pattern, Vocab, Tokenizer.TokenSeparator, length, Texts.Reserved(hasExpression: true));

    /// <summary>Writes texts side by side with those of other requests.</summary>
    /// <returns>False when too many wait already.</returns>
    public bool TryWrite(IReadOnlyList<BatchedText> texts) => _engine.TryAdd(texts);

    /// <summary>Measures the surprisal of each token of a text, one text at a time.</summary>
    /// <param name="text">The text.</param>
    /// <param name="top">How many of the most probable tokens to report at each position.</param>
    /// <param name="cancellationToken">Checked periodically.</param>
    /// <returns>The scores of its parts: one, or one for each document; null when too many texts wait already.</returns>
    public async Task<IReadOnlyList<LineScore>?> ScoreAsync(string text, int top, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref _scored) > _mostWaiting)
        {
            Interlocked.Decrement(ref _scored);
            return null;
        }
        try
        {
            await _scoring.WaitAsync(cancellationToken);
            try
            {
                return await Task.Run(() => Score(text, top, cancellationToken), cancellationToken);
            }
            finally
            {
                _scoring.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _scored);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _engine.Dispose();
        Model.Dispose();
    }

    // A text is read as one line that stands alone, after a line end; with documents, each line is one.
    private LineScore[] Score(string text, int top, CancellationToken cancellationToken)
    {
        using var scorer = new LineScorer(Model, Saved.Text, Vocab, top: Model.ReadsAhead ? 0 : top);
        string spelled = Tokenizer.FromText(text);
        return EndId is null
            ? [scorer.Score(new TextLine(spelled), cancellationToken)]
            : [.. spelled.Split('\n').Where(line => line.Length > 0).Select(line => scorer.Score(new TextLine(line), cancellationToken))];
    }
}
