using CharLM.Corpora;
using CharLM.Models;
using CharLM.Tokenization;
using CharLM.Training;

namespace CharLM.Workbench.Runs;

/// <summary>A whole training run of a language model: from a text to a checkpoint.</summary>
public sealed record RunConfig : RunSettings
{
    /// <summary>The defaults.</summary>
    public RunConfig() => (SampleEvery, CheckpointPath) = (50, DefaultCheckpointPath);

    /// <summary>The text: a name of the catalog, a file, "-" for standard input, or "auto", the default.</summary>
    public string Corpus { get; init; } = CorpusResolver.Auto;

    /// <summary>How the text becomes token ids.</summary>
    public TextConfig Text { get; init; } = new();

    /// <summary>What the model is made of.</summary>
    public ModelConfig Model { get; init; } = new();

    /// <summary>How it is trained.</summary>
    public override TrainerConfig Training { get; init; } = new();

    /// <summary>What samples continue; default "time traveller".</summary>
    public string Prefix { get; init; } = "time traveller";

    /// <summary>Tokens of a sample, 1 to 1,000,000; default 50.</summary>
    public int SampleLength { get; init; } = 50;

    /// <summary>Where training leaves a model and generation looks for one when nobody says otherwise.</summary>
    public static string DefaultCheckpointPath => Path.Combine("checkpoints", "last.safetensors");

    /// <inheritdoc/>
    public override bool HoldsOut => Text.ValidationFraction > 0 || Training.ValidationWindows > 0;

    /// <inheritdoc/>
    internal override string ModelKind => Checkpoints.ModelKind.LanguageModel;

    /// <inheritdoc/>
    public override IEnumerable<string> Faults()
    {
        foreach (string fault in Text.Faults().Concat(Model.Faults()).Concat(Training.Faults()))
            yield return fault;
        if (!Tokenizer.Create(Text.Token).Tokenize(Prefix).Any())
            yield return $"prefix must hold at least one {Choices.NameOf(Text.Token)}, not '{Prefix}'";
        if (SampleLength is < 1 or > 1_000_000)
            yield return $"length must be 1 to 1000000, not {SampleLength}";
        foreach (string fault in SharedFaults("a better held-out perplexity", "hold something out, with --validation-fraction say"))
            yield return fault;
        if (Text.ValidationFraction > 0 && Training.ValidationWindows > 0)
            yield return "validation-fraction and validation-windows are two ways to hold out: take one";
        if (string.IsNullOrWhiteSpace(Corpus))
            yield return $"corpus must name a text, such as {CorpusResolver.Auto}";
    }
}
