namespace CharLM.Training;

/// <summary>The learning rate at each step of a run.</summary>
/// <remarks>Thread safety: one thread at a time.</remarks>
/// <param name="config">How it changes.</param>
/// <param name="begin">The initial rate, after the warm-up.</param>
/// <param name="numEpochs">Epochs of the run, including a fraction if it ends inside an epoch.</param>
public sealed class Schedule(ScheduleConfig config, double begin, double numEpochs)
{
    /// <summary>The state of a plateau schedule; other schedules have none.</summary>
    /// <param name="Scale">The factor of the rate so far, 0 to 1; exactly 0 only when it has become too small for a double.</param>
    /// <param name="Best">The lowest held-out loss so far, in nats per token.</param>
    /// <param name="Waited">Epochs since that loss or, if later, since the last change of the rate.</param>
    public readonly record struct Memory(double Scale, double Best, int Waited)
    {
        /// <summary>The state at the beginning.</summary>
        public static Memory Fresh => new(1, double.PositiveInfinity, 0);
    }

    /// <summary>The state of the schedule.</summary>
    public Memory State { get; set; } = Memory.Fresh;

    /// <summary>The learning rate of a step.</summary>
    /// <param name="epoch">Finished epochs plus the fraction of the current one: 3.5 is the middle of the fourth.</param>
    public double RateAt(double epoch)
    {
        if (epoch < config.WarmUpEpochs)
            return begin * Math.Max(epoch / config.WarmUpEpochs, 1e-3);
        return begin * config.Kind switch
        {
            ScheduleKind.Step => Math.Pow(config.Factor, Math.Floor(epoch / config.StepEpochs)),
            ScheduleKind.Cosine => Cosine((epoch - config.WarmUpEpochs) / Math.Max(numEpochs - config.WarmUpEpochs, 1e-9)),
            ScheduleKind.Plateau => State.Scale,
            _ => 1,
        };
    }

    /// <summary>Records the held-out loss of a finished epoch; only a plateau schedule needs it.</summary>
    /// <param name="nats">Nats per token.</param>
    public void EpochEnded(double nats)
    {
        if (config.Kind != ScheduleKind.Plateau)
            return;
        if (nats < State.Best)
            State = new Memory(State.Scale, nats, 0);
        else if (State.Waited + 1 >= config.PlateauEpochs)
            State = new Memory(Math.Max(State.Scale * config.Factor, config.EndFraction), State.Best, 0);
        else
            State = State with { Waited = State.Waited + 1 };
    }

    private double Cosine(double progress) =>
        config.EndFraction + ((1 - config.EndFraction) * 0.5 * (1 + Math.Cos(Math.PI * Math.Min(progress, 1))));
}

/// <summary>How the learning rate changes over a run.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed record ScheduleConfig
{
    /// <summary>The kind of schedule; default constant.</summary>
    public ScheduleKind Kind { get; init; } = ScheduleKind.Constant;

    /// <summary>
    /// Epochs, possibly fractional, over which the rate first rises in a straight line, from almost 0 to its initial value, with any kind
    /// of schedule; default 0.
    /// </summary>
    public double WarmUpEpochs { get; init; }

    /// <summary>For step: epochs between changes of the rate, 1 or more; default 10.</summary>
    public int StepEpochs { get; init; } = 10;

    /// <summary>For plateau: epochs without a better held-out perplexity before the rate changes, 1 or more; default 3.</summary>
    public int PlateauEpochs { get; init; } = 3;

    /// <summary>For step and plateau: the factor of each change, above 0 and below 1; default 0.5.</summary>
    public double Factor { get; init; } = 0.5;

    /// <summary>For cosine the final rate, for plateau the minimum, as a fraction of the initial rate, 0 to 1; default 0.</summary>
    public double EndFraction { get; init; }

    /// <summary>Every error of the configuration; empty when there is none.</summary>
    public IEnumerable<string> Errors()
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

/// <summary>How the learning rate changes after the warm-up.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum ScheduleKind
{
    /// <summary>It stays the same.</summary>
    Constant,

    /// <summary>It is multiplied by a factor at regular intervals.</summary>
    Step,

    /// <summary>It falls along half a cosine to its final value (Loshchilov and Hutter 2017).</summary>
    Cosine,

    /// <summary>It is multiplied by a factor when the held-out perplexity has not improved for some epochs.</summary>
    Plateau,
}
