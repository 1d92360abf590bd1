using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Tokenization;

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
    public Nats Measure(LanguageModel model, CancellationToken cancellationToken = default) =>
        Evaluator.Measure(model, Tokens, Reading, cancellationToken);
}
