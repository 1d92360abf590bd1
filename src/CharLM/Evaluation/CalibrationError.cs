using CharLM.Models;

namespace CharLM.Evaluation;

/// <summary>
/// Whether a model is right as often as it claims: the expected calibration error, over bins of equal width of the
/// probability that it gave to its guess (Guo et al. 2017, equation 3).
/// </summary>
/// <remarks>Thread safety: any number of threads.</remarks>
public static class CalibrationError
{
    /// <summary>The number of bins, as in the paper.</summary>
    public const int Bins = 15;

    /// <summary>The mean over all tokens of |accuracy - probability| of each bin, in [0, 1].</summary>
    /// <param name="targets">What followed, as token ids; 1 or more.</param>
    /// <param name="guesses">What the model expected most, one a target.</param>
    public static double Of(ReadOnlySpan<int> targets, ReadOnlySpan<Guess> guesses)
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
