using CharLM.Classification;
using CharLM.Translation;

namespace CharLM.Checkpoints;

/// <summary>What files call the kinds of models that are trained, and which verb of charlm is for each.</summary>
internal static class ModelKind
{
    /// <summary>A language model; its files say nothing of their kind.</summary>
    public const string LanguageModel = "language model";

    /// <summary>The verb that takes the models of a kind, empty for language models: they are what charlm is about.</summary>
    public static string VerbOf(string kind) =>
        kind == ClassifierConfig.Kind ? "classify"
        : kind == TranslatorConfig.Kind ? "seq2seq"
        : "";

    /// <summary>The command that trains the models of a kind.</summary>
    public static string TrainOf(string kind) => $"charlm {VerbOf(kind)} train".Replace("  ", " ", StringComparison.Ordinal);
}
