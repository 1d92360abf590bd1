using CharLM.Evaluation;

namespace CharLM.Training;

/// <summary>What one epoch told. Perplexities of training and held-out text stand side by side and are never mixed.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed record EpochReport
{
    /// <summary>Which epoch, from 1.</summary>
    public required int Epoch { get; init; }

    /// <summary>Epochs of the whole run.</summary>
    public required int NumEpochs { get; init; }

    /// <summary>
    /// Nats over the epoch's minibatches, each measured before the step that learns from it, as the book does.
    /// </summary>
    public required Nats Train { get; init; }

    /// <summary>Nats over the held-out text after the epoch; null when none is held out or it was not measured.</summary>
    public Nats? HeldOut { get; init; }

    /// <summary>For models on pairs, what the held-out ones told, the figure that counts first; empty when none are held out.</summary>
    public IReadOnlyList<Measure> Measures { get; init; } = [];

    /// <summary>Mean over the epoch's steps of the gradients' global norm before clipping.</summary>
    public required double GradientNorm { get; init; }

    /// <summary>Step size of the epoch's last step.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Seconds of training in this epoch, evaluation and samples not counted.</summary>
    public required double Seconds { get; init; }

    /// <summary>Seconds since the run began.</summary>
    public double ElapsedSeconds { get; init; }

    /// <summary>Seconds that the remaining epochs will take at the rate so far.</summary>
    public double RemainingSeconds { get; init; }

    /// <summary>Tokens predicted and learned from in a second of training.</summary>
    public double TokensPerSecond => Train.Tokens / Seconds;
}
