namespace CharLM.Corpora;

/// <summary>The catalog of corpora cannot be read, or is faulty.</summary>
public sealed class CorpusCatalogException : CorpusException
{
    internal CorpusCatalogException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
