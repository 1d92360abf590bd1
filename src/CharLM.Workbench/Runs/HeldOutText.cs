using CharLM.Checkpoints;
using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Tokenization;
using CharLM.Training;

namespace CharLM.Workbench.Runs;

/// <summary>The text that a run measures but does not learn from, and how it is read.</summary>
/// <param name="Tokens">Its token ids; empty when nothing is held out.</param>
/// <param name="NumWindows">Windows that are read with the state reset for each; 0: rows with the state carried.</param>
/// <param name="NumSteps">Tokens of a window.</param>
internal sealed record HeldOutText(ReadOnlyMemory<int> Tokens, int NumWindows, int NumSteps)
{
    // Without windows, what an evaluation takes when it is told nothing.
    private EvaluationConfig Reading => new() { WindowLength = NumWindows > 0 ? NumSteps : 0 };

    /// <summary>Whether anything is held out.</summary>
    public bool Exists => Tokens.Length > 0;

    /// <summary>The split and the state policy in words.</summary>
    public string Describe() => NumWindows > 0
        ? $"the next {NumWindows} windows of {NumSteps} tokens, the state reset for each"
        : $"the last {Tokens.Length} tokens, read in {Reading.Describe(Tokens.Length)}";

    /// <summary>
    /// Characters (Unicode scalar values) of a token that is predicted, on average, with the space before a word; null when some
    /// are not in the vocab: what they stand for is lost.
    /// </summary>
    public double? CharactersPerToken(Vocab vocab, Tokenizer tokenizer)
    {
        if (!Exists || Tokens.Span[1..].Contains(Vocab.UnknownId))
            return null;
        long characters = 0;
        foreach (int id in Tokens.Span[1..])
            characters += tokenizer.TokenSeparator.Length + CharTokenizer.Length(vocab[id]);
        return (double)characters / (Tokens.Length - 1);
    }

    /// <summary>Measures a model on it, as an evaluation of its checkpoint does.</summary>
    public LossSum Measure(LanguageModel model, CancellationToken cancellationToken = default) =>
        Evaluator.Measure(model, Tokens, Reading, cancellationToken);
}

/// <summary>The part of a text that the training of a model did not see.</summary>
public static class UnseenText
{
    /// <summary>
    /// What the training held out; where it held nothing out, what comes after the tokens that it was given. Of another text
    /// than that of the training, the tokens at the same places.
    /// </summary>
    /// <param name="saved">The model.</param>
    /// <param name="tokens">Tokens of the whole text.</param>
    /// <returns>Empty when the training saw all.</returns>
    public static TextRange Of(ISavedModel saved, int tokens)
    {
        ArgumentNullException.ThrowIfNull(saved);
        int given = saved.Text.MaxTokens == 0 ? tokens : Math.Min(tokens, saved.Text.MaxTokens);
        if (saved is Checkpoint { Training: { TrainWindows: > 0 } training })
            return AfterWindows(training, given, tokens);
        int heldOut = (int)(given * saved.Text.ValidationFraction);
        return heldOut > 0 ? new TextRange(given - heldOut, given) : new TextRange(given, tokens);
    }

    // The last window that is trained on ends so many tokens after the first one that is held out began.
    private static TextRange AfterWindows(TrainerConfig training, int given, int tokens)
    {
        int begin = training.TrainWindows + training.NumSteps;
        int end = training.ValidationWindows > 0 ? training.TrainWindows + training.ValidationWindows + training.NumSteps : tokens;
        return new TextRange(Math.Min(begin, tokens), Math.Min(end, training.ValidationWindows > 0 ? given : tokens));
    }
}

/// <summary>Which part of a text a model is measured on.</summary>
public enum TextSplit
{
    /// <summary>What its training did not see (<see cref="UnseenText"/>).</summary>
    HeldOut,

    /// <summary>The whole text.</summary>
    All,
}
