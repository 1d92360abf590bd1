namespace CharLM.Corpora;

/// <summary>No corpus has the name that was asked for: a mistake of usage, where every other failure is one of the world.</summary>
public sealed class UnknownCorpusException : CorpusException
{
    internal UnknownCorpusException(string name, IReadOnlyList<string> known)
        : this(name, known, EditDistance.Nearest(name, known))
    {
    }

    private UnknownCorpusException(string name, IReadOnlyList<string> known, string? nearest)
        : base($"no corpus is named {Display.Quote(name)}{(nearest is null ? "" : $"; did you mean '{nearest}'?")}"
            + $" (known: {string.Join(", ", known)}; or the path of a text file)")
    {
        Name = name;
        Known = known;
        Nearest = nearest;
    }

    /// <summary>The name that was asked for.</summary>
    public string Name { get; }

    /// <summary>The names there are.</summary>
    public IReadOnlyList<string> Known { get; }

    /// <summary>The known name with the least edits to <see cref="Name"/>; null when more than half of it would have to change.</summary>
    public string? Nearest { get; }
}
