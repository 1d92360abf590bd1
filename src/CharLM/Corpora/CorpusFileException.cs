namespace CharLM.Corpora;

/// <summary>A text file, or standard input, cannot be used as a corpus.</summary>
public sealed class CorpusFileException : CorpusException
{
    internal CorpusFileException(CorpusFileFault fault, string location, string message, Exception? inner = null)
        : base(message, inner)
    {
        Fault = fault;
        Location = location;
    }

    /// <summary>What is wrong.</summary>
    public CorpusFileFault Fault { get; }

    /// <summary>The path, or "standard input".</summary>
    public string Location { get; }

    /// <summary>The offset in bytes, from 0, of the first byte that is no UTF-8; null for other faults.</summary>
    public long? ByteOffset { get; internal init; }
}
