namespace CharLM.Workbench.Experiments;

/// <summary>How a trial stands, and what is known of it.</summary>
/// <param name="Trial">The trial.</param>
/// <param name="State">How it stands.</param>
public sealed record TrialStatus(Trial Trial, TrialState State)
{
    /// <summary>What it has reached so far; null before its first epoch.</summary>
    public TrialProgress? Progress { get; init; }

    /// <summary>What it reached; null unless it is finished.</summary>
    public TrialResult? Result { get; init; }

    /// <summary>Why it failed; null unless it did.</summary>
    public string? Problem { get; init; }

    /// <summary>What a person should know of the run that ended just now: a checkpoint that is damaged, another machine than before.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}
