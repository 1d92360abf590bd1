using CharLM.Checkpoints;
using CharLM.Evaluation;
using CharLM.Pairs;
using CharLM.Training;

namespace CharLM.Workbench.Runs;

/// <summary>A model that learns pairs, as a run asks for it.</summary>
internal sealed class SequenceSubject<TModel, TConfig>(
    SequenceRunConfig<TConfig> config, TModel model, SequenceTrainer trainer, PairFile data, PairFile? heldOut) : IRunSubject<SequenceCheckpoint<TConfig>>
    where TModel : TrainedModel<TModel, TConfig>, ITrainedModel<TModel, TConfig>
    where TConfig : class, ISequenceConfig, new()
{
    private const int SampledPairs = 5;

    /// <inheritdoc/>
    public EpochTrainer Trainer => trainer;

    /// <inheritdoc/>
    public (Nats? Loss, IReadOnlyList<Measure> Figures) MeasureHeldOut(CancellationToken cancellationToken) => heldOut is null
        ? (null, [])
        : (model.Loss(heldOut.Pairs, cancellationToken), model.Figures(heldOut.Pairs, cancellationToken));

    /// <summary>The first held-out pairs: source, prediction, target, with tabs between; null when none are held out.</summary>
    public string? Sample()
    {
        if (heldOut is null)
            return null;
        TextPair[] some = [.. heldOut.Pairs.Take(SampledPairs)];
        IReadOnlyList<string> predictions = model.Predict([.. some.Select(pair => pair.Source)]);
        return string.Join('\n', some.Zip(predictions, (pair, prediction) => $"{pair.Source}\t{prediction}\t{pair.Target}"));
    }

    /// <inheritdoc/>
    public SequenceCheckpoint<TConfig> Checkpoint(Figures figures, ResumeState? resume) => model.Copy(config.Training, data, figures) with { Resume = resume };

    /// <inheritdoc/>
    public object Metrics(EpochReport epoch, long step) => SequenceMetrics.Of(epoch, step);

    /// <inheritdoc/>
    public object Summary(RunOutcome outcome) => new SequenceSummary
    {
        Data = data.Path,
        DataSha256 = data.Sha256,
        Pairs = data.Pairs.Count,
        Parameters = model.Model.NumParameters,
        Epochs = outcome.Figures.Epochs,
        Steps = outcome.Steps,
        TrainLoss = outcome.LastEpoch?.Train.Mean,
        HeldOut = outcome.LastEpoch is { Measures: { Count: > 0 } measures } ? Measure.ByKey(measures) : null,
        BestHeldOut = outcome.Figures.BestHeldOutMeasure ?? outcome.Figures.BestHeldOutLoss,
        BestEpoch = outcome.Figures.BestEpoch,
        StoppedEarly = outcome.StoppedEarly,
        TrainedSeconds = outcome.Figures.TrainedSeconds,
    };
}
