namespace CharLM.Corpora;

/// <summary>A corpus cannot be had or used; the message says which, why and what to do next.</summary>
public abstract class CorpusException : Exception
{
    private protected CorpusException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
