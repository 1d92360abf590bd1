using System.Diagnostics;
using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Evaluation;
using CharLM.Generation;
using CharLM.Models;
using CharLM.Tokenization;
using CharLM.Training;

namespace CharLM.Runs;

/// <summary>What a run has on its hands while it goes on: after each epoch it measures, reports, samples and saves.</summary>
internal sealed class RunExecution(
    RunConfig config, CorpusText corpus, TokenizedText text, int trainTokens, HeldOutText heldOut, int unknown, LanguageModel model, Trainer trainer, Checkpoint? start, RunSession? session, IProgress<RunEvent>? progress)
{
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly Stopwatch _sinceSaved = Stopwatch.StartNew();
    private readonly ResumeState? _before = session is { IsResumed: true } ? start?.Resume : null;
    private EpochReport? _last;
    private long _step = session is { IsResumed: true } ? start?.Resume?.Step ?? 0 : 0;
    private bool _stopped = session is { IsResumed: true } && IsWaitedOut(config, start?.Figures);

    /// <summary>What was reached so far, earlier runs included.</summary>
    public Figures Figures { get; private set; } = start?.Figures ?? new Figures();

    /// <summary>Whether there is another epoch.</summary>
    public bool GoesOn => !_stopped && Figures.Epochs < config.Training.NumEpochs;

    /// <summary>What is trained on what.</summary>
    public RunDescription Description { get; } = new()
    {
        Corpus = corpus.Origin.Name,
        CorpusTokens = text.NumTokensOfCorpus,
        TrainTokens = trainTokens,
        HeldOutTokens = heldOut.Tokens.Length,
        HeldOut = heldOut.Exists ? heldOut.Describe() : null,
        OtherCorpus = start is null || start.Corpus.Sha256 == corpus.Origin.Sha256 ? null : start.Corpus.Name,
        UnknownTokens = unknown,
        VocabSize = text.Vocab.Count,
        Model = model.Config,
        NumParameters = model.NumParameters,
        EpochsDone = start?.Figures.Epochs ?? 0,
        BatchesDone = session is { IsResumed: true } ? start?.Resume?.Trainer.Batch ?? 0 : 0,
        Warnings = session?.Warnings ?? [],
        RunDirectory = session?.Directory.Path,
    };

    private double Elapsed => (_before?.ElapsedSeconds ?? 0) + _clock.Elapsed.TotalSeconds;

    /// <summary>Trains one epoch and reports, samples and saves where they are due.</summary>
    public void Epoch(CancellationToken cancellationToken)
    {
        EpochReport report = trainer.TrainEpoch(Figures.Epochs, new StepProgress(this), cancellationToken);
        Nats? measured = heldOut.Exists ? heldOut.Measure(model) : null;
        trainer.EpochEnded((measured ?? report.Train).Mean);
        int done = report.Epoch, left = config.Training.NumEpochs - done;
        _last = report with
        {
            HeldOut = measured,
            ElapsedSeconds = Elapsed,
            RemainingSeconds = _clock.Elapsed.TotalSeconds / (done - Description.EpochsDone) * left,
        };
        bool isBest = measured is { } nats && !(nats.Perplexity >= Figures.BestHeldOutPerplexity);
        Figures = new Figures
        {
            Epochs = done,
            TrainPerplexity = report.Train.Perplexity,
            HeldOutPerplexity = measured?.Perplexity,
            BestHeldOutPerplexity = isBest ? measured?.Perplexity : Figures.BestHeldOutPerplexity,
            BestEpoch = isBest ? done : Figures.BestEpoch,
            TrainedSeconds = Figures.TrainedSeconds + report.Seconds,
        };
        session?.Record(_last, _step);
        progress?.Report(new RunEvent.Epoch(_last));
        if (isBest)
            SaveBest();
        _stopped = IsWaitedOut(config, Figures);
        if (_stopped)
            progress?.Report(new RunEvent.StoppedEarly(config.Patience));
        if (!GoesOn)
            return;
        if (config.SampleEvery > 0 && done % config.SampleEvery == 0)
            Sample();
        if (config.CheckpointEvery is { Unit: CheckpointUnit.Epochs, Amount: > 0 } every && done % every.Amount == 0)
            Save();
    }

    /// <summary>Saves, and after the last epoch draws the last sample.</summary>
    public RunResult End(bool interrupted)
    {
        Save(copies: true);
        string? sample = interrupted ? null : Sample();
        if (!interrupted)
            session?.Complete(Summary());
        return new RunResult
        {
            Description = Description,
            LastEpoch = _last,
            Best = Figures is { BestHeldOutPerplexity: { } perplexity, BestEpoch: { } epoch } ? (perplexity, epoch) : null,
            BestCheckpointPath = Figures.BestEpoch is null ? null : session?.Directory.BestCheckpointPath ?? config.BestCheckpointPath,
            EpochsDone = Figures.Epochs,
            Sample = sample,
            CheckpointPath = session?.CopyPath ?? CheckpointPath,
            RunDirectory = session?.Directory.Path,
            Interrupted = interrupted,
        };
    }

    private static bool IsWaitedOut(RunConfig config, Figures? figures) => config.Patience > 0 && figures?.Epochs - figures?.BestEpoch >= config.Patience;

    private string CheckpointPath => session?.Directory.LastCheckpointPath ?? config.CheckpointPath;

    private string Sample()
    {
        var generator = new TextGenerator(model, text.Vocab, Tokenizer.Create(config.Text.Token));
        var sampler = new TokenSampler(Sampling.Greedy, config.Training.Seed);
        string sample = config.Prefix + string.Concat(generator.Continue(config.Prefix, config.SampleLength, sampler));
        session?.Record(Figures.Epochs, sample);
        progress?.Report(new RunEvent.Sample(Figures.Epochs, sample));
        return sample;
    }

    // The weights are those after the last step, in the middle of an epoch, too.
    private void Stepped(StepReport step)
    {
        _step++;
        progress?.Report(new RunEvent.Step(step));
        bool due = config.CheckpointEvery switch
        {
            { Amount: 0 } => false,
            { Unit: CheckpointUnit.Steps } every => _step % every.Amount == 0,
            { Unit: CheckpointUnit.Minutes } every => _sinceSaved.Elapsed.TotalMinutes >= every.Amount,
            _ => false,
        };
        if (due)
            Save();
    }

    private void Save(bool copies = false)
    {
        if (session is null)
            CheckpointFile.Write(config.CheckpointPath, Checkpoint());
        else
            session.Save(Checkpoint() with { Resume = session.Mark(trainer.CopyState(), _step, Elapsed) });
        if (copies && session?.CopyPath is { } copy)
            CheckpointFile.Write(copy, Checkpoint());
        _sinceSaved.Restart();
        progress?.Report(new RunEvent.Saved(CheckpointPath));
    }

    private void SaveBest()
    {
        if (session is null)
            CheckpointFile.Write(config.BestCheckpointPath, Checkpoint());
        else
            session.SaveBest(Checkpoint());
    }

    private RunSummary Summary() => new()
    {
        Corpus = corpus.Origin.Name,
        CorpusSha256 = corpus.Origin.Sha256,
        VocabSize = text.Vocab.Count,
        Parameters = model.NumParameters,
        Epochs = Figures.Epochs,
        Steps = _step,
        TrainPerplexity = Figures.TrainPerplexity,
        HeldOutPerplexity = Figures.HeldOutPerplexity,
        CharactersPerToken = heldOut.CharactersPerToken(text.Vocab, Tokenizer.Create(config.Text.Token)),
        BestHeldOutPerplexity = Figures.BestHeldOutPerplexity,
        BestEpoch = Figures.BestEpoch,
        StoppedEarly = _stopped,
        TrainedSeconds = Figures.TrainedSeconds,
    };

    private Checkpoint Checkpoint() => new()
    {
        Model = model.Config,
        Text = config.Text,
        Vocab = text.Vocab,
        Training = config.Training,
        Corpus = new CorpusRecord(corpus.Origin.Name, corpus.Origin.Sha256),
        Figures = Figures,
        Weights = Checkpoints.Checkpoint.CopyWeights(model),
    };

    private sealed class StepProgress(RunExecution run) : IProgress<StepReport>
    {
        public void Report(StepReport value) => run.Stepped(value);
    }
}
