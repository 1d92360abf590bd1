using CharLM.Corpora;
using CharLM.Models;
using CharLM.Tokenization;
using CharLM.Training;

namespace CharLM.Workbench.Runs;

/// <summary>A whole training run of a language model: from a text to a checkpoint.</summary>
public sealed record RunConfig : RunSettings
{
    private const int MostMinutes = 7 * 24 * 60;

    /// <summary>The defaults.</summary>
    public RunConfig() => (SampleEvery, CheckpointPath) = (50, DefaultCheckpointPath);

    /// <summary>
    /// The text, or several that are read as one: each a name of the catalog, a file, a folder, "-" for standard input, or "auto", the
    /// default.
    /// </summary>
    public CorpusNames Corpus { get; init; } = CorpusResolver.Auto;

    /// <summary>How the text becomes token ids.</summary>
    public TextConfig Text { get; init; } = new();

    /// <summary>What the model is made of.</summary>
    public ModelConfig Model { get; init; } = new();

    /// <summary>How it is trained.</summary>
    public override TrainerConfig Training { get; init; } = new();

    /// <summary>
    /// Minutes that training may take, above 0: as many steps as the machine does in that time, but no more than
    /// <see cref="TrainerConfig.NumEpochs"/> passes. The run measures them at its beginning and writes them to its configuration, which
    /// from then on repeats it exactly. Default null: <see cref="TrainerConfig.NumEpochs"/> alone.
    /// </summary>
    public double? Minutes { get; init; }

    /// <summary>
    /// For a run that goes on from a checkpoint: whether tokens of the text that the checkpoint's vocab has not are added to it; default
    /// false: they are read as <see cref="Vocab.Unknown"/>.
    /// </summary>
    public bool ExtendVocab { get; init; }

    /// <summary>What samples continue; default "time traveller"; may be empty where a document begins.</summary>
    public string Prefix { get; init; } = "time traveller";

    /// <summary>The temperature that samples are drawn at, 0 or above; default 0: greedily, as the book does.</summary>
    public double SampleTemperature { get; init; }

    /// <summary>Tokens of a sample, 1 to 1,000,000; default 50.</summary>
    public int SampleLength { get; init; } = 50;

    /// <summary>Where training leaves a model and generation looks for one when nobody says otherwise.</summary>
    public static string DefaultCheckpointPath => Path.Combine("checkpoints", "last.safetensors");

    /// <inheritdoc/>
    public override bool HoldsOut => Text.ValidationFraction > 0 || Training.ValidationWindows > 0;

    /// <inheritdoc/>
    internal override string ModelKind => Checkpoints.ModelKind.LanguageModel;

    /// <inheritdoc/>
    internal override ModelConfig Network => Model;

    /// <inheritdoc/>
    internal override (string Data, string Model) ShortNames => (
        Corpus.IsAuto ? "" : Corpus is [CorpusResolver.StandardInput, ..] ? "stdin" : Path.TrimEndingDirectorySeparator(Corpus[0]),
            Model.ShortName);

    /// <inheritdoc/>
    public override IEnumerable<string> Errors()
    {
        foreach (string error in Text.Errors().Concat(Model.Errors()).Concat(Training.Errors()))
            yield return error;
        if (!Model.Errors().Any())
        {
            // The names of the weights are the same for every vocab.
            foreach (string error in FrozenParts.Errors(Training.Freeze, [.. WeightShapes.Of(Model, vocabSize: 1).Keys]))
                yield return error;
        }
        if (ExtendVocab && Text.Token is not (TokenKind.Char or TokenKind.Word))
            yield return $"extend-vocab is for characters and words: a vocab of {Choices.NameOf(Text.Token)} tokens has them all";
        foreach (string error in Text.Documents == DocumentKind.None ? [] : Training.DocumentErrors(Model))
            yield return error;
        if (Text.Documents == DocumentKind.None && !Tokenizer.Create(Text.Token).Tokenize(Prefix).Any())
            yield return $"prefix must hold at least one {Choices.NameOf(Text.Token)}, not '{Prefix}'";
        if (Minutes is { } minutes && !(minutes > 0 && minutes <= MostMinutes))
            yield return $"minutes must be above 0 and at most {MostMinutes} (a week), not {minutes}";
        if (!(SampleTemperature >= 0 && double.IsFinite(SampleTemperature)))
            yield return $"sample-temperature must be 0 or above and finite, not {SampleTemperature}";
        if (SampleLength is < 1 or > 1_000_000)
            yield return $"length must be 1 to 1000000, not {SampleLength}";
        foreach (string error in SharedErrors("a better held-out perplexity", "hold something out, with --validation-fraction say"))
            yield return error;
        if (Text.ValidationFraction > 0 && Training.ValidationWindows > 0)
            yield return "validation-fraction and validation-windows are two ways to hold out: take one";
        if (Corpus.Count == 0 || Corpus.Any(string.IsNullOrWhiteSpace))
            yield return $"corpus must name a text, such as {CorpusResolver.Auto}";
    }
}

/// <summary>What every run is told, whatever it trains: how often it writes, and when it ends.</summary>
public abstract record RunSettings
{
    /// <summary>How the model is trained.</summary>
    public abstract TrainerConfig Training { get; init; }

    /// <summary>
    /// A sample is drawn after every so many epochs, and at the end; 0 only at the end; default 50 for language models, else 0.
    /// </summary>
    public int SampleEvery { get; init; }

    /// <summary>
    /// How often the checkpoint is written; at the end in any case; default often enough that at most a minute is lost, and seldom
    /// enough that at most 2 % of the time goes into writing.
    /// </summary>
    public CheckpointInterval CheckpointEvery { get; init; } = CheckpointInterval.Automatic;

    /// <summary>How many checkpoints a run directory keeps to go on from, 1 to 1,000; default 3.</summary>
    public int KeepLast { get; init; } = 3;

    /// <summary>
    /// The run ends after so many epochs in which what is held out did not become better; 0 goes to the last; default 0.
    /// </summary>
    public int Patience { get; init; }

    /// <summary>
    /// For a cell of the user's own: the file that it was loaded from; default null. It is for people: who goes on names it again, and
    /// nothing is loaded because a configuration says so.
    /// </summary>
    public string? CellsFile { get; init; }

    /// <summary>The SHA-256 of that file, which a run that goes on needs again; default null.</summary>
    public string? CellsSha256 { get; init; }

    /// <summary>The checkpoint's file.</summary>
    public string CheckpointPath { get; init; } = "";

    /// <summary>Where the model that is best on what is held out goes: beside the checkpoint, last.best.safetensors say.</summary>
    public string BestCheckpointPath => Path.ChangeExtension(CheckpointPath, $".best{Path.GetExtension(CheckpointPath)}");

    /// <summary>Whether anything is held out.</summary>
    public abstract bool HoldsOut { get; }

    /// <summary>What files call the kind of model that is trained.</summary>
    internal abstract string ModelKind { get; }

    /// <summary>The recurrent layers of the model.</summary>
    internal abstract ModelConfig Network { get; }

    /// <summary>What is learned and by what, for the name of a run.</summary>
    internal abstract (string Data, string Model) ShortNames { get; }

    /// <summary>What, in words, depends on how many epochs there are in all, so that they cannot change; null for nothing.</summary>
    internal virtual string? WhatSpansAllEpochs =>
        Training.Schedule.Kind == ScheduleKind.Cosine ? "the cosine of the learning rate goes" : null;

    /// <summary>Every error of the configuration, empty when there is none.</summary>
    public abstract IEnumerable<string> Errors();

    /// <summary>Throws when the configuration has an error.</summary>
    /// <exception cref="InvalidConfigException">Lists every error.</exception>
    public void Validate() => InvalidConfigException.ThrowIfAny(Errors());

    /// <summary>Every error of what all runs are told.</summary>
    /// <param name="figure">What early stopping waits for, such as "a better held-out perplexity".</param>
    /// <param name="advice">How to hold something out, in words.</param>
    private protected IEnumerable<string> SharedErrors(string figure, string advice)
    {
        if (SampleEvery < 0)
            yield return $"sample-every must be 0 (only at the end) or more, not {SampleEvery}";
        if (CheckpointEvery.Amount < 0)
            yield return $"checkpoint-every must be 0 (only at the end) or more, not {CheckpointEvery}";
        if (KeepLast is < 1 or > 1000)
            yield return $"keep-last must be 1 to 1000, not {KeepLast}";
        if (Patience < 0)
            yield return $"patience must be 0 (never) or more, not {Patience}";
        if (Patience > 0 && !HoldsOut)
            yield return $"patience waits for {figure}: {advice}";
        if (Training.Schedule.Kind == ScheduleKind.Plateau && !HoldsOut)
            yield return $"schedule plateau waits for {figure}: {advice}";
        if (string.IsNullOrWhiteSpace(CheckpointPath))
            yield return "out must name a file";
    }
}
