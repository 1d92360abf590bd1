namespace CharLM.Corpora;

/// <summary>The cache of corpora cannot be written.</summary>
public sealed class CorpusCacheException : CorpusException
{
    internal CorpusCacheException(string directory, Exception inner)
        : base($"cannot write to the corpus cache {Display.Quote(directory)}: {Display.OneLine(inner.Message)}; choose another cache directory", inner) =>
        Directory = directory;

    /// <summary>The full path of the cache directory.</summary>
    public string Directory { get; }
}
