namespace CharLM.Corpora;

/// <summary>What a failed transfer says about trying again.</summary>
internal enum FetchFault
{
    /// <summary>It may pass: a cut or stalled connection, a busy server.</summary>
    Transient,

    /// <summary>Nobody was reached: as <see cref="Transient"/>, but not worth a wait when something else will do.</summary>
    NoConnection,

    /// <summary>The bytes are not the catalogued ones; after a resumed transfer, a whole one may still be right.</summary>
    Mismatch,

    /// <summary>It will not pass.</summary>
    Permanent,
}
