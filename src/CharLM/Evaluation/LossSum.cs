namespace CharLM.Evaluation;

/// <summary>
/// A sum of negative log-likelihoods over tokens. All metrics of a language model derive from it.
/// </summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
/// <param name="Total">The sum, in nats.</param>
/// <param name="Tokens">The number of predicted tokens.</param>
public readonly record struct LossSum(double Total, long Tokens)
{
    /// <summary>Nats per token.</summary>
    public double Mean => Total / Tokens;

    /// <summary>exp of the nats per token: the number of equally likely tokens that would surprise as much.</summary>
    public double Perplexity => Math.Exp(Mean);

    /// <summary>Bits per token.</summary>
    public double BitsPerToken => Mean / Math.Log(2);

    /// <summary>The loss over the tokens of both.</summary>
    public static LossSum operator +(LossSum left, LossSum right) => new(left.Total + right.Total, left.Tokens + right.Tokens);

    /// <summary>The loss over the tokens of both.</summary>
    public static LossSum Add(LossSum left, LossSum right) => left + right;
}

/// <summary>One figure of an evaluation.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
/// <param name="Name">The name, such as accuracy.</param>
/// <param name="Value">A share, 0 to 1 (a character error rate can exceed 1).</param>
public readonly record struct Metric(string Name, double Value)
{
    /// <summary>Figures keyed by their names in snake_case, for JSON.</summary>
    public static IReadOnlyDictionary<string, double> ByKey(IEnumerable<Metric> metrics) =>
        metrics.ToDictionary(
            metric => metric.Name.ToLowerInvariant().Replace(' ', '_').Replace('-', '_'), metric =>
                metric.Value, StringComparer.Ordinal);

    /// <summary>The name behind a key of <see cref="ByKey"/>: exact match, macro-F1, BLEU.</summary>
    internal static string NameOf(string key) => key switch
    {
        "macro_f1" => "macro-F1",
        "bleu" => "BLEU",
        _ => key.Replace('_', ' '),
    };
}
