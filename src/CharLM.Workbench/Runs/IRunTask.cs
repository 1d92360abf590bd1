using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Evaluation;
using CharLM.Generation;
using CharLM.Models;
using CharLM.Pairs;
using CharLM.Tokenization;
using CharLM.Training;

namespace CharLM.Workbench.Runs;

/// <summary>The training task of a run, as <see cref="RunExecution"/> drives it.</summary>
internal interface IRunTask
{
    /// <summary>The trainer.</summary>
    EpochTrainer Trainer { get; }

    /// <summary>Measures held-out data: its loss, and for models on pairs the figures, the decisive one first.</summary>
    /// <returns>Null and an empty list if nothing is held out.</returns>
    (LossSum? Loss, IReadOnlyList<Metric> Metrics) MeasureHeldOut(CancellationToken cancellationToken);

    /// <summary>Measures the trained model on unseen text; null if training saw all, and for models on pairs.</summary>
    /// <param name="best">The best model, if it is not the last one.</param>
    /// <param name="trainLoss">Nats per token of the last epoch.</param>
    /// <param name="cancellationToken">Checked before each call.</param>
    UnseenFigures? MeasureUnseen(IRunCheckpoint? best, double? trainLoss, CancellationToken cancellationToken);

    /// <summary>Generates a sample; null if there is nothing to show.</summary>
    string? Sample();

    /// <summary>Creates a checkpoint of the model, with its weights copied.</summary>
    /// <param name="figures">The progress of training.</param>
    /// <param name="resume">The state needed to resume; null for a model that is only to be used.</param>
    IRunCheckpoint Checkpoint(TrainingProgress figures, ResumeState? resume);

    /// <summary>Creates the summary for result.json.</summary>
    RunSummary Summary(RunResult result);
}

/// <summary>Training a language model on a text.</summary>
internal sealed class LanguageModelTask(
    RunConfig config, CorpusOrigin corpus, TokenizedText text, TextSketch? trainedText, HeldOutText heldOut, LanguageModel model,
    Trainer trainer) : IRunTask
{
    /// <inheritdoc/>
    public EpochTrainer Trainer => trainer;

    /// <inheritdoc/>
    public (LossSum? Loss, IReadOnlyList<Metric> Metrics) MeasureHeldOut(CancellationToken cancellationToken) =>
        (heldOut.Exists ? heldOut.Measure(model, cancellationToken) : null, []);

    /// <inheritdoc/>
    public UnseenFigures? MeasureUnseen(IRunCheckpoint? best, double? trainLoss, CancellationToken cancellationToken)
    {
        using LanguageModel? other = (best as Checkpoint)?.BuildModel(config.Model.Implementation, model.Device);
        return UnseenFigures.Measure(other ?? model, text, heldOut, config.Text, trainLoss, cancellationToken);
    }

    /// <inheritdoc/>
    public string Sample()
    {
        var tokenizer = Tokenizer.Create(config.Text.Token);
        var generator = new TextGenerator(model, text.Vocab, tokenizer, text.EndId);
        var sampler = new TokenSampler(Sampling.AtTemperature(config.SampleTemperature), config.Training.Seed);
        string prefix = tokenizer.FromText(config.Prefix);
        return tokenizer.ToText(prefix + string.Concat(generator.Continue(prefix, config.SampleLength, sampler)));
    }

    /// <inheritdoc/>
    public IRunCheckpoint Checkpoint(TrainingProgress figures, ResumeState? resume) => new Checkpoint
    {
        Model = model.Config,
        Text = config.Text,
        Vocab = text.Vocab,
        Training = config.Training,
        Corpus = CorpusRecord.Of(corpus, config.Prefix) with { Temperature = config.SampleTemperature },
        TrainedText = trainedText,
        Progress = figures,
        Weights = Checkpoints.Checkpoint.CopyWeights(model),
        Resume = resume,
    };

    /// <inheritdoc/>
    public RunSummary Summary(RunResult result) =>
        RunSummary.Of(new CorpusRecord(corpus.Name, corpus.Sha256), model.NumParameters, result) with
        {
            VocabSize = text.Vocab.Count,
            CharactersPerToken = heldOut.CharactersPerToken(text.Vocab, Tokenizer.Create(config.Text.Token)),
        };
}

/// <summary>Training a model on pairs.</summary>
internal sealed class PairTask(PairRunConfig config, TrainedModel model, PairTrainer trainer, PairFile data, PairFile? heldOut) : IRunTask
{
    private const int SampledPairs = 5;

    /// <inheritdoc/>
    public EpochTrainer Trainer => trainer;

    /// <inheritdoc/>
    public (LossSum? Loss, IReadOnlyList<Metric> Metrics) MeasureHeldOut(CancellationToken cancellationToken) => heldOut is null
        ? (null, [])
        : (model.Loss(heldOut.Pairs, cancellationToken), model.Metrics(heldOut.Pairs, cancellationToken));

    /// <inheritdoc/>
    public UnseenFigures? MeasureUnseen(IRunCheckpoint? best, double? trainLoss, CancellationToken cancellationToken) => null;

    /// <summary>Source, prediction and target of the first held-out pairs, separated by tabs; null if none are held out.</summary>
    public string? Sample()
    {
        if (heldOut is null)
            return null;
        TextPair[] some = [.. heldOut.Pairs.Take(SampledPairs)];
        IReadOnlyList<string> predictions = model.Predict([.. some.Select(pair => pair.Source)]);
        return string.Join('\n', some.Zip(predictions, (pair, prediction) => $"{pair.Source}\t{prediction}\t{pair.Target}"));
    }

    /// <inheritdoc/>
    public IRunCheckpoint Checkpoint(TrainingProgress figures, ResumeState? resume) =>
        model.Copy(config.Training, data, figures) with
        {
            Resume = resume,
        };

    /// <inheritdoc/>
    public RunSummary Summary(RunResult result) => RunSummary.Of(data.Record, model.Model.NumParameters, result) with
    {
        Pairs = data.Pairs.Count,
        BestHeldOut = result.Progress.BestHeldOutMeasure ?? result.Progress.BestHeldOutLoss,
    };
}
