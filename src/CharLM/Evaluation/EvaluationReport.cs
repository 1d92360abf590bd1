using CharLM.Models;

namespace CharLM.Evaluation;

/// <summary>What was measured of a model on a text: the figures, and what they are figures of.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed record EvaluationReport
{
    /// <summary>What was measured, in words: a checkpoint's file, "n-gram of order 7".</summary>
    public required string Model { get; init; }

    /// <summary>On which text, in words.</summary>
    public required string Text { get; init; }

    /// <summary>Which text that is: only figures that share it can be ranked.</summary>
    public required MeasuredText Measured { get; init; }

    /// <summary>
    /// The part of the text's passages that training saw, in [0, 1], about (<see cref="Tokenization.TextSketch"/>); null where
    /// the model does not tell, and for a text that is too short.
    /// </summary>
    public double? PassagesTrainedOn { get; init; }

    /// <summary>How the text was read, in words: the state policy and the context.</summary>
    public required string Reading { get; init; }

    /// <summary>Loss over the tokens that the vocab has.</summary>
    public required LossSum Known { get; init; }

    /// <summary>
    /// Loss over the tokens that the vocab has not; of each, the model told only that it is unknown, not which.
    /// </summary>
    public required LossSum Unknown { get; init; }

    /// <summary>Characters that the tokens stand for.</summary>
    public required long Characters { get; init; }

    /// <summary>UTF-8 bytes that the tokens stand for.</summary>
    public required long Bytes { get; init; }

    /// <summary>UTF-8 bytes of the raw text, before it was cleaned.</summary>
    public required long RawBytes { get; init; }

    /// <summary>The part of the tokens that were expected most, in [0, 1].</summary>
    public required double Accuracy { get; init; }

    /// <summary>Expected calibration error, in [0, 1].</summary>
    public required double CalibrationError { get; init; }

    /// <summary>95 % interval of the nats a token, by block bootstrap over the text.</summary>
    public required Interval MeanInterval { get; init; }

    /// <summary>Seconds that the measurement took.</summary>
    public double Seconds { get; init; }

    /// <summary>Loss over all tokens.</summary>
    public LossSum All => Known + Unknown;

    /// <summary>Perplexity over all tokens.</summary>
    public double Perplexity => All.Perplexity;

    /// <summary>Perplexity over the tokens that the vocab has; NaN when there is none.</summary>
    public double PerplexityOfKnown => Known.Perplexity;

    /// <summary>95 % interval of <see cref="Perplexity"/>.</summary>
    public Interval PerplexityInterval => MeanInterval.Map(Math.Exp);

    /// <summary>Bits a character, over all tokens; comparable between models of characters and of words.</summary>
    public double BitsPerCharacter => All.Total / Math.Log(2) / Characters;

    /// <summary>95 % interval of <see cref="BitsPerCharacter"/>.</summary>
    public Interval BitsPerCharacterInterval => MeanInterval.Map(nats => nats * All.Tokens / Math.Log(2) / Characters);

    /// <summary>
    /// Bits a UTF-8 byte of the cleaned text, over all tokens; comparable between models of any tokens that read the same text.
    /// </summary>
    public double BitsPerByte => All.Total / Math.Log(2) / Bytes;

    /// <summary>
    /// Bits a UTF-8 byte of the raw text, over all tokens: the one unit that models of different cleaning share. What a cleaning
    /// drops costs nothing, so that of two such models the one that keeps less is flattered.
    /// </summary>
    public double BitsPerRawByte => All.Total / Math.Log(2) / RawBytes;
}

/// <summary>What was measured, as figures and token by token.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="Report">The figures.</param>
/// <param name="Surprisals">What they are made of.</param>
public sealed record EvaluationResult(EvaluationReport Report, TokenSurprisals Surprisals);

/// <summary>
/// Whether a model is right as often as it claims: the expected calibration error, over bins of equal width of the
/// probability that it gave to its guess (Guo et al. 2017, equation 3).
/// </summary>
/// <remarks>Thread safety: any number of threads.</remarks>
internal static class CalibrationError
{
    /// <summary>The number of bins, as in the paper.</summary>
    public const int Bins = 15;

    /// <summary>The mean over all tokens of |accuracy - probability| of each bin, in [0, 1].</summary>
    /// <param name="targets">What followed, as token ids; 1 or more.</param>
    /// <param name="guesses">What the model expected most, one a target.</param>
    public static double Of(ReadOnlySpan<int> targets, ReadOnlySpan<TopPrediction> guesses)
    {
        ArgumentOutOfRangeException.ThrowIfZero(targets.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(guesses.Length, targets.Length);
        // Right guesses less what was claimed of them: the difference that the paper weighs with the size of the bin.
        var excess = new double[Bins];
        for (int i = 0; i < targets.Length; i++)
        {
            // A bin has its upper end, and not its lower one: ((m - 1)/15, m/15].
            int bin = Math.Clamp((int)MathF.Ceiling(guesses[i].Probability * Bins) - 1, 0, Bins - 1);
            excess[bin] += (guesses[i].Token == targets[i] ? 1 : 0) - guesses[i].Probability;
        }
        return excess.Sum(Math.Abs) / targets.Length;
    }
}
