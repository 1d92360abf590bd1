using System.Runtime.CompilerServices;
using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Evaluation;
using CharLM.Generation;
using CharLM.Models;
using CharLM.Tokenization;
using CharLM.Training;
using static TorchSharp.torch;

namespace CharLM.Library;

/// <summary>A trained model with its vocab: the API to load or train a model, measure it and write text with it.</summary>
/// <remarks>
/// Thread safety: any number of threads may use it, and write any number of texts at once. After it is disposed, all calls throw, including
/// those in the middle of a text.
/// </remarks>
public sealed class CharModel : IDisposable
{
    private readonly ISavedModel _saved;
    private readonly Tokenizer _tokenizer;

    private CharModel(ISavedModel saved, ILanguageModel model) =>
        (_saved, Model, _tokenizer) = (saved, model, Tokenizer.Create(saved.Text.Token));

    /// <summary>The model; a network is a TorchSharp module (<see cref="LanguageModel"/>). Disposing this object disposes it.</summary>
    public ILanguageModel Model { get; }

    /// <summary>Token to id and back.</summary>
    public Vocab Vocab => _saved.Vocab;

    /// <summary>How a text becomes token ids.</summary>
    public TextConfig Text => _saved.Text;

    /// <summary>Loads a model of any kind from a file.</summary>
    /// <param name="path">A checkpoint or an n-gram file.</param>
    /// <param name="device">The device to compute on; default the CPU.</param>
    /// <param name="threads">Threads per operation; default 0: chosen automatically.</param>
    /// <exception cref="CheckpointException">
    /// The file is missing, damaged, foreign or from a newer toolkit, or its cell is not registered.
    /// </exception>
    public static CharModel Load(string path, Device? device = null, int threads = 0)
    {
        ISavedModel saved = ModelFile.Read(path);
        return new CharModel(saved, saved.Open(device, threads));
    }

    /// <summary>Trains a model on the CPU, on a thread-pool thread.</summary>
    /// <param name="corpus">The text (<see cref="CorpusText.FromFile"/>, <see cref="CorpusText.FromString"/>).</param>
    /// <param name="config">Text, model and training; default null: all defaults.</param>
    /// <param name="progress">Receives a report after every epoch, on the training thread.</param>
    /// <param name="cancellationToken">Checked before each minibatch.</param>
    /// <exception cref="InvalidConfigException">The configuration is invalid, or the text is too short for its held-out parts.</exception>
    /// <exception cref="Batching.CorpusTooShortException">The text does not fill one minibatch.</exception>
    /// <exception cref="TrainingDivergedException">The loss is not finite.</exception>
    /// <exception cref="OperationCanceledException">Training was cancelled; nothing is kept.</exception>
    public static Task<CharModel> TrainAsync(CorpusText corpus, CharModelConfig? config = null, IProgress<EpochReport>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        config ??= new CharModelConfig();
        config.Validate();
        return Task.Run(() => Train(corpus, config, progress, cancellationToken), cancellationToken);
    }

    /// <summary>Measures how well the model predicts a text, which is cleaned and tokenized like the training text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="cancellationToken">Checked before each call of the model.</param>
    /// <returns>The total loss in nats and the number of tokens: <see cref="LossSum.Perplexity"/>,
    /// <see cref="LossSum.BitsPerToken"/>.</returns>
    /// <exception cref="InvalidConfigException">The text has fewer than 2 tokens after cleaning.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public LossSum Measure(string text, CancellationToken cancellationToken = default)
    {
        var tokens = EvaluationText.From(text, Text, Vocab);
        return Evaluator.Measure(Model, tokens.Tokens, new EvaluationConfig { EndId = tokens.EndId }, cancellationToken);
    }

    /// <summary>Continues a text on a thread-pool thread and yields each piece as soon as it is final.</summary>
    /// <param name="prefix">The text to continue, which is not repeated; at least one token, unless the model can begin a document.</param>
    /// <param name="options">Length and sampling; default 200 tokens, each the most probable one.</param>
    /// <param name="cancellationToken">Checked before each token.</param>
    /// <exception cref="InvalidConfigException">
    /// The options are invalid or ask for several texts, the prefix is empty, or the model writes bytes.
    /// </exception>
    /// <exception cref="OperationCanceledException">The call was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public IAsyncEnumerable<string> GenerateAsync(
        string prefix, GenerationConfig? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        options ??= new GenerationConfig();
        options.Validate();
        if (options.Samples > 1)
            throw new InvalidConfigException([$"samples must be 1 where one text comes piece by piece, not {options.Samples}"]);
        if (Text.Token == TokenKind.Byte)
            throw new InvalidConfigException([$"token is {Choices.NameOf(Text.Token)}: expected a model that writes text"]);
        return WriteAsync(prefix, options, cancellationToken);
    }

    /// <summary>
    /// Saves the model to a file that every program of the toolkit can load; an old file is replaced only once the new one is complete.
    /// </summary>
    /// <exception cref="CheckpointException">The file cannot be written.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="InvalidOperationException">The model is being trained.</exception>
    public void Save(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        switch (_saved)
        {
            case Checkpoint checkpoint:
                // The owner may have trained it further.
                CheckpointFile.Write(path, checkpoint with { Weights = Checkpoint.CopyWeights((LanguageModel)Model), Resume = null });
                break;
            case NGramCheckpoint counted:
                NGramFile.Write(path, counted);
                break;
        }
    }

    /// <summary>Frees the model once running calls have ended; a second call does nothing.</summary>
    public void Dispose() => Model.Dispose();

    private static CharModel Train(
        CorpusText corpus, CharModelConfig config, IProgress<EpochReport>? progress, CancellationToken cancellationToken)
    {
        TokenizedText text = TokenizedText.From(
            corpus, config.Text, windows: config.Training.Windows, cancellationToken: cancellationToken);
        manual_seed(config.Training.Seed);
        var model = new LanguageModel(config.Model, text.Vocab.Count);
        try
        {
            using var trainer = new Trainer(model, config.Training, text.Train, text.EndId);
            EpochReport? last = null;
            for (int epoch = 0; epoch < config.Training.EpochCount; epoch++)
            {
                last = trainer.TrainEpoch(epoch, cancellationToken: cancellationToken);
                LossSum told = text.HeldOut.Length < 2 ? last.Train
                    : Evaluator.Measure(model, text.HeldOut, new EvaluationConfig { EndId = text.EndId }, cancellationToken);
                trainer.EpochEnded(told.Mean);
                progress?.Report(last);
            }
            return new CharModel(
                new Checkpoint
                {
                    Model = model.Config,
                    Text = config.Text with { Encoding = corpus.Origin.Encoding ?? config.Text.Encoding },
                    Vocab = text.Vocab,
                    Training = config.Training,
                    Corpus = CorpusRecord.Of(corpus.Origin),
                    TrainedText = TextSketch.Of(text.Train, text.Vocab, config.Text.Token),
                    Progress = new TrainingProgress { Epochs = config.Training.EpochCount, TrainLoss = last?.Train.Mean },
                    Weights = Checkpoint.CopyWeights(model),
                }, model);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    // Each step runs on a thread-pool thread, so that a caller with one thread for many texts is not blocked.
    private async IAsyncEnumerable<string> WriteAsync(
        string prefix, GenerationConfig options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var generator = new TextGenerator(Model, Vocab, _tokenizer, Text.EndIdIn(Vocab));
        using GenerationSession session = await Task.Run(() => generator.Open(options), cancellationToken);
        session.Read(prefix);
        using IEnumerator<TextPiece> pieces = session.Continue(cancellationToken).GetEnumerator();
        while (await Task.Run(pieces.MoveNext, cancellationToken))
        {
            if (pieces.Current.Text.Length > 0)
                yield return pieces.Current.Text;
        }
    }
}

/// <summary>Configuration of <see cref="CharModel.TrainAsync"/>.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed record CharModelConfig
{
    /// <summary>How the text becomes token ids; default the whole text, unchanged.</summary>
    public TextConfig Text { get; init; } = new() { Cleaning = Cleaning.None, MaxTokens = 0 };

    /// <summary>The model's architecture; default a GRU with 256 hidden units.</summary>
    public ModelConfig Model { get; init; } = new();

    /// <summary>How to train; default 20 epochs of Adam with a learning rate of 0.003.</summary>
    public TrainerConfig Training { get; init; } = new() { NumEpochs = 20, Optimizer = OptimizerKind.Adam, LearningRate = 0.003 };

    /// <summary>All errors of the configuration; empty if it is valid.</summary>
    public IEnumerable<string> Errors()
    {
        foreach (string error in Text.Errors().Concat(Model.Errors()).Concat(Training.Errors()))
            yield return error;
        foreach (string error in Training.SampledSoftmaxErrors(Model))
            yield return error;
        foreach (string error in Text.Documents == DocumentKind.None ? [] : Training.DocumentErrors(Model))
            yield return error;
        if (Training.Schedule.Kind == ScheduleKind.Plateau && Text.ValidationFraction == 0)
            yield return "schedule plateau waits for a better held-out loss: hold something out, with validation-fraction";
    }

    /// <summary>Throws if the configuration is invalid.</summary>
    /// <exception cref="InvalidConfigException">Lists every error.</exception>
    public void Validate() => InvalidConfigException.ThrowIfAny(Errors());
}
