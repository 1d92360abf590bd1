namespace CharLM.Workbench.Runs;

/// <summary>What the time between checkpoints is counted in.</summary>
public enum CheckpointUnit
{
    /// <summary>Passes over the text.</summary>
    Epochs,

    /// <summary>Minibatches.</summary>
    Steps,

    /// <summary>Minutes of training.</summary>
    Minutes,

    /// <summary>
    /// Nothing: a checkpoint is written when about 50 seconds have passed, so that at most a minute of work can be lost; where
    /// writing takes so long that it would be more than 2 % of the time, more seldom.
    /// </summary>
    Automatic,
}
