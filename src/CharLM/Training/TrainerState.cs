using System.Text.Json.Serialization;

namespace CharLM.Training;

/// <summary>
/// All that a trainer has gathered besides the weights: with it, training goes on as if it had never ended. Random numbers are
/// not in it: they follow from the seed, the epoch and the minibatch (<see cref="Randomness.RandomStream"/>).
/// </summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed record TrainerState
{
    /// <summary>The epoch that is going on, from 0.</summary>
    public required int Epoch { get; init; }

    /// <summary>Its minibatches that are learned.</summary>
    public required int Batch { get; init; }

    /// <summary>Their nats.</summary>
    public required double Nats { get; init; }

    /// <summary>Their tokens.</summary>
    public required long Tokens { get; init; }

    /// <summary>The sum of their gradients' norms.</summary>
    public required double GradientNorms { get; init; }

    /// <summary>Seconds that they took.</summary>
    public required double Seconds { get; init; }

    /// <summary>The learning rate of the last step; a schedule that runs for very long takes it to 0.</summary>
    public required double LearningRate { get; init; }

    /// <summary>What the schedule remembers.</summary>
    public required Schedule.Memory Schedule { get; init; }

    /// <summary>Steps that the optimizer has counted.</summary>
    public required long OptimizerSteps { get; init; }

    /// <summary>The optimizer's moments by PyTorch's name and that of the weight, exp_avg.linear.bias say; values row-major.</summary>
    [JsonIgnore]
    public IReadOnlyDictionary<string, float[]> Moments { get; init; } = new Dictionary<string, float[]>();

    /// <summary>The hidden state that is carried on, [layers * directions, batch, hidden]; empty when none is.</summary>
    [JsonIgnore]
    public float[] Hidden { get; init; } = [];

    /// <summary>The cell state, in the same shape; empty when there is none.</summary>
    [JsonIgnore]
    public float[] Cell { get; init; } = [];

    /// <summary>What attention looks back at, [1 to window, batch, hidden]; empty when there is none.</summary>
    [JsonIgnore]
    public float[] Memory { get; init; } = [];

    /// <summary>Every error of the state, empty when there is none.</summary>
    public IEnumerable<string> Errors()
    {
        if (Epoch < 0 || Batch < 0 || Tokens < 0 || OptimizerSteps < 0)
            yield return $"a place in training that cannot be: epoch {Epoch}, minibatch {Batch}, {Tokens} tokens, {OptimizerSteps} steps";
        if (!double.IsFinite(Nats) || !double.IsFinite(GradientNorms) || !(Seconds >= 0)
            || !(LearningRate >= 0 && double.IsFinite(LearningRate)))
            yield return $"sums that cannot be: {Nats} nats, norms {GradientNorms}, {Seconds} s, learning rate {LearningRate}";
        if (!(Schedule.Scale >= 0 && double.IsFinite(Schedule.Scale)) || double.IsNaN(Schedule.Best) || Schedule.Waited < 0)
            yield return $"a schedule that cannot be: {Schedule}";
    }
}
