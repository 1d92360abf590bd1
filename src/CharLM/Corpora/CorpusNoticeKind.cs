namespace CharLM.Corpora;

/// <summary>What a <see cref="CorpusNotice"/> is about.</summary>
public enum CorpusNoticeKind
{
    /// <summary>A source failed and is tried again after a pause.</summary>
    Retry,

    /// <summary>A source failed for good; the next one is tried.</summary>
    SourceFailed,

    /// <summary>Another process downloads the same corpus; its result is waited for.</summary>
    Waiting,

    /// <summary>A file in the cache, or beside the catalog, has the wrong bytes, or is gone from there; it is not used.</summary>
    Corrupt,

    /// <summary>The automatic choice uses the bundled corpus, since the preferred one is not to be had.</summary>
    Fallback,
}
