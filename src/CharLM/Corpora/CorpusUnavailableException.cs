namespace CharLM.Corpora;

/// <summary>No place gave a corpus; the message has one line for each, with its reason.</summary>
public sealed class CorpusUnavailableException : CorpusException
{
    internal CorpusUnavailableException(string name, IReadOnlyList<SourceFailure> failures)
        : base($"the corpus '{name}' is not to be had:\n"
            + string.Concat(failures.Select(failure => $"  {failure.Source}: {failure.Reason}\n"))
            + "check the network, set a mirror, or give the path of a text file")
    {
        Name = name;
        Failures = failures;
    }

    /// <summary>The corpus's name.</summary>
    public string Name { get; }

    /// <summary>Every place that was tried, in order.</summary>
    public IReadOnlyList<SourceFailure> Failures { get; }
}
