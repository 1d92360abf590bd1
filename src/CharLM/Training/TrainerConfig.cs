using CharLM.Batching;

namespace CharLM.Training;

/// <summary>How a model is trained. The defaults are those of Dive into Deep Learning v0.17.</summary>
public sealed record TrainerConfig
{
    /// <summary>Passes over the text, 1 to 1,000,000; default 500.</summary>
    public int NumEpochs { get; init; } = 500;

    /// <summary>Rows of a minibatch, 1 to 65,536; default 32.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Tokens of a row, which is also how far gradients go back, 1 to 65,536; default 35.</summary>
    public int NumSteps { get; init; } = 35;

    /// <summary>In what order an epoch reads the text; default sequential.</summary>
    public SamplingOrder Sampling { get; init; } = SamplingOrder.Sequential;

    /// <summary>How gradients change the weights; default SGD.</summary>
    public OptimizerKind Optimizer { get; init; } = OptimizerKind.Sgd;

    /// <summary>Step size of the optimizer, above 0 and finite; default 1.</summary>
    public double LearningRate { get; init; } = 1;

    /// <summary>The greatest global norm of the gradients; longer ones are scaled down to it; 0 never clips; default 1.</summary>
    public double ClipNorm { get; init; } = 1;

    /// <summary>Fixes initial weights, minibatch order and dropout; default 0.</summary>
    public long Seed { get; init; }

    /// <summary>Every fault of the configuration, empty when there is none.</summary>
    public IEnumerable<string> Faults()
    {
        if (NumEpochs is < 1 or > 1_000_000)
            yield return $"epochs must be 1 to 1000000, not {NumEpochs}";
        if (BatchSize is < 1 or > 65536)
            yield return $"batch-size must be 1 to 65536, not {BatchSize}";
        if (NumSteps is < 1 or > 65536)
            yield return $"num-steps must be 1 to 65536, not {NumSteps}";
        if (!(LearningRate > 0 && double.IsFinite(LearningRate)))
            yield return $"lr must be above 0 and finite, not {LearningRate}";
        if (!(ClipNorm >= 0 && double.IsFinite(ClipNorm)))
            yield return $"clip must be 0 (never) or above and finite, not {ClipNorm}";
    }

    /// <summary>Throws when the configuration has a fault.</summary>
    /// <exception cref="InvalidConfigException">Lists every fault.</exception>
    public void Validate() => InvalidConfigException.ThrowIfAny(Faults());
}
