using CharLM.Checkpoints;
using CharLM.Pairs;
using CharLM.Tokenization;
using CharLM.Training;
using static TorchSharp.torch;

namespace CharLM.Workbench.Runs;

/// <summary>
/// A training run of a model on pairs; the whole data flow in order: pairs, vocabs, model, trainer, metrics, checkpoints.
/// </summary>
public sealed class PairRun
{
    private readonly PairRunConfig _config;
    private readonly PairCheckpoint? _start;
    private readonly Device? _device;
    private readonly int _threads;
    private readonly RunSession? _session;

    /// <summary>Creates a run.</summary>
    /// <param name="config">The run's configuration.</param>
    /// <param name="start">A checkpoint to continue: its weights, vocabs and finished epochs; default fresh weights.</param>
    /// <param name="device">The device; default the CPU.</param>
    /// <param name="threads">Threads of the kernels; default 0: one per processor.</param>
    /// <param name="session">The run directory's session, owned by the caller; default null: only a checkpoint is written.</param>
    /// <exception cref="InvalidConfigException">The configuration is invalid, or the checkpoint is of another model.</exception>
    /// <exception cref="ArgumentException">The session is of another kind of run.</exception>
    public PairRun(
        PairRunConfig config, PairCheckpoint? start = null, Device? device = null, int threads = 0, RunSession? session = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        PairCheckpoint? saved = session is null ? null : StartOf(config, session);
        InvalidConfigException.ThrowIfAny(session is { IsResumed: true } ? Errors(config, session) : Errors(config, start));
        (_config, _start, _device, _threads, _session) = (
            config, session is { IsResumed: true } ? saved : start, device, threads, session);
    }

    /// <summary>The clock for checkpoints.</summary>
    internal TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>All errors of a run, in its configuration and its checkpoint; empty if there are none.</summary>
    public static IEnumerable<string> Errors(PairRunConfig config, PairCheckpoint? start = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        IEnumerable<string> errors = config.Errors();
        // Another implementation computes the same model.
        if (start is not null && !Equals(
            config.Model with { Model = config.Model.Model with { Implementation = start.Config.Model.Implementation } }, start.Config))
            errors = errors.Append("the checkpoint's model cannot change: leave its options out");
        if (start is not null && start.Progress.Epochs >= config.Training.EpochCount)
            errors = errors.Append(
                $"the checkpoint has finished {start.Progress.Epochs} epochs already: give --epochs above that to train on");
        return errors;
    }

    /// <summary>All errors of a resumed run, forbidden changes first; empty if there are none.</summary>
    /// <param name="config">The run's configuration.</param>
    /// <param name="session">The run.</param>
    public static IEnumerable<string> Errors(PairRunConfig config, RunSession session)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(session);
        // Compare with the checkpoint, too: somebody may have edited the configuration in the directory.
        IEnumerable<string> conflicts = session.Conflicts(config);
        if (StartOf(config, session) is { } start)
            conflicts = conflicts.Concat(RunConflicts.Between(config with { Model = start.Config, Training = start.Training }, config))
                .Distinct();
        return conflicts.ToList() is { Count: > 0 } found ? found : config.Errors();
    }

    /// <summary>Trains to the last epoch or until cancelled, and writes the checkpoint either way.</summary>
    /// <param name="data">The training pairs.</param>
    /// <param name="heldOut">The held-out pairs, measured after every epoch; null for none.</param>
    /// <param name="progress">Receives the run's events.</param>
    /// <param name="cancellationToken">Ends the run after the current minibatch.</param>
    /// <exception cref="InvalidConfigException">The resumed run had other pairs.</exception>
    /// <exception cref="PairFileException">A pair is invalid; names its line.</exception>
    /// <exception cref="TrainingDivergedException">The loss or its perplexity is not finite; an older checkpoint is unchanged.</exception>
    /// <exception cref="CheckpointException">The checkpoint cannot be written.</exception>
    /// <exception cref="RunDirectoryException">The run directory cannot be used.</exception>
    public RunResult Execute(
        PairFile data, PairFile? heldOut = null, IProgress<RunEvent>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        if (_session?.Environment is { } began)
            InvalidConfigException.ThrowIfAny(
                [.. OtherPairs("data", data, began.CorpusSha256), .. OtherPairs("validation", heldOut, began.HeldOutSha256)]);
        using TrainedModel model = _start is null
            ? TrainedModel.Create(_config.Model, data, _config.Training.Seed, _device, _threads)
            : TrainedModel.Open(_start with { Config = _config.Model }, _device, _threads);
        model.CheckLearnable(data);
        // A new model knows its pairs, but for the tokens that are too rare.
        if (_start is not null)
            CheckVocab(model.Vocab, data);
        if (heldOut is not null)
        {
            model.Check(heldOut);
            CheckVocab(model.Vocab, heldOut);
        }
        using var trainer = new PairTrainer(model.Task(data.Pairs), _config.Training);
        var task = new PairTask(_config, model, trainer, data, heldOut);
        bool measuresAsBefore = _session is { IsResumed: true } || (_start?.Corpus.Sha256 == data.Sha256 && heldOut is not null);
        var run = new RunExecution(_config, task, _start, _session, progress, Clock, measuresAsBefore: measuresAsBefore);
        run.Resume();
        _session?.Begin(
            // Full paths, so that a repeated run finds the same files from anywhere.
            _config with { Data = Path.GetFullPath(data.Path), Validation = heldOut is null ? null : Path.GetFullPath(heldOut.Path) },
            RunEnvironment.Capture(data.Record, model.Model.Device.ToString(), _threads, heldOut?.Record));
        return run.Execute(Describe(model, data, heldOut) with { NumFrozen = trainer.NumFrozen }, cancellationToken);
    }

    private static PairCheckpoint? StartOf(PairRunConfig config, RunSession session) =>
        (PairCheckpoint?)session.StartOf(RunKind.Of(config.Model.Kind));

    // Texts in another alphabet would train, or measure, only the unknown token.
    private static void CheckVocab(PairVocab vocab, PairFile pairs)
    {
        if (vocab.ErrorOfLanguage(pairs) is { } error)
            throw new InvalidConfigException([error]);
    }

    private static IEnumerable<string> Unknown(PairVocab vocab, PairFile pairs)
    {
        if (vocab.UnknownInSources(pairs.Pairs.Select(pair => pair.Source)) is { Count: > 0 } read)
            yield return $"the model does not know {Truncated.Quoted(read)} of the sources in {pairs.Path} and reads them as "
                + $"{Vocab.Unknown}";
        if (vocab.UnknownInTargets(pairs.Pairs.Select(pair => pair.Target)) is { Count: > 0 } due)
            yield return $"the model never writes {Truncated.Quoted(due)} of the targets in {pairs.Path}";
    }

    private static IEnumerable<string> OtherPairs(string option, PairFile? pairs, string? was)
    {
        if (pairs?.Sha256 == was)
            yield break;
        yield return pairs is null ? $"{option} is missing: the run had pairs whose SHA-256 is {was}; give the same"
            : was is null ? $"{option} was not given when the run began: leave {pairs.Path} out"
            : $"{pairs.Path} holds other pairs than the run's: its SHA-256 is {pairs.Sha256}, that of the run's {was}; use the same "
                + "pairs";
    }

    private RunDescription Describe(TrainedModel model, PairFile data, PairFile? heldOut) => new()
    {
        Corpus = data.Path,
        Data = new RunData.Pairs
        {
            TrainPairs = data.Pairs.Count,
            HeldOutPairs = heldOut?.Pairs.Count ?? 0,
            SourceTokens = model.Vocab.Source.Count,
            TargetTokens = model.Vocab.Target.Count,
        },
        Model = model.Config.Model,
        NumParameters = model.Model.NumParameters,
        OtherCorpus = _start is null || _start.Corpus.Sha256 == data.Sha256 ? null : _start.Corpus.Name,
        EpochsDone = _start?.Progress.Epochs ?? 0,
        BatchesDone = _session?.BatchesDone ?? 0,
        Warnings =
        [
            .. _session?.Warnings ?? [], .. _start is null ? [] : Unknown(model.Vocab, data),
            .. heldOut is null ? [] : Unknown(model.Vocab, heldOut),
        ],
        RunDirectory = _session?.Directory.Path,
    };
}
