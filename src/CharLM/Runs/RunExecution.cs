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
    RunConfig config, CorpusText corpus, TokenizedText text, int trainTokens, HeldOutText heldOut, int unknown, LanguageModel model, Checkpoint? start, IProgress<RunEvent>? progress)
{
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private EpochReport? _last;
    private bool _stopped;

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
    };

    /// <summary>Trains one epoch and reports, samples and saves where they are due.</summary>
    public void Epoch(Trainer trainer, CancellationToken cancellationToken)
    {
        IProgress<StepReport>? steps = progress is null ? null : new StepProgress(progress);
        EpochReport report = trainer.TrainEpoch(Figures.Epochs, steps, cancellationToken);
        Nats? measured = heldOut.Exists ? heldOut.Measure(model) : null;
        trainer.EpochEnded((measured ?? report.Train).Mean);
        double elapsed = _clock.Elapsed.TotalSeconds;
        int done = report.Epoch, left = config.Training.NumEpochs - done;
        _last = report with
        {
            HeldOut = measured,
            ElapsedSeconds = elapsed,
            RemainingSeconds = elapsed / (done - Description.EpochsDone) * left,
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
        progress?.Report(new RunEvent.Epoch(_last));
        if (isBest)
            CheckpointFile.Write(config.BestCheckpointPath, Checkpoint());
        _stopped = config.Patience > 0 && done - Figures.BestEpoch >= config.Patience;
        if (_stopped)
            progress?.Report(new RunEvent.StoppedEarly(config.Patience));
        if (!GoesOn)
            return;
        if (config.SampleEvery > 0 && done % config.SampleEvery == 0)
            Sample();
        if (config.CheckpointEvery > 0 && done % config.CheckpointEvery == 0)
            Save();
    }

    /// <summary>Saves, and after the last epoch draws the last sample.</summary>
    public RunResult End(bool interrupted)
    {
        Save();
        return new RunResult
        {
            Description = Description,
            LastEpoch = _last,
            Best = Figures is { BestHeldOutPerplexity: { } perplexity, BestEpoch: { } epoch } ? (perplexity, epoch) : null,
            BestCheckpointPath = Figures.BestEpoch is null ? null : config.BestCheckpointPath,
            EpochsDone = Figures.Epochs,
            Sample = interrupted ? null : Sample(),
            CheckpointPath = config.CheckpointPath,
            Interrupted = interrupted,
        };
    }

    private string Sample()
    {
        var generator = new TextGenerator(model, text.Vocab, Tokenizer.Create(config.Text.Token));
        var sampler = new TokenSampler(Sampling.Greedy, config.Training.Seed);
        string sample = config.Prefix + string.Concat(generator.Continue(config.Prefix, config.SampleLength, sampler));
        progress?.Report(new RunEvent.Sample(Figures.Epochs, sample));
        return sample;
    }

    private void Save()
    {
        CheckpointFile.Write(config.CheckpointPath, Checkpoint());
        progress?.Report(new RunEvent.Saved(config.CheckpointPath));
    }

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

    private sealed class StepProgress(IProgress<RunEvent> progress) : IProgress<StepReport>
    {
        public void Report(StepReport value) => progress.Report(new RunEvent.Step(value));
    }
}
