using CharLM.Tokenization;

namespace CharLM.Evaluation;

/// <summary>
/// Two models on the same tokens of the same text. The interval is that of the difference, token by token: far narrower than the
/// intervals of the two models, since hard passages are hard for both.
/// </summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed record PairedComparison
{
    /// <summary>Loss of the first model, over the tokens that are in both vocabs.</summary>
    public required LossSum First { get; init; }

    /// <summary>Loss of the second model, over the same tokens.</summary>
    public required LossSum Second { get; init; }

    /// <summary>Tokens left out because they are missing from one of the vocabs.</summary>
    public required long LeftOut { get; init; }

    /// <summary>95 % interval of <see cref="Difference"/>, by block bootstrap over the text.</summary>
    public required Interval DifferenceInterval { get; init; }

    /// <summary>Nats per token, second minus first: below 0 the second is better.</summary>
    public double Difference => Second.Mean - First.Mean;

    /// <summary>Perplexity of the second divided by that of the first.</summary>
    public double PerplexityRatio => Math.Exp(Difference);

    /// <summary>Whether the interval of the difference excludes 0.</summary>
    public bool IsClear => DifferenceInterval.Low > 0 || DifferenceInterval.High < 0;

    /// <summary>Compares the surprisals of two models on a text.</summary>
    /// <param name="first">The first model's surprisals.</param>
    /// <param name="second">The second model's surprisals of the same tokens; the ids may be from another vocab.</param>
    /// <param name="config">Settings of the bootstrap; default the defaults.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    /// <exception cref="InvalidConfigException">No token of the text is in both vocabs.</exception>
    public static PairedComparison Of(TokenSurprisals first, TokenSurprisals second, EvaluationConfig? config = null)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        if (first.Nats.Length != second.Nats.Length)
            throw new ArgumentException($"{first.Nats.Length} and {second.Nats.Length} tokens are not of the same text", nameof(second));
        config ??= new EvaluationConfig();
        double firstTotal = 0, secondTotal = 0;
        var differences = new List<float>(first.Nats.Length);
        for (int i = 0; i < first.Nats.Length; i++)
        {
            if (first.Targets.Span[i] == Vocab.UnknownId || second.Targets.Span[i] == Vocab.UnknownId)
                continue;
            (float one, float two) = (first.Nats.Span[i], second.Nats.Span[i]);
            firstTotal += one;
            secondTotal += two;
            differences.Add(two - one);
        }
        if (differences.Count == 0)
            throw new InvalidConfigException(["vocab mismatch: no token of the text is known to both models"]);
        return new PairedComparison
        {
            First = new LossSum(firstTotal, differences.Count),
            Second = new LossSum(secondTotal, differences.Count),
            LeftOut = first.Nats.Length - differences.Count,
            DifferenceInterval = BlockBootstrap.OfMean(differences.ToArray(), config.BootstrapSamples, config.Seed,
                config.BlockLengthOf(differences.Count)),
        };
    }
}
