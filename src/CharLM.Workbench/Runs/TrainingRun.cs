using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Models;
using CharLM.Tokenization;
using CharLM.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Workbench.Runs;

/// <summary>
/// A training run of a language model; the whole data flow in order: corpus, tokens, model, trainer, reports, checkpoint, samples.
/// </summary>
public sealed class TrainingRun
{
    private const int MostNamed = 10;

    private RunConfig _config;
    private Checkpoint? _start;
    private readonly Device? _device;
    private readonly int _threads;
    private readonly RunSession? _session;

    /// <summary>The clock for checkpoints.</summary>
    internal TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>The ranks that train together, each with a run of its own; default null: this process alone.</summary>
    internal IGradientExchange? Exchange { get; init; }

    /// <summary>Creates a run.</summary>
    /// <param name="config">The run's configuration.</param>
    /// <param name="start">A checkpoint to continue: its weights, vocab and finished epochs; default fresh weights.</param>
    /// <param name="device">The device; default the CPU.</param>
    /// <param name="threads">Threads of the fused kernels; default 0: the fastest number.</param>
    /// <param name="session">The run directory's session, owned by the caller; default null: only a checkpoint is written.</param>
    /// <exception cref="InvalidConfigException">The configuration is invalid, or the checkpoint is of another model.</exception>
    /// <exception cref="ArgumentException">The session is of another kind of run.</exception>
    public TrainingRun(
        RunConfig config, Checkpoint? start = null, Device? device = null, int threads = 0, RunSession? session = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        Checkpoint? saved = session is null ? null : StartOf(session);
        InvalidConfigException.ThrowIfAny(session is { IsResumed: true } ? Errors(config, session) : Errors(config, start));
        (_config, _start, _device, _threads, _session) = (
            config, session is { IsResumed: true } ? saved : start, device, threads, session);
    }

    /// <summary>All errors of a run, in its configuration and its checkpoint; empty if there are none.</summary>
    public static IEnumerable<string> Errors(RunConfig config, Checkpoint? start = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (start is null && config.ExtendVocab)
            return [.. config.Errors(), "extend-vocab adds tokens to an existing model's vocab: name the model with --checkpoint"];
        // A changed cell would cause misleading errors.
        return start is not null && Conflicts(config, start).ToList() is { Count: > 0 } conflicts ? conflicts : config.Errors();
    }

    /// <summary>All errors of a resumed run, forbidden changes first; empty if there are none.</summary>
    /// <param name="config">The run's configuration.</param>
    /// <param name="session">The run.</param>
    public static IEnumerable<string> Errors(RunConfig config, RunSession session)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(session);
        // Compare with the checkpoint, too: somebody may have edited the configuration in the directory.
        IEnumerable<string> conflicts = session.Conflicts(config);
        if (StartOf(session) is { } start)
            conflicts = conflicts.Concat(
                RunConflicts.Between(
                    config with { Text = start.Text, Model = start.Model, Training = start.Training },
                        config with { Model = config.Model.Resolved() })).Distinct();
        return conflicts.ToList() is { Count: > 0 } found ? found : config.Errors();
    }

    /// <summary>
    /// Trains to the last epoch or until cancelled, and writes the checkpoint either way. Of several ranks, only rank 0 measures and
    /// writes.
    /// </summary>
    /// <param name="corpus">The text.</param>
    /// <param name="progress">Receives the run's events.</param>
    /// <param name="cancellationToken">Ends the run after the current minibatch.</param>
    /// <exception cref="InvalidConfigException">Most tokens of the text are not in the vocab.</exception>
    /// <exception cref="Batching.CorpusTooShortException">The text does not fill one minibatch.</exception>
    /// <exception cref="TrainingDivergedException">The loss or its perplexity is not finite; an older checkpoint is unchanged.</exception>
    /// <exception cref="CheckpointException">The checkpoint cannot be written.</exception>
    /// <exception cref="RunDirectoryException">The run directory cannot be used.</exception>
    public RunResult Execute(CorpusText corpus, IProgress<RunEvent>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        WindowCounts windows = _config.Training.Windows;
        (TokenizedText text, int added, long unknown) = Exchange.Together(() => Tokenize(corpus, windows, cancellationToken));
        var heldOut = new HeldOutText(text.HeldOut, windows.Train == 0 ? 0 : windows.Length, _config.Text.TestFraction > 0, text.EndId);
        if (Exchange is not null)
            RankAgreement.Check(Exchange, _config, corpus.Origin.Sha256);
        if (_config is { Minutes: { } minutes, Training.TotalSteps: 0 })
        {
            _config = _config with
            {
                Training = StepBudget.Of(
                    minutes, _config.Training, text, () => BuildModel(text.Vocab), _threads, Exchange, cancellationToken),
            };
        }
        using LanguageModel model = BuildModel(text.Vocab);
        model.Threads = _threads;
        using var trainer = new Trainer(model, _config.Training, text.Train, text.EndId, Exchange);
        // Record the encoding, so that the checkpoint's settings read the same text again.
        RunConfig config = _config with { Text = _config.Text with { Encoding = corpus.Origin.Encoding ?? _config.Text.Encoding } };
        var task = new LanguageModelTask(config, corpus.Origin, text, Sketch(text), heldOut, model, trainer);
        var run = new RunExecution(
            config, task, _start, _session, progress, Clock, Exchange, added == 0 && HoldsOutAsBefore(corpus.Origin.Sha256));
        run.Resume();
        if (Exchange is { Rank: > 0 } ranks)
            return Follow(new FollowingRun(trainer, ranks), Description(), cancellationToken);
        _session?.Begin(
            config with { Corpus = corpus.Origin.Texts },
            RunEnvironment.Capture(new CorpusRecord(corpus.Origin.Name, corpus.Origin.Sha256), model.Device.ToString(), _threads));
        return run.Execute(Description(), cancellationToken);

        RunDescription Description() => Describe(corpus.Origin, text, heldOut, unknown, added, model, trainer) with
        {
            NumFrozen = trainer.NumFrozen,
        };
    }

    // A resumed run, or one that continues a checkpoint on its own text.
    private bool HoldsOutAsBefore(string sha256) => _session is { IsResumed: true } || _start is null
        || (_start.Corpus.Sha256 == sha256 && _start.Training.Windows == _config.Training.Windows
            && (_start.Text.MaxTokens, _start.Text.ValidationFraction, _start.Text.TestFraction)
                == (_config.Text.MaxTokens, _config.Text.ValidationFraction, _config.Text.TestFraction));

    // The text as ids, the tokens that it added to the vocab of the start, and how many of its tokens the vocab lacks.
    private (TokenizedText Text, int Added, long Unknown) Tokenize(
        CorpusText corpus, WindowCounts windows, CancellationToken cancellationToken)
    {
        if (_session is { IsResumed: true })
            CheckSameText(corpus, _session);
        TokenizedText text = TokenizedText.From(corpus, _config.Text, _start?.Vocab, windows, _config.ExtendVocab, cancellationToken);
        int added = _start is null ? 0 : text.Vocab.Count - _start.Vocab.Count;
        if (added > 0)
            _start = _start!.Extend(text.Vocab);
        long unknown = _start is null ? 0 : text.Train.Count(Vocab.UnknownId);
        CheckVocab(text, unknown);
        return (text, added, unknown);
    }

    private static RunResult Follow(FollowingRun run, RunDescription description, CancellationToken cancellationToken) => new()
    {
        Description = description,
        Interrupted = run.Execute(cancellationToken),
        Progress = new TrainingProgress(),
        LastEpoch = null,
        Steps = 0,
        StoppedEarly = false,
        Sample = null,
        CheckpointPath = "",
        BestCheckpointPath = null,
    };

    private static Checkpoint? StartOf(RunSession session) => (Checkpoint?)session.StartOf(RunKind.LanguageModel);

    // Covers everything that the weights have learned; unknown if any part of it is unknown.
    private TextSketch? Sketch(TokenizedText text)
    {
        TextSketch sketch = TextSketch.Of(text.Train, text.Vocab, _config.Text.Token);
        return _start is null ? sketch : _start.TrainedText?.With(sketch);
    }

    private RunDescription Describe(
        CorpusOrigin corpus, TokenizedText text, HeldOutText heldOut, long unknown, int added, LanguageModel model, Trainer trainer) =>
        new()
        {
            Corpus = corpus.Name,
            Data = new RunData.Text
            {
                CorpusTokens = text.NumTokensOfCorpus,
                TrainTokens = text.Train.Length,
                HeldOutTokens = text.HeldOut.Length,
                TestTokens = _config.Text.TestFraction > 0 ? text.Unseen.Length : 0,
                HeldOut = heldOut.Exists ? heldOut.Describe() : null,
                UnknownTokens = unknown,
                AddedTokens = added,
                VocabSize = text.Vocab.Count,
            },
            Plan = _config.Training.TotalSteps == 0 ? null : new RunPlan(_config.Training.TotalSteps,
                trainer.PassesOf(_config.Training.TotalSteps), _config.Training.EpochLength, _config.Minutes),
            OtherCorpus = _start is null || _start.Corpus.Sha256 == corpus.Sha256 ? null : _start.Corpus.Name,
            Model = model.Config,
            NumParameters = model.NumParameters,
            // A new run by steps trains all its steps, whatever its initial weights had learned.
            EpochsDone = _session is { IsResumed: true } || _config.Training.EpochLength == 0 ? _start?.Progress.Epochs ?? 0 : 0,
            BatchesDone = _session?.BatchesDone ?? 0,
            Warnings = _session?.Warnings ?? [],
            RunDirectory = _session?.Directory.Path,
        };

    // The weights fit only one model and one vocab; training settings may change.
    private static IEnumerable<string> Conflicts(RunConfig config, Checkpoint start)
    {
        ModelConfig model = config.Model.Resolved(), was = start.Model;
        (string Name, object? Was, object? Is)[] fixedOnes =
        [
            ("cell", was.CellName, model.CellName),
            ("variant", Choices.NameOf(was.Variant), Choices.NameOf(model.Variant)),
            ("layers", was.NumLayers, model.NumLayers),
            ("hidden", was.NumHiddens, model.NumHiddens),
            ("embedding", was.EmbeddingSize, model.EmbeddingSize),
            ("activation", Choices.NameOf(was.RnnActivation), Choices.NameOf(model.RnnActivation)),
            ("bidirectional", was.Bidirectional, model.Bidirectional),
            ("tie-weights", was.TieWeights, model.TieWeights),
            ("gru-form", Name(was.GruForm), Name(model.GruForm)),
            ("attention", Name(was.Attention) ?? "none", Name(model.Attention) ?? "none"),
            ("attention-window", was.EffectiveAttentionWindow, model.EffectiveAttentionWindow),
            ("spectral-radius", was.EffectiveSpectralRadius, model.EffectiveSpectralRadius),
            ("leak-rate", was.EffectiveLeakRate, model.EffectiveLeakRate),
            ("input-scaling", was.EffectiveInputScaling, model.EffectiveInputScaling),
            ("sparsity", was.EffectiveSparsity, model.EffectiveSparsity),
            ("cleaning", Choices.NameOf(start.Text.Cleaning), Choices.NameOf(config.Text.Cleaning)),
            ("token", Choices.NameOf(start.Text.Token), Choices.NameOf(config.Text.Token)),
            ("documents", Choices.NameOf(start.Text.Documents), Choices.NameOf(config.Text.Documents)),
            ("min-freq", start.Text.MinFreq, config.Text.MinFreq),
        ];
        foreach ((string name, object? before, object? now) in fixedOnes)
        {
            if (!Equals(before, now) && (name != "gru-form" || was.Cell == model.Cell))
                yield return $"{name} is {before} in the checkpoint and cannot become {now}";
        }
        if (config is { Minutes: null, Training.EpochLength: 0 } && start.Progress.Epochs >= config.Training.EpochCount)
            yield return $"the checkpoint has finished {start.Progress.Epochs} epochs already: give --epochs above that to train on";

        static string? Name(Enum? choice) => choice is null ? null : Choices.NameOf(choice);
    }

    // A text in another alphabet would train only the unknown token.
    private void CheckVocab(TokenizedText text, long unknown)
    {
        if (text.NumTokensOfCorpus == 0)
            throw new InvalidConfigException(
                [$"nothing of the text is left after the cleaning '{Choices.NameOf(_config.Text.Cleaning)}': take --cleaning none"]);
        if (text.Vocab.Count < (text.EndId is null ? 2 : 3))
            throw new InvalidConfigException(
                ["the text leaves no token in the vocab: take a smaller --min-freq, or a text with other tokens"]);
        if (unknown > text.Train.Length / 2)
        {
            throw new InvalidConfigException(
                [$"vocab mismatch: {unknown} of the text's {text.Train.Length} tokens are not in the checkpoint's vocab of "
                    + $"{text.Vocab.Count}: add them with --extend-vocab, or train a new model on the text"]);
        }
    }

    private void CheckSameText(CorpusText corpus, RunSession session)
    {
        string? was = _start?.Corpus.Sha256 ?? session.CorpusSha256;
        if (was is null || was == corpus.Origin.Sha256)
            return;
        Vocab? before = _start?.Vocab;
        string[] now = [.. EncodedText.CountOf(corpus, _config.Text).VocabOf(_config.Text.MinFreq).Tokens];
        string vocab = before is null ? ""
            : Differences([.. now.Except(before.Tokens)], "new") + Differences([.. before.Tokens.Except(now)], "gone");
        throw new InvalidConfigException(
            [$"{corpus.Origin.Name} is another text than the run's: its SHA-256 is {corpus.Origin.Sha256}, that of the run's {was}{vocab}; "
                + "use the same text"]);

        static string Differences(string[] tokens, string what) => tokens.Length == 0 ? ""
            : $"; {what} in its vocab: {string.Join(", ", tokens.Take(MostNamed).Select(token => $"'{token}'"))}"
                + (tokens.Length > MostNamed ? $" and {tokens.Length - MostNamed} more" : "");
    }

    private LanguageModel BuildModel(Vocab vocab)
    {
        if (_start is not null)
            return _start.BuildModel(_config.Model.Implementation, _device);
        manual_seed(_config.Training.Seed);
        var model = new LanguageModel(_config.Model, vocab.Count);
        if (_device is not null)
            model.to(_device);
        return model;
    }
}
