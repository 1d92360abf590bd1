namespace CharLM.Corpora;

/// <summary>One place that a corpus is fetched from.</summary>
internal abstract class SourceFetch
{
    public abstract string Label { get; }

    // Leaves the verified corpus in `partial`, or throws a FetchException.
    public abstract Task FetchAsync(PartialFile partial, CancellationToken cancellationToken);
}
