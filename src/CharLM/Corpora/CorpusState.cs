namespace CharLM.Corpora;

/// <summary>What this machine has of a corpus.</summary>
public enum CorpusState
{
    /// <summary>No file.</summary>
    Missing,

    /// <summary>The file has the catalogued size and SHA-256.</summary>
    Verified,

    /// <summary>There is a file, but with other bytes, or it cannot be read; it is never used.</summary>
    Corrupt,
}
