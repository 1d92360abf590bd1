namespace CharLM.Training;

/// <summary>What an optimizer has gathered.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="Steps">Steps that it has counted; of weights that were frozen for a while, those of the others.</param>
/// <param name="Moments">By PyTorch's name (exp_avg, exp_avg_sq, square_avg), the values of each weight in order, row-major.</param>
public sealed record UpdateState(long Steps, IReadOnlyDictionary<string, IReadOnlyList<float[]>> Moments)
{
    /// <summary>The name of the mean of gradients.</summary>
    public const string FirstMoment = "exp_avg";

    /// <summary>The name of Adam's mean of squared gradients.</summary>
    public const string SecondMoment = "exp_avg_sq";

    /// <summary>The name of RMSProp's mean of squared gradients.</summary>
    public const string SquareAverage = "square_avg";

    /// <summary>The names of all of them.</summary>
    public static IReadOnlyList<string> AllMoments { get; } = [FirstMoment, SecondMoment, SquareAverage];

    /// <summary>Nothing.</summary>
    public static UpdateState None { get; } = new(0, new Dictionary<string, IReadOnlyList<float[]>>());

    /// <summary>The values of a moment, one array a weight.</summary>
    /// <param name="name">Which moment.</param>
    /// <param name="lengths">How many values each weight has.</param>
    /// <exception cref="FormatException">They are missing, or of other weights.</exception>
    public IReadOnlyList<float[]> MomentOf(string name, IReadOnlyList<long> lengths)
    {
        if (!Moments.TryGetValue(name, out IReadOnlyList<float[]>? values))
            throw new FormatException($"lacks the optimizer's {name}");
        return values.Select(of => of.LongLength).SequenceEqual(lengths) ? values : throw new FormatException($"has the optimizer's {name} of other weights");
    }

    /// <summary>The moments of a kind of optimizer, in PyTorch's order.</summary>
    public static IReadOnlyList<string> MomentsOf(OptimizerKind kind) => kind switch
    {
        OptimizerKind.Adam or OptimizerKind.AdamW => [FirstMoment, SecondMoment],
        OptimizerKind.RmsProp => [SquareAverage],
        _ => [],
    };
}
