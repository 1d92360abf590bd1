using CharLM.Corpora;
using CharLM.Models;
using CharLM.Tokenization;
using CharLM.Training;

namespace CharLM.Workbench.Runs;

/// <summary>The configuration of a training run of a language model, from a text to a checkpoint.</summary>
public sealed record RunConfig : RunSettings
{
    private const int MostMinutes = 7 * 24 * 60;

    /// <summary>Creates the default configuration.</summary>
    public RunConfig() => (SampleEvery, CheckpointPath) = (null, DefaultCheckpointPath);

    /// <summary>
    /// The text, or several read as one: names of the catalog, files, folders, "-" for standard input, or "auto", the default.
    /// </summary>
    public CorpusNames Corpus { get; init; } = CorpusResolver.Auto;

    /// <summary>How to tokenize and split the text.</summary>
    public TextConfig Text { get; init; } = new();

    /// <summary>The model's configuration.</summary>
    public ModelConfig Model { get; init; } = new();

    /// <summary>The training configuration.</summary>
    public override TrainerConfig Training { get; init; } = new();

    /// <summary>
    /// Minutes of training, above 0: as many steps as the machine manages in that time, but no more than <see
    /// cref="TrainerConfig.NumEpochs"/> passes. The run determines the steps at its beginning and writes them to its configuration, which
    /// then repeats it exactly. Default null: <see cref="TrainerConfig.NumEpochs"/> alone.
    /// </summary>
    public double? Minutes { get; init; }

    /// <summary>
    /// For a run that continues a checkpoint: whether to add tokens of the text that the checkpoint's vocab lacks; default false: they are
    /// read as <see cref="Vocab.Unknown"/>.
    /// </summary>
    public bool ExtendVocab { get; init; }

    /// <summary>The prefix of samples; default "time traveller"; may be empty for documents.</summary>
    public string Prefix { get; init; } = "time traveller";

    /// <summary>The temperature of samples, 0 or above; default 0: greedy, as in the book.</summary>
    public double SampleTemperature { get; init; }

    /// <summary>Tokens per sample, 1 to 1,000,000; default 50.</summary>
    public int SampleLength { get; init; } = 50;

    /// <summary>The default path for training to write a model and for generation to read it.</summary>
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
            // The names of the weights do not depend on the vocab.
            foreach (string error in FrozenParts.Errors(Training.Freeze, [.. WeightShapes.Of(Model, vocabSize: 1).Keys]))
                yield return error;
        }
        foreach (string error in Training.RidgeErrors(Model).Concat(Training.SampledSoftmaxErrors(Model)))
            yield return error;
        if (Training.Ridge is not null && Minutes is not null)
            yield return "ridge takes one pass over the text, however long that is: leave minutes out";
        if (ExtendVocab && Text.Token is not (TokenKind.Char or TokenKind.Word))
            yield return $"extend-vocab is for characters and words: a vocab of {Choices.NameOf(Text.Token)} tokens is always complete";
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

/// <summary>The settings common to all kinds of runs: how often they write, and when they end.</summary>
public abstract record RunSettings
{
    /// <summary>The training configuration.</summary>
    public abstract TrainerConfig Training { get; init; }

    /// <summary>
    /// Epochs between samples; 0: only at the end; null: after 1, 2, 5, 10, 20, 50, ... epochs, since a model changes most at first.
    /// Default null for language models, else 0. The end always has one.
    /// </summary>
    public int? SampleEvery { get; init; } = 0;

    /// <summary>
    /// The interval between checkpoints, with one at the end in any case; default automatic: at most a minute of work is lost, and writing
    /// takes at most 2 % of the time.
    /// </summary>
    public CheckpointInterval CheckpointEvery { get; init; } = CheckpointInterval.Automatic;

    /// <summary>Number of checkpoints that a run directory keeps for resuming, 1 to 1,000; default 3.</summary>
    public int KeepLast { get; init; } = 3;

    /// <summary>Ends the run after this many epochs without a better held-out result; 0 never ends it early; default 0.</summary>
    public int Patience { get; init; }

    /// <summary>
    /// For a cell of the user's own: the file that it was loaded from; default null. It is for people: who goes on names it again, and
    /// nothing is loaded because a configuration says so.
    /// </summary>
    public string? CellsFile { get; init; }

    /// <summary>The SHA-256 of that file, which a run that goes on needs again; default null.</summary>
    public string? CellsSha256 { get; init; }

    /// <summary>
    /// The file of the model with whose weights, vocab and finished epochs the run begins; default null: fresh weights. The command line
    /// reads it; a program gives a run the checkpoint itself.
    /// </summary>
    public string? StartCheckpoint { get; init; }

    /// <summary>The SHA-256 of that file when the run began, without which it would not be the same run; default null.</summary>
    public string? StartSha256 { get; init; }

    /// <summary>The path of the checkpoint.</summary>
    public string CheckpointPath { get; init; } = "";

    /// <summary>The path of the best held-out model: beside the checkpoint, such as last.best.safetensors.</summary>
    public string BestCheckpointPath => Path.ChangeExtension(CheckpointPath, $".best{Path.GetExtension(CheckpointPath)}");

    /// <summary>Whether the run holds out data.</summary>
    public abstract bool HoldsOut { get; }

    /// <summary>The kind of model, as named in files.</summary>
    internal abstract string ModelKind { get; }

    /// <summary>The recurrent layers of the model.</summary>
    internal abstract ModelConfig Network { get; }

    /// <summary>Short names of the data and the model, for the name of a run.</summary>
    internal abstract (string Data, string Model) ShortNames { get; }

    /// <summary>What depends on the total number of epochs, which then cannot change, as text; null for nothing.</summary>
    internal virtual string? WhatSpansAllEpochs =>
        Training.Schedule.Kind == ScheduleKind.Cosine ? "the cosine of the learning rate goes" : null;

    /// <summary>Whether a sample is due after this many epochs.</summary>
    internal bool SamplesAfter(int epochs) => SampleEvery switch
    {
        null => IsOneTwoOrFive(epochs),
        0 => false,
        { } every => epochs % every == 0,
    };

    private static bool IsOneTwoOrFive(int number)
    {
        while (number >= 10 && number % 10 == 0)
            number /= 10;
        return number is 1 or 2 or 5;
    }

    /// <summary>All errors; empty if there are none.</summary>
    public abstract IEnumerable<string> Errors();

    /// <summary>Throws if the configuration has errors.</summary>
    /// <exception cref="InvalidConfigException">Lists every error.</exception>
    public void Validate() => InvalidConfigException.ThrowIfAny(Errors());

    /// <summary>All errors in the common settings.</summary>
    /// <param name="figure">The improvement that early stopping waits for, such as "a better held-out perplexity".</param>
    /// <param name="advice">How to hold something out, as text.</param>
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
