using CharLM.Models;
using CharLM.Pairs;
using CharLM.Training;

namespace CharLM.Workbench.Runs;

/// <summary>The configuration of a training run of a model on pairs, from files to a checkpoint.</summary>
public sealed record PairRunConfig : RunSettings
{
    private static readonly TrainerConfig OfText = new();

    /// <summary>Creates the default configuration for a model.</summary>
    /// <param name="model">The model's configuration, which determines the kind of run.</param>
    public PairRunConfig(PairConfig model)
    {
        ArgumentNullException.ThrowIfNull(model);
        (Model, Kind, CheckpointPath) = (model, model.Kind, Path.Combine("checkpoints", $"{model.Kind}.safetensors"));
    }

    /// <summary>The kind of model; any other value than the model's own is refused.</summary>
    public string Kind { get; init; }

    /// <summary>The file of training pairs; required.</summary>
    public string Data { get; init; } = "";

    /// <summary>The file of held-out pairs; default null: none.</summary>
    public string? Validation { get; init; }

    /// <summary>The model's configuration.</summary>
    public PairConfig Model { get; init; }

    /// <summary>The training configuration; default 20 epochs of Adam with a learning rate of 0.002, in minibatches of 64.</summary>
    public override TrainerConfig Training { get; init; } = new()
    {
        NumEpochs = 20,
        BatchSize = 64,
        Optimizer = OptimizerKind.Adam,
        LearningRate = 0.002,
    };

    /// <inheritdoc/>
    public override bool HoldsOut => Validation is not null;

    /// <inheritdoc/>
    internal override (string Data, string Model) ShortNames => (Data, $"{ModelKind}-{Model.Model.ShortName}");

    /// <inheritdoc/>
    internal override string ModelKind => Model.Kind;

    /// <inheritdoc/>
    internal override ModelConfig Network => Model.Model;

    /// <inheritdoc/>
    internal override string? WhatSpansAllEpochs => base.WhatSpansAllEpochs ?? Model.WhatSpansAllEpochs;

    /// <inheritdoc/>
    public override IEnumerable<string> Errors()
    {
        foreach (string error in Model.Errors().Concat(Training.Errors()))
            yield return error;
        if (Training.EpochLength > 0)
            yield return "steps and steps-per-epoch are for texts: pairs are learned in whole passes, by epochs";
        if (Training.Ridge is not null)
            yield return "ridge is for language models on texts: leave it out";
        if (Training.SampledSoftmax > 0)
            yield return "sampled-softmax is for language models on texts: leave it out";
        if (Kind != Model.Kind)
            yield return $"kind must be {Model.Kind}, not {Kind}";
        if (string.IsNullOrWhiteSpace(Data))
            yield return "data must name a file of pairs: give --data";
        if (Validation is { } validation && string.IsNullOrWhiteSpace(validation))
            yield return "validation must name a file of pairs";
        if (ReadsRunningText)
            yield return "num_steps, sampling, reset_every, train_windows, validation_windows, truncation and truncation_keep are about "
                + "running text: leave them as they are";
        foreach (string error in SharedErrors("better held-out pairs", "give --validation"))
            yield return error;
    }

    private bool ReadsRunningText => Training != Training with
    {
        NumSteps = OfText.NumSteps,
        Sampling = OfText.Sampling,
        ResetEvery = OfText.ResetEvery,
        TrainWindows = OfText.TrainWindows,
        ValidationWindows = OfText.ValidationWindows,
        Truncation = OfText.Truncation,
        TruncationKeep = OfText.TruncationKeep,
    };
}
