namespace CharLM.Training;

/// <summary>How the learning rate changes over a run.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed record ScheduleConfig
{
    /// <summary>Which way; default constant.</summary>
    public ScheduleKind Kind { get; init; } = ScheduleKind.Constant;

    /// <summary>
    /// Epochs, or parts of one, over which the rate rises from 0 to its beginning, whichever way it then goes; default 0.
    /// </summary>
    public double WarmUpEpochs { get; init; }

    /// <summary>For step: the rate changes after every so many epochs, 1 or more; default 10.</summary>
    public int StepEpochs { get; init; } = 10;

    /// <summary>For plateau: epochs without a better held-out perplexity before the rate changes, 1 or more; default 3.</summary>
    public int PlateauEpochs { get; init; } = 3;

    /// <summary>For step and plateau: what the rate is multiplied by, above 0 and below 1; default 0.5.</summary>
    public double Factor { get; init; } = 0.5;

    /// <summary>For cosine: the end as a part of the beginning, 0 to 1; default 0. For plateau: the rate never falls below it.</summary>
    public double EndFraction { get; init; }

    /// <summary>Every fault of the configuration, empty when there is none.</summary>
    public IEnumerable<string> Faults()
    {
        if (!(WarmUpEpochs >= 0 && double.IsFinite(WarmUpEpochs)))
            yield return $"warm-up must be 0 or more epochs, not {WarmUpEpochs}";
        if (StepEpochs < 1)
            yield return $"schedule-step must be 1 or more epochs, not {StepEpochs}";
        if (PlateauEpochs < 1)
            yield return $"plateau-epochs must be 1 or more, not {PlateauEpochs}";
        if (!(Factor is > 0 and < 1))
            yield return $"schedule-factor must be above 0 and below 1, not {Factor}";
        if (!(EndFraction is >= 0 and <= 1))
            yield return $"schedule-end must be 0 to 1, not {EndFraction}";
    }
}
