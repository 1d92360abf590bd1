namespace CharLM.Checkpoints;

/// <summary>The names of model kinds in files, and charlm's verb for each.</summary>
internal static class ModelKind
{
    /// <summary>The key of a file's metadata that names its kind.</summary>
    public const string Key = "kind";

    /// <summary>A language model; its files do not name their kind.</summary>
    public const string LanguageModel = "language model";

    /// <summary>A model that labels texts.</summary>
    public const string Classifier = "classifier";

    /// <summary>A model that turns one text into another.</summary>
    public const string Translator = "translator";

    /// <summary>The verb for models of a kind; empty for language models, which charlm's top-level verbs take.</summary>
    public static string VerbOf(string kind) =>
        kind == Classifier ? "classify"
        : kind == Translator ? "seq2seq"
        : "";

    /// <summary>The command that trains models of a kind.</summary>
    public static string TrainOf(string kind) => $"charlm {VerbOf(kind)} train".Replace("  ", " ", StringComparison.Ordinal);
}
