using CharLM.Training;

namespace CharLM.Checkpoints;

/// <summary>What a run needs besides its weights to go on as if it had never ended.</summary>
public sealed record ResumeState
{
    /// <summary>What the trainer has gathered.</summary>
    public required TrainerState Trainer { get; init; }

    /// <summary>Minibatches that were learned since the run began.</summary>
    public required long Step { get; init; }

    /// <summary>Seconds that the run went on for.</summary>
    public required double ElapsedSeconds { get; init; }

    /// <summary>Bytes of the metrics that were written until then: what comes after them is written again.</summary>
    public required long MetricsBytes { get; init; }

    /// <summary>Bytes of the samples, likewise.</summary>
    public required long SamplesBytes { get; init; }

    /// <summary>Every fault of the state, empty when there is none.</summary>
    public IEnumerable<string> Faults()
    {
        if (Trainer is null)
            return ["no state of the trainer"];
        return Step < 0 || MetricsBytes < 0 || SamplesBytes < 0 || !(ElapsedSeconds >= 0)
            ? [$"a place in the run that cannot be: step {Step}, {ElapsedSeconds} s, {MetricsBytes} and {SamplesBytes} bytes", .. Trainer.Faults()]
            : Trainer.Faults();
    }
}
