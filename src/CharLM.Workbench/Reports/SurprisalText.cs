using CharLM.Checkpoints;
using CharLM.Evaluation;
using CharLM.Tokenization;

namespace CharLM.Workbench.Reports;

/// <summary>A text coloured by how much each token surprised a model, in bits.</summary>
internal static class SurprisalText
{
    private const double DarkestBits = 8;

    /// <summary>Colours tokens.</summary>
    /// <param name="of">Whose surprisal, and of which text.</param>
    /// <param name="tokens">The tokens with nats; NaN for one that was not predicted.</param>
    /// <param name="notes">A remark on each token; default none.</param>
    public static ShadedText Of(string of, IEnumerable<(string Token, double Nats)> tokens, IReadOnlyList<string>? notes = null) => new(
        $"{of}: bits of each token, {DarkestBits} and above darkest", [.. tokens.Select(token => (token.Token, BitsOf(token.Nats)))])
    {
        Largest = DarkestBits,
        Notes = notes ?? [],
    };

    /// <summary>Nats in bits.</summary>
    public static double BitsOf(double nats) => nats / Math.Log(2);

    /// <summary>The beginning of a measured text, token by token, with nats.</summary>
    /// <param name="surprisals">The measurement.</param>
    /// <param name="saved">The model.</param>
    /// <param name="windowLength">Tokens per overlapping window; 0 if the text was read in rows.</param>
    /// <param name="most">The number of tokens at most.</param>
    public static List<(string Token, double Nats)> TokensOf(
        TokenSurprisals surprisals, ISavedModel saved, int windowLength, int most)
    {
        string separator = Tokenizer.Create(saved.Text.Token).TokenSeparator;
        return [.. Places(surprisals, windowLength, most)
            .Select(i => (saved.Vocab[surprisals.Targets.Span[i]] + separator, (double)surprisals.Nats.Span[i]))];
    }

    /// <summary>Where these tokens stand among the surprisals.</summary>
    public static IEnumerable<int> Places(TokenSurprisals surprisals, int windowLength, int most)
    {
        // For overlapping windows, the last token of each, which has the most context.
        int step = Math.Max(1, windowLength);
        return Enumerable.Range(1, Math.Min(most, surprisals.Targets.Length / step)).Select(count => (count * step) - 1);
    }
}
