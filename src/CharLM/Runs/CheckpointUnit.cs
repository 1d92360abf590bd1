namespace CharLM.Runs;

/// <summary>What the time between checkpoints is counted in.</summary>
public enum CheckpointUnit
{
    /// <summary>Passes over the text.</summary>
    Epochs,

    /// <summary>Minibatches.</summary>
    Steps,

    /// <summary>Minutes of training.</summary>
    Minutes,
}
