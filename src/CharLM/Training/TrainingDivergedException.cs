using CharLM.Evaluation;

namespace CharLM.Training;

/// <summary>
/// The loss is no longer a finite number, or so large that its perplexity is none: going on would only spread it.
/// </summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed class TrainingDivergedException : Exception
{
    private const string Advice = "try a smaller learning rate, or clip the gradients to a smaller norm";

    /// <summary>Names the step, the gradient norm and what to try.</summary>
    public TrainingDivergedException(int epoch, int batch, double loss, double gradientNorm, double learningRate)
        : base($"the loss became {loss} at epoch {epoch}, minibatch {batch} (gradient norm {gradientNorm:g4}, learning rate {learningRate:g4}); {Advice}")
    {
        (Epoch, Batch, GradientNorm) = (epoch, batch, gradientNorm);
    }

    private TrainingDivergedException(string what, EpochReport report, Nats nats)
        : base($"{what} of epoch {report.Epoch} became {nats.Mean:g6} nats, whose perplexity is no finite number "
            + $"(mean gradient norm {report.GradientNorm:g4}, learning rate {report.LearningRate:g4}); {Advice}")
    {
        (Epoch, GradientNorm) = (report.Epoch, report.GradientNorm);
    }

    /// <summary>Which epoch, from 1.</summary>
    public int Epoch { get; }

    /// <summary>Which minibatch of it, from 1; null when it shows in a mean over the epoch or over held-out text.</summary>
    public int? Batch { get; }

    /// <summary>
    /// Global norm of the gradients before clipping, not finite when the loss was not; for a mean, the mean over the epoch's steps.
    /// </summary>
    public double GradientNorm { get; }

    /// <summary>Throws when the mean loss of an epoch, or of the held-out text after it, has no finite perplexity.</summary>
    internal static void ThrowIfDiverged(EpochReport report)
    {
        if (!double.IsFinite(report.Train.Perplexity))
            throw new TrainingDivergedException("the mean loss", report, report.Train);
        if (report.HeldOut is { } heldOut && !double.IsFinite(heldOut.Perplexity))
            throw new TrainingDivergedException("the held-out loss", report, heldOut);
    }
}
