using System.Text.Json.Serialization;

namespace CharLM.Training;

/// <summary>
/// The state of a trainer besides the weights, with which training resumes as if it had never stopped. Random numbers need no state: they
/// derive from the seed, the epoch and the minibatch (<see cref="Randomness.RandomStream"/>).
/// </summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed record TrainerState
{
    /// <summary>The current epoch, from 0.</summary>
    public required int Epoch { get; init; }

    /// <summary>Minibatches of the epoch learned so far.</summary>
    public required int Batch { get; init; }

    /// <summary>Sum of their losses, in nats.</summary>
    public required double Nats { get; init; }

    /// <summary>Tokens predicted in them.</summary>
    public required long Tokens { get; init; }

    /// <summary>Sum of their gradient norms.</summary>
    public required double GradientNorms { get; init; }

    /// <summary>Seconds spent on them.</summary>
    public required double Seconds { get; init; }

    /// <summary>The learning rate of the last step, 0 or more.</summary>
    public required double LearningRate { get; init; }

    /// <summary>The state of the schedule.</summary>
    public required Schedule.Memory Schedule { get; init; }

    /// <summary>Steps that the optimizer has taken.</summary>
    public required long OptimizerSteps { get; init; }

    /// <summary>The optimizer's moments, keyed by PyTorch's name and the weight's, such as exp_avg.linear.bias; row-major.</summary>
    [JsonIgnore]
    public IReadOnlyDictionary<string, float[]> Moments { get; init; } = new Dictionary<string, float[]>();

    /// <summary>The carried hidden state, [layers * directions, batch, hidden], row-major; empty when there is none.</summary>
    [JsonIgnore]
    public float[] Hidden { get; init; } = [];

    /// <summary>The carried cell state, in the same shape; empty when there is none.</summary>
    [JsonIgnore]
    public float[] Cell { get; init; } = [];

    /// <summary>The states that attention looks back at, [1 to window, batch, hidden]; empty when there is none.</summary>
    [JsonIgnore]
    public float[] Memory { get; init; } = [];

    /// <summary>Every error of the state; empty when there is none.</summary>
    public IEnumerable<string> Errors()
    {
        if (Epoch < 0 || Batch < 0 || Tokens < 0 || OptimizerSteps < 0)
            yield return $"an impossible position in training: epoch {Epoch}, minibatch {Batch}, {Tokens} tokens, {OptimizerSteps} steps";
        if (!double.IsFinite(Nats) || !double.IsFinite(GradientNorms) || !(Seconds >= 0)
            || !(LearningRate >= 0 && double.IsFinite(LearningRate)))
            yield return $"impossible sums: {Nats} nats, norms {GradientNorms}, {Seconds} s, learning rate {LearningRate}";
        if (!(Schedule.Scale >= 0 && double.IsFinite(Schedule.Scale)) || double.IsNaN(Schedule.Best) || Schedule.Waited < 0)
            yield return $"an impossible schedule: {Schedule}";
    }
}
