using CharLM.Training;

namespace CharLM.Workbench.Runs;

/// <summary>Something that happened in a run, told in order and at once.</summary>
public abstract record RunEvent
{
    private RunEvent()
    {
    }

    /// <summary>Training begins.</summary>
    /// <param name="Description">What is trained on what.</param>
    public sealed record Started(RunDescription Description) : RunEvent;

    /// <summary>A minibatch was learned.</summary>
    public sealed record Step(StepReport Report) : RunEvent;

    /// <summary>An epoch ended.</summary>
    /// <param name="Metrics">Its figures.</param>
    /// <param name="NumEpochs">Epochs of the whole run.</param>
    /// <param name="TotalSteps">Minibatches of the whole run, where it was told how many; else 0.</param>
    /// <param name="RemainingSeconds">What the remaining epochs will take at the rate so far.</param>
    public sealed record Epoch(EpochMetrics Metrics, int NumEpochs, int TotalSteps, double RemainingSeconds) : RunEvent;

    /// <summary>A sample was drawn.</summary>
    /// <param name="Number">After how many epochs.</param>
    /// <param name="Text">The prefix and its continuation; of models on pairs, what they make of some sources.</param>
    /// <param name="IsLast">Whether it is the one that ends the run, which its result has, too.</param>
    public sealed record Sample(int Number, string Text, bool IsLast = false) : RunEvent;

    /// <summary>What is held out has not become better for as long as the run was to wait.</summary>
    /// <param name="Epochs">Epochs without a better one.</param>
    public sealed record StoppedEarly(int Epochs) : RunEvent;

    /// <summary>The trained model was measured on text that its training did not see.</summary>
    public sealed record Unseen(UnseenFigures Figures) : RunEvent;

    /// <summary>The checkpoint was written.</summary>
    public sealed record Saved(string Path) : RunEvent;
}
