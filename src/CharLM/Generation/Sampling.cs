using CharLM.Models;

namespace CharLM.Generation;

/// <summary>
/// How the next token is chosen from the model's logits: steps in a fixed order, then the most probable token or a draw.
/// </summary>
/// <remarks>
/// <para>
/// Without a temperature the most probable token is chosen, as in Dive into Deep Learning.
/// </para>
/// <para>Thread safety: never changes; any number of threads.</para>
/// </remarks>
public sealed class Sampling
{
    private Sampling(IReadOnlyList<SamplingStep> steps) => Steps = steps;

    /// <summary>Always chooses the most probable token.</summary>
    public static Sampling Greedy { get; } = new([]);

    /// <summary>The steps, in the order of their application.</summary>
    public IReadOnlyList<SamplingStep> Steps { get; }

    /// <summary>Whether the most probable token is always chosen, since there is no temperature.</summary>
    public bool IsGreedy => !Steps.Any(step => step is SamplingStep.Temperature);

    /// <summary>Draws from the model's distribution, made sharper or flatter by a temperature; greedy at 0.</summary>
    /// <param name="temperature">0 or above.</param>
    /// <exception cref="InvalidConfigException">The temperature is negative or not finite.</exception>
    public static Sampling AtTemperature(double temperature) => temperature == 0 ? Greedy : Of(new SamplingStep.Temperature(temperature));

    /// <summary>Combines steps and puts them in their fixed order.</summary>
    /// <param name="steps">The steps, in any order.</param>
    /// <exception cref="InvalidConfigException">
    /// A step has an error, two are of the same kind, or a step restricts a draw that does not take place, since there is no temperature;
    /// lists every error.
    /// </exception>
    public static Sampling Of(params IReadOnlyList<SamplingStep> steps)
    {
        InvalidConfigException.ThrowIfAny(Errors(steps));
        return new Sampling([.. steps.OrderBy(step => step.Place)]);
    }

    /// <summary>Every error of a combination of steps; empty when there is none.</summary>
    public static IEnumerable<string> Errors(IReadOnlyList<SamplingStep> steps)
    {
        ArgumentNullException.ThrowIfNull(steps);
        foreach (string error in steps.SelectMany(step => step.Errors()))
            yield return error;
        foreach (IGrouping<int, SamplingStep> kind in steps.GroupBy(step => step.Place).Where(kind => kind.Count() > 1))
            yield return $"{kind.First().Name} is given {kind.Count()} times";
        if (!steps.Any(step => step is SamplingStep.Temperature)
            && steps.FirstOrDefault(step => step is SamplingStep.TopK or SamplingStep.TopP or SamplingStep.MinP) is { } idle)
            yield return $"{idle.Name} restricts the draw, but at temperature 0 nothing is drawn: take a temperature above 0, "
                + "such as 1";
    }
}

/// <summary>Working memory shared by samplers that alternate; it grows once to the size of the vocab.</summary>
internal sealed class SamplingScratch
{
    private readonly TokenRanking _ranking = new();
    private float[] _weights = [];

    /// <summary>One value per token.</summary>
    public Span<float> Weights(int tokens)
    {
        if (_weights.Length < tokens)
            _weights = new float[tokens];
        return _weights.AsSpan(0, tokens);
    }

    /// <summary>The tokens in order of descending probability; valid until the next call.</summary>
    public TokenRanking Rank(ReadOnlySpan<float> logits)
    {
        _ranking.Load(logits);
        return _ranking;
    }
}
