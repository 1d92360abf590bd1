namespace CharLM.Workbench.Runs;

/// <summary>A run directory cannot be used; the message begins with the path.</summary>
public sealed class RunDirectoryException : Exception
{
    /// <summary>What is wrong with which run directory.</summary>
    public RunDirectoryException(string path, string problem, Exception? inner = null)
        : base($"{path}: {problem}", inner) => Path = path;

    /// <summary>The run directory, or a file of it.</summary>
    public string Path { get; }

    /// <summary>Whether another process works in it, so that the same call may do later.</summary>
    public bool IsBusy { get; init; }
}
