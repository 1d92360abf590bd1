namespace CharLM.Corpora;

/// <summary>What kind of thing a text was read from.</summary>
public enum CorpusOriginKind
{
    /// <summary>A corpus of the catalog.</summary>
    Catalog,

    /// <summary>A file of the user's.</summary>
    File,

    /// <summary>Standard input.</summary>
    StandardInput,
}
