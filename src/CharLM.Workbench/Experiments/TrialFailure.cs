namespace CharLM.Workbench.Experiments;

/// <summary>Why a trial failed when it was last run: its <c>failure.json</c>.</summary>
internal sealed record TrialFailure
{
    /// <summary>The reason, in a sentence.</summary>
    public required string Problem { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset Time { get; init; }
}
