namespace CharLM.Tokenization;

/// <summary>How a text divides into documents; each ends with an end token, and a model's state is reset at its beginning.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum DocumentKind
{
    /// <summary>No documents: the text is continuous and has no end token.</summary>
    None,

    /// <summary>Each line that is not blank; the end token replaces the line end.</summary>
    Lines,

    /// <summary>Each block of text between blank lines.</summary>
    Paragraphs,

    /// <summary>Each file.</summary>
    Files,
}
