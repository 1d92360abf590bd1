namespace CharLM.Workbench.Experiments;

/// <summary>How a trial stands.</summary>
public enum TrialState
{
    /// <summary>It has not begun.</summary>
    Waiting,

    /// <summary>It runs, here or in another process.</summary>
    Running,

    /// <summary>It was ended before its last epoch, and goes on when it is run again.</summary>
    Resumable,

    /// <summary>It reached its end.</summary>
    Finished,

    /// <summary>It could not be done; it is tried again when it is run again.</summary>
    Failed,

    /// <summary>It was to be run, but another process works on it.</summary>
    Busy,
}
