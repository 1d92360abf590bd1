namespace CharLM.Pairs.Translation;

/// <summary>What the source of a pair is.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum SourceKind
{
    /// <summary>A text, read character by character: N to M.</summary>
    Text,

    /// <summary>A label, such as an author, that steers what is written: 1 to N.</summary>
    Label,
}
