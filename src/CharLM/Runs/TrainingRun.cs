using System.Diagnostics;
using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Evaluation;
using CharLM.Generation;
using CharLM.Models;
using CharLM.Tokenization;
using CharLM.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Runs;

/// <summary>
/// A training run, the whole data flow in order: corpus, tokens, model, trainer, reports, checkpoint, samples.
/// </summary>
public sealed class TrainingRun
{
    private readonly RunConfig _config;
    private readonly Checkpoint? _start;
    private readonly Device? _device;

    /// <summary>A run.</summary>
    /// <param name="config">All of it.</param>
    /// <param name="start">A checkpoint to go on from: its weights, vocab and finished epochs; default fresh weights.</param>
    /// <param name="device">Where to train; default the CPU.</param>
    /// <exception cref="InvalidConfigException">The configuration has a fault, or the checkpoint is of another model.</exception>
    public TrainingRun(RunConfig config, Checkpoint? start = null, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        InvalidConfigException.ThrowIfAny(Faults(config, start));
        (_config, _start, _device) = (config, start, device);
    }

    /// <summary>Every fault of a run, empty when there is none: of its configuration, and of what it goes on from.</summary>
    public static IEnumerable<string> Faults(RunConfig config, Checkpoint? start = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        // A cell that cannot change would bring faults that nobody made.
        return start is not null && Conflicts(config, start).ToList() is { Count: > 0 } conflicts ? conflicts : config.Faults();
    }

    /// <summary>Trains to the last epoch, or until it is cancelled; either way the checkpoint is written.</summary>
    /// <param name="corpus">The text.</param>
    /// <param name="progress">Told of everything as it happens.</param>
    /// <param name="cancellationToken">Ends the run after the current minibatch.</param>
    /// <exception cref="InvalidConfigException">The text has hardly a token of the vocab.</exception>
    /// <exception cref="Batching.CorpusTooShortException">The text does not fill one minibatch.</exception>
    /// <exception cref="TrainingDivergedException">The loss is no longer finite; an older checkpoint is as it was.</exception>
    /// <exception cref="CheckpointException">The checkpoint cannot be written.</exception>
    public RunResult Execute(CorpusText corpus, IProgress<RunEvent>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        TokenizedText text = TokenizedText.From(corpus.Text, _config.Text, _start?.Vocab);
        int unknown = _start is null ? 0 : text.Train.Span.Count(Vocab.UnknownId);
        CheckVocab(text, unknown);
        using LanguageModel model = BuildModel(text.Vocab);
        using var trainer = new Trainer(model, _config.Training, text.Train);
        var run = new Execution(_config, corpus, text, unknown, model, _start, progress);

        progress?.Report(new RunEvent.Started(run.Description));
        bool interrupted = false;
        try
        {
            while (run.Figures.Epochs < _config.Training.NumEpochs)
                run.Epoch(trainer, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            interrupted = true;
        }
        return run.End(interrupted);
    }

    // The weights fit one model and one vocab only; what they are trained with may change.
    private static IEnumerable<string> Conflicts(RunConfig config, Checkpoint start)
    {
        ModelConfig model = config.Model.Resolved(), was = start.Model;
        (string Name, object? Was, object? Is)[] fixedOnes =
        [
            ("cell", Choices.NameOf(was.Cell), Choices.NameOf(model.Cell)),
            ("layers", was.NumLayers, model.NumLayers),
            ("hidden", was.NumHiddens, model.NumHiddens),
            ("embedding", was.EmbeddingSize, model.EmbeddingSize),
            ("dropout", was.Dropout, model.Dropout),
            ("gru-form", Name(was.GruForm), Name(model.GruForm)),
            ("cleaning", Choices.NameOf(start.Text.Cleaning), Choices.NameOf(config.Text.Cleaning)),
            ("token", Choices.NameOf(start.Text.Token), Choices.NameOf(config.Text.Token)),
            ("min-freq", start.Text.MinFreq, config.Text.MinFreq),
        ];
        foreach ((string name, object? before, object? now) in fixedOnes)
        {
            if (!Equals(before, now) && (name != "gru-form" || was.Cell == model.Cell))
                yield return $"{name} is {before} in the checkpoint and cannot become {now}";
        }
        if (start.Figures.Epochs >= config.Training.NumEpochs)
            yield return $"the checkpoint has finished {start.Figures.Epochs} epochs already: give --epochs above that to train on";

        static string? Name(GruForm? form) => form is { } known ? Choices.NameOf(known) : null;
    }

    // A text of another alphabet would teach the model nothing but the unknown token.
    private void CheckVocab(TokenizedText text, int unknown)
    {
        if (text.NumTokensOfCorpus == 0)
            throw new InvalidConfigException([$"nothing of the text is left after the cleaning '{Choices.NameOf(_config.Text.Cleaning)}': take --cleaning none"]);
        if (text.Vocab.Count < 2)
            throw new InvalidConfigException(["the text leaves no token in the vocab: take a smaller --min-freq, or a text with other tokens"]);
        if (unknown > text.Train.Length / 2)
        {
            throw new InvalidConfigException(
                [$"vocab mismatch: {unknown} of the text's {text.Train.Length} tokens are not in the checkpoint's vocab of {text.Vocab.Count}; train a new model on it"]);
        }
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

    /// <summary>What a run has on its hands while it goes on.</summary>
    private sealed class Execution(RunConfig config, CorpusText corpus, TokenizedText text, int unknown, LanguageModel model, Checkpoint? start, IProgress<RunEvent>? progress)
    {
        private readonly Stopwatch _clock = Stopwatch.StartNew();
        private EpochReport? _last;

        public Figures Figures { get; private set; } = start?.Figures ?? new Figures();

        public RunDescription Description { get; } = new()
        {
            Corpus = corpus.Origin.Name,
            CorpusTokens = text.NumTokensOfCorpus,
            TrainTokens = text.Train.Length,
            HeldOutTokens = text.HeldOut.Length,
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
            int done = report.Epoch;
            Nats? heldOut = text.HeldOut.Length > 1 ? Evaluator.Measure(model, text.HeldOut, cancellationToken: CancellationToken.None) : null;
            double elapsed = _clock.Elapsed.TotalSeconds;
            _last = report with
            {
                HeldOut = heldOut,
                ElapsedSeconds = elapsed,
                RemainingSeconds = elapsed / (done - Description.EpochsDone) * (config.Training.NumEpochs - done),
            };
            Figures = new Figures
            {
                Epochs = done,
                TrainPerplexity = report.Train.Perplexity,
                HeldOutPerplexity = heldOut?.Perplexity,
                TrainedSeconds = Figures.TrainedSeconds + report.Seconds,
            };
            progress?.Report(new RunEvent.Epoch(_last));

            bool more = done < config.Training.NumEpochs;
            if (more && config.SampleEvery > 0 && done % config.SampleEvery == 0)
                Sample();
            if (more && config.CheckpointEvery > 0 && done % config.CheckpointEvery == 0)
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
                EpochsDone = Figures.Epochs,
                Sample = interrupted ? null : Sample(),
                CheckpointPath = config.CheckpointPath,
                Interrupted = interrupted,
            };
        }

        private string Sample()
        {
            var generator = new TextGenerator(model, text.Vocab, Tokenizer.Create(config.Text.Token));
            var sampler = new TokenSampler(new Sampling.Greedy(), config.Training.Seed);
            string sample = config.Prefix + string.Concat(generator.Continue(config.Prefix, config.SampleLength, sampler));
            progress?.Report(new RunEvent.Sample(Figures.Epochs, sample));
            return sample;
        }

        private void Save()
        {
            CheckpointFile.Write(config.CheckpointPath, new Checkpoint
            {
                Model = model.Config,
                Text = config.Text,
                Vocab = text.Vocab,
                Training = config.Training,
                Corpus = new CorpusRecord(corpus.Origin.Name, corpus.Origin.Sha256),
                Figures = Figures,
                Weights = Checkpoint.CopyWeights(model),
            });
            progress?.Report(new RunEvent.Saved(config.CheckpointPath));
        }
    }

    private sealed class StepProgress(IProgress<RunEvent> progress) : IProgress<StepReport>
    {
        public void Report(StepReport value) => progress.Report(new RunEvent.Step(value));
    }
}
