using CharLM.Checkpoints;
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

    /// <summary>Training on pairs begins.</summary>
    /// <param name="Description">What is trained on what.</param>
    public sealed record StartedOnPairs(SequenceDescription Description) : RunEvent;

    /// <summary>A minibatch was learned.</summary>
    public sealed record Step(StepReport Report) : RunEvent;

    /// <summary>An epoch ended.</summary>
    public sealed record Epoch(EpochReport Report) : RunEvent;

    /// <summary>A sample was drawn.</summary>
    /// <param name="Number">After how many epochs.</param>
    /// <param name="Text">The prefix and its continuation; of models on pairs, what they make of some sources.</param>
    public sealed record Sample(int Number, string Text) : RunEvent;

    /// <summary>What is held out has not become better for as long as the run was to wait.</summary>
    /// <param name="Epochs">Epochs without a better one.</param>
    public sealed record StoppedEarly(int Epochs) : RunEvent;

    /// <summary>The checkpoint was written.</summary>
    public sealed record Saved(string Path) : RunEvent;
}

/// <summary>How a run of any kind ended.</summary>
/// <param name="LastEpoch">The last epoch that was finished in this process; null when none was.</param>
/// <param name="Figures">What was reached, earlier processes included.</param>
/// <param name="Steps">Minibatches that were learned since the run began.</param>
/// <param name="StoppedEarly">Whether what is held out became no better for as long as the run was to wait.</param>
/// <param name="Interrupted">Whether the run was asked to end before its last epoch.</param>
/// <param name="Sample">The last sample; null when the run was interrupted, or there was nothing to show.</param>
/// <param name="CheckpointPath">The checkpoint that was written.</param>
/// <param name="BestCheckpointPath">The model that is best on what is held out; null when nothing is.</param>
/// <param name="RunDirectory">Where all of the run is; null when only a checkpoint is written.</param>
internal sealed record RunOutcome(
    EpochReport? LastEpoch, Figures Figures, long Steps, bool StoppedEarly, bool Interrupted, string? Sample, string CheckpointPath,
        string? BestCheckpointPath, string? RunDirectory);
