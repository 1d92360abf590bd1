namespace CharLM.Training;

/// <summary>The learning rate at each step of a run.</summary>
/// <remarks>Thread safety: one thread at a time.</remarks>
/// <param name="config">How it changes.</param>
/// <param name="begin">Where it begins.</param>
/// <param name="numEpochs">Epochs of the run.</param>
public sealed class Schedule(ScheduleConfig config, double begin, int numEpochs)
{
    /// <summary>What a plateau schedule remembers; all there is to save.</summary>
    /// <param name="Scale">What the rate has been multiplied by so far, 0 to 1: after 1,075 halvings it is 0.</param>
    /// <param name="Best">The best held-out nats so far.</param>
    /// <param name="Waited">Epochs since then.</param>
    public readonly record struct Memory(double Scale, double Best, int Waited)
    {
        /// <summary>Nothing yet.</summary>
        public static Memory Fresh => new(1, double.PositiveInfinity, 0);
    }

    /// <summary>What the schedule remembers.</summary>
    public Memory State { get; set; } = Memory.Fresh;

    /// <summary>The rate of a step.</summary>
    /// <param name="epoch">Finished epochs and the part of the current one: 3.5 is the middle of the fourth.</param>
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

    /// <summary>An epoch has ended with this held-out loss. Only a plateau schedule asks for it.</summary>
    /// <param name="nats">Nats a token.</param>
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
