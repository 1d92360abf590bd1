using CharLM.Workbench.Experiments;

namespace CharLM.Cli.Commands;

/// <summary>Failures of trials, kept so that a plan can tell of them.</summary>
internal static class TrialFailures
{
    /// <summary>Keeps one; where that cannot be written, as on a full disk, this run alone tells of it.</summary>
    public static void Record(ExperimentDirectory directory, Trial trial, string problem)
    {
        try
        {
            directory.RecordFailure(trial, problem);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Most often the failure itself.
        }
    }
}
