namespace CharLM.Tokenization;

/// <summary>What the documents of a text are; each ends with a token of its own, and a model's state starts anew at each.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum DocumentKind
{
    /// <summary>The text is one, from beginning to end, and has no token for its end.</summary>
    None,

    /// <summary>Every line that is not blank; its end token stands for the line end.</summary>
    Lines,

    /// <summary>What stands between blank lines.</summary>
    Paragraphs,

    /// <summary>Every file.</summary>
    Files,
}
