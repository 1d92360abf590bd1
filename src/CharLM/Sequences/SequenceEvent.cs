using CharLM.Training;

namespace CharLM.Sequences;

/// <summary>Something that happened in a <see cref="SequenceRun"/>, told in order and at once.</summary>
public abstract record SequenceEvent
{
    private SequenceEvent()
    {
    }

    /// <summary>A minibatch was learned.</summary>
    public sealed record Step(StepReport Report) : SequenceEvent;

    /// <summary>An epoch ended.</summary>
    /// <param name="Report">What training told.</param>
    /// <param name="HeldOut">What the held-out pairs told; empty when none are held out.</param>
    public sealed record Epoch(EpochReport Report, IReadOnlyList<Measure> HeldOut) : SequenceEvent;

    /// <summary>The checkpoint was written.</summary>
    public sealed record Saved(string Path) : SequenceEvent;
}
