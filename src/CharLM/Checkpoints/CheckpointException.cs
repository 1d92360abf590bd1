namespace CharLM.Checkpoints;

/// <summary>A checkpoint could not be read or written; the message begins with the path.</summary>
public sealed class CheckpointException : Exception
{
    /// <summary>What is wrong with which file.</summary>
    public CheckpointException(string path, string problem, Exception? inner = null)
        : base($"{path}: {problem}", inner) => Path = path;

    /// <summary>The file.</summary>
    public string Path { get; }
}
