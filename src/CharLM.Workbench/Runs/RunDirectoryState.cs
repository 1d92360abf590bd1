namespace CharLM.Workbench.Runs;

/// <summary>How a run directory stands.</summary>
public enum RunDirectoryState
{
    /// <summary>There is no run.</summary>
    Absent,

    /// <summary>A process works in it.</summary>
    Running,

    /// <summary>The run ended before its last epoch.</summary>
    Resumable,

    /// <summary>The run reached its end.</summary>
    Complete,
}
