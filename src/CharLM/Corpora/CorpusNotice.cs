namespace CharLM.Corpora;

/// <summary>Something a person may want to know while a corpus is fetched.</summary>
/// <param name="Kind">What it is about.</param>
/// <param name="Message">One line.</param>
public sealed record CorpusNotice(CorpusNoticeKind Kind, string Message)
{
    /// <summary>Whether it is to be shown always; the others are details of a download that may still succeed.</summary>
    public bool IsWarning => Kind is CorpusNoticeKind.Corrupt or CorpusNoticeKind.Fallback;
}
