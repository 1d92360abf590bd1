using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Tokenization;

namespace CharLM.Workbench.Runs;

/// <summary>The text that a run measures but does not learn from, and how it is read.</summary>
/// <param name="Tokens">Its token ids; empty when nothing is held out.</param>
/// <param name="WindowLength">Tokens of the windows that are read with the state reset for each; 0: rows with the state carried.</param>
/// <param name="BeforeTest">Whether a test part follows it.</param>
/// <param name="EndId">What ends a document; null: the text has none.</param>
internal sealed record HeldOutText(TokenSource Tokens, int WindowLength, bool BeforeTest = false, int? EndId = null)
{
    // Without windows, what an evaluation takes when it is told nothing.
    private EvaluationConfig Reading => new() { WindowLength = WindowLength, EndId = EndId };

    /// <summary>Whether anything is held out.</summary>
    public bool Exists => !Tokens.IsEmpty;

    /// <summary>The split and the state policy in words.</summary>
    public string Describe() => WindowLength > 0
        ? $"the next {Tokens.Length - WindowLength} windows of {WindowLength} tokens, the state reset for each"
        : $"the {(BeforeTest ? "" : "last ")}{Tokens.Length} tokens{(BeforeTest ? " before the test part" : "")}, read in "
            + $"{Reading.Describe(Tokens.Length)}";

    /// <summary>
    /// Characters (Unicode scalar values) of a token that is predicted, on average, with the space before a word; null when some
    /// are not in the vocab: what they stand for is lost.
    /// </summary>
    public double? CharactersPerToken(Vocab vocab, Tokenizer tokenizer)
    {
        if (!Exists)
            return null;
        TokenSource predicted = Tokens.Slice(1);
        if (predicted.Count(Vocab.UnknownId) > 0)
            return null;
        long characters = predicted.Length * tokenizer.TokenSeparator.Length;
        foreach (ReadOnlyMemory<int> block in predicted.Blocks())
        {
            foreach (int id in block.Span)
                characters += id == EndId ? 1 - tokenizer.TokenSeparator.Length : tokenizer.CharactersOf(vocab[id]);
        }
        return (double)characters / predicted.Length;
    }

    /// <summary>Measures a model on it, as an evaluation of its checkpoint does.</summary>
    public LossSum Measure(LanguageModel model, CancellationToken cancellationToken = default) =>
        Evaluator.Measure(model, Tokens, Reading, cancellationToken);
}
