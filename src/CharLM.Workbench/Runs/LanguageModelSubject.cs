using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Evaluation;
using CharLM.Generation;
using CharLM.Models;
using CharLM.Tokenization;
using CharLM.Training;

namespace CharLM.Workbench.Runs;

/// <summary>A language model that learns a text, as a run asks for it.</summary>
internal sealed class LanguageModelSubject(
    RunConfig config, CorpusOrigin corpus, TokenizedText text, TextSketch? trainedText, HeldOutText heldOut, LanguageModel model,
    Trainer trainer) : IRunSubject<Checkpoint>
{
    /// <inheritdoc/>
    public EpochTrainer Trainer => trainer;

    /// <inheritdoc/>
    public (Nats? Loss, IReadOnlyList<Measure> Figures) MeasureHeldOut(CancellationToken cancellationToken) =>
        (heldOut.Exists ? heldOut.Measure(model, cancellationToken) : null, []);

    /// <inheritdoc/>
    public string Sample()
    {
        var generator = new TextGenerator(model, text.Vocab, Tokenizer.Create(config.Text.Token));
        var sampler = new TokenSampler(Sampling.Greedy, config.Training.Seed);
        return config.Prefix + string.Concat(generator.Continue(config.Prefix, config.SampleLength, sampler));
    }

    /// <inheritdoc/>
    public Checkpoint Checkpoint(Figures figures, ResumeState? resume) => new()
    {
        Model = model.Config,
        Text = config.Text,
        Vocab = text.Vocab,
        Training = config.Training,
        Corpus = new CorpusRecord(corpus.Name, corpus.Sha256),
        TrainedText = trainedText,
        Figures = figures,
        Weights = Checkpoints.Checkpoint.CopyWeights(model),
        Resume = resume,
    };

    /// <inheritdoc/>
    public object Metrics(EpochReport epoch, long step) => RunMetrics.Of(epoch, step);

    /// <inheritdoc/>
    public object Summary(RunOutcome outcome) => new RunSummary
    {
        Corpus = corpus.Name,
        CorpusSha256 = corpus.Sha256,
        VocabSize = text.Vocab.Count,
        Parameters = model.NumParameters,
        Epochs = outcome.Figures.Epochs,
        Steps = outcome.Steps,
        TrainPerplexity = outcome.Figures.TrainPerplexity,
        TrainLoss = outcome.Figures.TrainLoss,
        HeldOutLoss = outcome.Figures.HeldOutLoss,
        CharactersPerToken = heldOut.CharactersPerToken(text.Vocab, Tokenizer.Create(config.Text.Token)),
        BestHeldOutLoss = outcome.Figures.BestHeldOutLoss,
        BestEpoch = outcome.Figures.BestEpoch,
        StoppedEarly = outcome.StoppedEarly,
        TrainedSeconds = outcome.Figures.TrainedSeconds,
    };
}
