namespace CharLM.Experiments;

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

    /// <summary>It could not be done.</summary>
    Failed,
}
