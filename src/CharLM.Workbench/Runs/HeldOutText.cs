using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Tokenization;

namespace CharLM.Workbench.Runs;

/// <summary>The held-out text of a run, and how to read it.</summary>
/// <param name="Tokens">Its token ids; empty if nothing is held out.</param>
/// <param name="WindowLength">Tokens per window, each read from the zero state; 0 for rows with the state carried.</param>
/// <param name="BeforeTest">Whether a test part follows.</param>
/// <param name="EndId">The id of the end token of documents; null if the text has none.</param>
internal sealed record HeldOutText(TokenSource Tokens, int WindowLength, bool BeforeTest = false, int? EndId = null)
{
    // Without windows, the defaults of an evaluation.
    private EvaluationConfig Reading => new() { WindowLength = WindowLength, EndId = EndId };

    /// <summary>Whether anything is held out.</summary>
    public bool Exists => !Tokens.IsEmpty;

    /// <summary>Describes the split and the reading.</summary>
    public string Describe() => WindowLength > 0
        ? $"the next {Tokens.Length - WindowLength} windows of {WindowLength} tokens, the state reset for each"
        : $"the {(BeforeTest ? "" : "last ")}{Tokens.Length} tokens{(BeforeTest ? " before the test part" : "")}, read in "
            + $"{Reading.Describe(Tokens.Length)}";

    /// <summary>
    /// The average number of characters (Unicode scalar values) per predicted token, including the space before a word; null if some tokens
    /// are not in the vocab, since their characters are unknown.
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

    /// <summary>Measures a model on this text, in the same way as an evaluation of its checkpoint.</summary>
    public LossSum Measure(LanguageModel model, CancellationToken cancellationToken = default) =>
        Evaluator.Measure(model, Tokens, Reading, cancellationToken);
}
