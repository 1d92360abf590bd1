namespace CharLM.Evaluation;

/// <summary>Where a figure lies with a probability of 95 %.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
/// <param name="Low">Its lower end.</param>
/// <param name="High">Its upper end.</param>
public readonly record struct Interval(double Low, double High)
{
    /// <summary>The interval of a figure that rises with this one.</summary>
    public Interval Map(Func<double, double> rising)
    {
        ArgumentNullException.ThrowIfNull(rising);
        return new Interval(rising(Low), rising(High));
    }
}
