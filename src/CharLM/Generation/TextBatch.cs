using CharLM.Generation.Constraints;
using CharLM.Models;
using CharLM.Tokenization;

namespace CharLM.Generation;

/// <summary>
/// Writes texts of different callers side by side, as rows of one minibatch: a text joins and leaves between any two steps, and each gets
/// exactly the characters that a <see cref="GenerationSession"/> of its own would write.
/// </summary>
/// <remarks>
/// <para>
/// A text that still reads its prefix takes one token of it per step, beside texts that already write; only when all of them read do they
/// read many at once. With an implementation whose rows influence each other's rounding (torch), each text is computed by itself.
/// </para>
/// <para>Thread safety: one thread at a time.</para>
/// </remarks>
internal sealed class TextBatch : IDisposable
{
    private readonly ILanguageModel _model;
    private readonly TokenTexts _texts;
    private readonly List<BatchLane> _lanes = [];
    private readonly SamplingScratch _scratch = new();
    private readonly TokenRanking _ranking = new();

    /// <summary>An empty batch.</summary>
    /// <param name="model">The model; the caller disposes it after the batch.</param>
    /// <param name="texts">The texts of its tokens.</param>
    public TextBatch(ILanguageModel model, TokenTexts texts) => (_model, _texts) = (model, texts);

    /// <summary>Number of unfinished texts.</summary>
    public int Count => _lanes.Sum(lane => lane.Count);

    /// <summary>Adds a text, which takes part from the next step on.</summary>
    public void Add(BatchedText text)
    {
        var row = new BatchRow(text, _texts, _scratch, _ranking);
        if (_lanes is [{ IsShared: true } shared])
        {
            shared.Add(row);
            return;
        }
        var lane = new BatchLane(_model.Predictor(), _texts.Count);
        lane.Add(row);
        _lanes.Add(lane);
    }

    /// <summary>Lets every text read or write at least one token; texts whose sink has left are dropped.</summary>
    /// <exception cref="InvalidOperationException">The model cannot be read now; <see cref="Fail"/> then drops the texts.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public void Step()
    {
        foreach (BatchLane lane in _lanes)
            lane.Step();
        foreach (BatchLane lane in _lanes.Where(lane => lane is { Count: 0, IsShared: false }))
            lane.Dispose();
        _lanes.RemoveAll(lane => lane is { Count: 0, IsShared: false });
    }

    /// <summary>Drops all texts.</summary>
    /// <param name="error">What their sinks receive.</param>
    public void Fail(Exception error)
    {
        foreach (BatchLane lane in _lanes)
        {
            lane.Fail(error);
            lane.Dispose();
        }
        _lanes.Clear();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _lanes.ForEach(lane => lane.Dispose());
        _lanes.Clear();
    }
}

/// <summary>A text to write in a <see cref="TextBatch"/>.</summary>
/// <param name="Prefix">The ids to read first, with the end token before them if the model has documents; at least one.</param>
/// <param name="Length">Maximum tokens to add; 0: only reads, which makes sense with <see cref="TellsPrefix"/>.</param>
/// <param name="Sampling">How each token is chosen.</param>
/// <param name="Seed">Fixes the draws, together with <paramref name="Sample"/>.</param>
/// <param name="Sample">The number of the text among those of one request.</param>
/// <param name="Stops">Its stop strings.</param>
/// <param name="Constraint">The expression that it must match; null: none.</param>
/// <param name="Sink">Receives the tokens.</param>
internal sealed record BatchedText(
    int[] Prefix, int Length, Sampling Sampling, long Seed, int Sample, StopStrings Stops, TokenConstraint? Constraint, ITextSink Sink)
{
    /// <summary>Whether the sink also receives the tokens of the prefix.</summary>
    public bool TellsPrefix { get; init; }

    /// <summary>How many of the most probable tokens the sink receives at each position; null: no probabilities at all.</summary>
    public int? Top { get; init; }
}

/// <summary>Receives the tokens of one text, on the thread that steps the batch; it must return quickly.</summary>
internal interface ITextSink
{
    /// <summary>Whether nobody reads the text any more.</summary>
    bool HasLeft { get; }

    /// <summary>Takes the next token.</summary>
    void Take(in BatchedToken token);

    /// <summary>Takes the error that ended the text.</summary>
    void Fail(Exception error);
}

/// <summary>The next token of a text in a batch.</summary>
/// <param name="Id">The token; null at the end of a text that only read.</param>
/// <param name="Token">The text of the token.</param>
/// <param name="Text">The text that is now final: that of the token, unless a stop string may have begun.</param>
/// <param name="End">How the text ends here; null when it continues.</param>
/// <param name="LogProbability">ln p of the token in the model's own distribution; null if not requested, or nothing precedes it.</param>
/// <param name="Top">The most probable tokens at its position, in descending order; null like <paramref name="LogProbability"/>.</param>
internal readonly record struct BatchedToken(
    int? Id, string Token, string Text, TextEnd? End, double? LogProbability, IReadOnlyList<TopPrediction>? Top)
{
    /// <summary>Whether it was read, not written; its <see cref="Text"/> is then empty.</summary>
    public bool IsOfPrefix { get; init; }
}
