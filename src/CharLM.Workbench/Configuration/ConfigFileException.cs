namespace CharLM.Workbench.Configuration;

/// <summary>A configuration file that cannot be used; the message begins with the file and the line.</summary>
public sealed class ConfigFileException : Exception
{
    /// <summary>What is wrong where.</summary>
    /// <param name="path">The file.</param>
    /// <param name="line">The line, from 1; null when it is the file as a whole.</param>
    /// <param name="problem">What is wrong.</param>
    /// <param name="inner">What brought it to light.</param>
    public ConfigFileException(string path, long? line, string problem, Exception? inner = null)
        : base(line is null ? $"{path}: {problem}" : $"{path}:{line}: {problem}", inner)
    {
        (Path, Line) = (path, line);
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The line, from 1.</summary>
    public long? Line { get; }
}
