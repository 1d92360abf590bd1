namespace CharLM.Training;

/// <summary>The loss is no longer a finite number: going on would only spread it.</summary>
public sealed class TrainingDivergedException : Exception
{
    /// <summary>Names the step, the gradient norm and what to try.</summary>
    public TrainingDivergedException(int epoch, int batch, double loss, double gradientNorm, double learningRate)
        : base($"the loss became {loss} at epoch {epoch}, minibatch {batch} (gradient norm {gradientNorm:g4}, learning rate {learningRate:g4}); "
            + "try a smaller --lr or a smaller --clip above 0")
    {
        (Epoch, Batch, GradientNorm) = (epoch, batch, gradientNorm);
    }

    /// <summary>Which epoch, from 1.</summary>
    public int Epoch { get; }

    /// <summary>Which minibatch of it, from 1.</summary>
    public int Batch { get; }

    /// <summary>Global norm of the gradients before clipping; not finite when the loss was not.</summary>
    public double GradientNorm { get; }
}
