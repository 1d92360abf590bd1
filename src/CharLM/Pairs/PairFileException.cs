namespace CharLM.Pairs;

/// <summary>A file of pairs cannot be used; the message begins with the path and, where there is one, the line.</summary>
public sealed class PairFileException : Exception
{
    /// <summary>What is wrong in which line.</summary>
    public PairFileException(string path, int line, string problem)
        : base($"{path}, line {line}: {problem}") => (Path, Line) = (path, line);

    /// <summary>What is wrong with the whole file.</summary>
    public PairFileException(string path, string problem)
        : base($"{path}: {problem}") => Path = path;

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The line, from 1; null when it is no single one.</summary>
    public int? Line { get; }
}
