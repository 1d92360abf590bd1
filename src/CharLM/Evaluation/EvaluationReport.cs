using CharLM.Models;

namespace CharLM.Evaluation;

/// <summary>The figures of a model on a text, and how they were measured.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed record EvaluationReport
{
    /// <summary>The name of the model: a checkpoint's file, or "n-gram of order 7".</summary>
    public required string Model { get; init; }

    /// <summary>A description of the text.</summary>
    public required string Text { get; init; }

    /// <summary>The identity of the text: only figures on the same text can be ranked.</summary>
    public required MeasuredText Measured { get; init; }

    /// <summary>
    /// The approximate share of the text's passages that training saw, in [0, 1] (<see cref="Tokenization.TextSketch"/>); null when the
    /// model does not record it, or the text is too short.
    /// </summary>
    public double? PassagesTrainedOn { get; init; }

    /// <summary>A description of how the text was read: the state policy and the context.</summary>
    public required string Reading { get; init; }

    /// <summary>Loss over the tokens in the vocab.</summary>
    public required LossSum Known { get; init; }

    /// <summary>Loss over the tokens not in the vocab; the model predicts only that a token is unknown, not which one it is.</summary>
    public required LossSum Unknown { get; init; }

    /// <summary>Characters that the tokens stand for.</summary>
    public required long Characters { get; init; }

    /// <summary>UTF-8 bytes that the tokens stand for.</summary>
    public required long Bytes { get; init; }

    /// <summary>UTF-8 bytes of the raw text, before it was cleaned.</summary>
    public required long RawBytes { get; init; }

    /// <summary>The share of the tokens that the model thought most probable, in [0, 1].</summary>
    public required double Accuracy { get; init; }

    /// <summary>Expected calibration error, in [0, 1].</summary>
    public required double CalibrationError { get; init; }

    /// <summary>95 % interval of the nats per token, by block bootstrap over the text.</summary>
    public required Interval MeanInterval { get; init; }

    /// <summary>Seconds that the measurement took.</summary>
    public double Seconds { get; init; }

    /// <summary>Loss over all tokens.</summary>
    public LossSum All => Known + Unknown;

    /// <summary>Perplexity over all tokens.</summary>
    public double Perplexity => All.Perplexity;

    /// <summary>Perplexity over the tokens in the vocab; NaN when there is none.</summary>
    public double PerplexityOfKnown => Known.Perplexity;

    /// <summary>95 % interval of <see cref="Perplexity"/>.</summary>
    public Interval PerplexityInterval => MeanInterval.Map(Math.Exp);

    /// <summary>Bits per character, over all tokens; comparable between models of characters and of words.</summary>
    public double BitsPerCharacter => All.Total / Math.Log(2) / Characters;

    /// <summary>95 % interval of <see cref="BitsPerCharacter"/>.</summary>
    public Interval BitsPerCharacterInterval => MeanInterval.Map(nats => nats * All.Tokens / Math.Log(2) / Characters);

    /// <summary>
    /// Bits per UTF-8 byte of the cleaned text, over all tokens; comparable between models with any tokens that read the same text.
    /// </summary>
    public double BitsPerByte => All.Total / Math.Log(2) / Bytes;

    /// <summary>
    /// Bits per UTF-8 byte of the raw text, over all tokens: the only unit that models with different cleaning share. Text dropped by
    /// the cleaning costs nothing, which favours the model that keeps less.
    /// </summary>
    public double BitsPerRawByte => All.Total / Math.Log(2) / RawBytes;
}

/// <summary>An evaluation: the figures, and the surprisal of each token.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="Report">The figures.</param>
/// <param name="Surprisals">The surprisals behind them.</param>
public sealed record EvaluationResult(EvaluationReport Report, TokenSurprisals Surprisals);

/// <summary>
/// Whether a model is right as often as it claims: the expected calibration error, over equal-width bins of the probability of
/// its guess (Guo et al. 2017, equation 3).
/// </summary>
/// <remarks>Thread safety: any number of threads.</remarks>
internal static class CalibrationError
{
    /// <summary>The number of bins, as in the paper.</summary>
    public const int Bins = 15;

    /// <summary>The mean over all tokens of |accuracy - probability| of each bin, in [0, 1].</summary>
    /// <param name="targets">The actual tokens' ids; 1 or more.</param>
    /// <param name="guesses">The model's most probable token for each target.</param>
    public static double Of(ReadOnlySpan<int> targets, ReadOnlySpan<TopPrediction> guesses)
    {
        ArgumentOutOfRangeException.ThrowIfZero(targets.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(guesses.Length, targets.Length);
        // Correct guesses minus claimed probabilities: the paper's difference times the size of the bin.
        var excess = new double[Bins];
        for (int i = 0; i < targets.Length; i++)
        {
            // A bin includes its upper end but not its lower: ((m - 1)/15, m/15].
            int bin = Math.Clamp((int)MathF.Ceiling(guesses[i].Probability * Bins) - 1, 0, Bins - 1);
            excess[bin] += (guesses[i].Token == targets[i] ? 1 : 0) - guesses[i].Probability;
        }
        return excess.Sum(Math.Abs) / targets.Length;
    }
}
