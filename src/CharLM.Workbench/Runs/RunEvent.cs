using CharLM.Training;

namespace CharLM.Workbench.Runs;

/// <summary>An event of a run, reported in order as it happens.</summary>
public abstract record RunEvent
{
    private RunEvent()
    {
    }

    /// <summary>Training begins.</summary>
    /// <param name="Description">The data and the model.</param>
    public sealed record Started(RunDescription Description) : RunEvent;

    /// <summary>A minibatch was trained.</summary>
    public sealed record Step(StepReport Report) : RunEvent;

    /// <summary>An epoch ended.</summary>
    /// <param name="Metrics">Its figures.</param>
    /// <param name="NumEpochs">Epochs of the whole run.</param>
    /// <param name="TotalSteps">Minibatches of the whole run if it is counted in steps; else 0.</param>
    /// <param name="RemainingSeconds">Estimated seconds for the remaining epochs.</param>
    public sealed record Epoch(EpochMetrics Metrics, int NumEpochs, int TotalSteps, double RemainingSeconds) : RunEvent;

    /// <summary>A sample was generated.</summary>
    /// <param name="Number">Number of finished epochs.</param>
    /// <param name="Text">The prefix and its continuation; for pairs, some sources with predictions.</param>
    /// <param name="IsLast">Whether it is the final sample, which the result has, too.</param>
    public sealed record Sample(int Number, string Text, bool IsLast = false) : RunEvent;

    /// <summary>Early stopping: the held-out result did not improve within the patience.</summary>
    /// <param name="Epochs">Epochs without improvement.</param>
    public sealed record StoppedEarly(int Epochs) : RunEvent;

    /// <summary>The trained model was measured on unseen text.</summary>
    public sealed record Unseen(UnseenFigures Figures) : RunEvent;

    /// <summary>A checkpoint was written.</summary>
    public sealed record Saved(string Path) : RunEvent;
}
