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

/// <summary>
/// A trained model with its vocab: what a program needs that loads or trains one, measures it, and writes text with it.
/// </summary>
/// <remarks>
/// Thread safety: any number of threads; any number of texts may be written at once. Once it is disposed, calls throw, also those that
/// are in the middle of a text.
/// </remarks>
public sealed class CharModel : IDisposable
{
    private readonly ISavedModel _saved;
    private readonly Tokenizer _tokenizer;

    private CharModel(ISavedModel saved, ILanguageModel model) =>
        (_saved, Model, _tokenizer) = (saved, model, Tokenizer.Create(saved.Text.Token));

    /// <summary>The model itself; of networks a TorchSharp module (<see cref="LanguageModel"/>). It is disposed with this.</summary>
    public ILanguageModel Model { get; }

    /// <summary>Token to id and back.</summary>
    public Vocab Vocab => _saved.Vocab;

    /// <summary>How a text becomes token ids.</summary>
    public TextConfig Text => _saved.Text;

    /// <summary>Opens the file of a model of any kind.</summary>
    /// <param name="path">A checkpoint, or counted n-grams.</param>
    /// <param name="device">Where it shall compute; default the CPU.</param>
    /// <param name="threads">Threads of one operation; default 0: chosen.</param>
    /// <exception cref="CheckpointException">
    /// The file is missing, damaged, foreign or from a newer toolkit, or its cell is not registered.
    /// </exception>
    public static CharModel Load(string path, Device? device = null, int threads = 0)
    {
        ISavedModel saved = ModelFile.Read(path);
        return new CharModel(saved, saved.Open(device, threads));
    }

    /// <summary>Trains a model on the CPU, on a thread of the pool.</summary>
    /// <param name="corpus">The text (<see cref="CorpusText.FromFile"/>, <see cref="CorpusText.FromString"/>).</param>
    /// <param name="config">What is trained, and how; default the defaults.</param>
    /// <param name="progress">Told of every epoch, on the thread that trains.</param>
    /// <param name="cancellationToken">Looked at before each minibatch.</param>
    /// <exception cref="InvalidConfigException">The configuration is invalid, or the text too short for what it holds out.</exception>
    /// <exception cref="Batching.CorpusTooShortException">The text does not fill one minibatch.</exception>
    /// <exception cref="TrainingDivergedException">The loss is not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; nothing is kept.</exception>
    public static Task<CharModel> TrainAsync(CorpusText corpus, CharModelConfig? config = null, IProgress<EpochReport>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        config ??= new CharModelConfig();
        config.Validate();
        return Task.Run(() => Train(corpus, config, progress, cancellationToken), cancellationToken);
    }

    /// <summary>Measures how well the model predicts a text, read as its training text was.</summary>
    /// <param name="text">The text.</param>
    /// <param name="cancellationToken">Looked at before each call of the model.</param>
    /// <returns>Nats and tokens: <see cref="LossSum.Perplexity"/>, <see cref="LossSum.BitsPerToken"/>.</returns>
    /// <exception cref="InvalidConfigException">Fewer than 2 tokens are left of the text.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public LossSum Measure(string text, CancellationToken cancellationToken = default)
    {
        var tokens = EvaluationText.From(text, Text, Vocab);
        return Evaluator.Measure(Model, tokens.Tokens, new EvaluationConfig { EndId = tokens.EndId }, cancellationToken);
    }

    /// <summary>Continues a text; each piece comes as soon as it is sure, computed on a thread of the pool.</summary>
    /// <param name="prefix">What the model reads first; at least one token, but where a document may begin. It is not repeated.</param>
    /// <param name="options">How far, and how tokens are chosen; default 200 tokens, each the most probable one.</param>
    /// <param name="cancellationToken">Looked at before each token.</param>
    /// <exception cref="InvalidConfigException">
    /// The options are invalid or ask for several texts, the prefix is empty, or the model writes bytes.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
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

    /// <summary>Writes the model to a file that every program of the toolkit opens, replacing an old one when it is whole.</summary>
    /// <exception cref="CheckpointException">The file cannot be written.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="InvalidOperationException">The model learns just now.</exception>
    public void Save(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        switch (_saved)
        {
            case Checkpoint checkpoint:
                // Its owner may have gone on training it.
                CheckpointFile.Write(path, checkpoint with { Weights = Checkpoint.CopyWeights((LanguageModel)Model), Resume = null });
                break;
            case NGramCheckpoint counted:
                NGramFile.Write(path, counted);
                break;
        }
    }

    /// <summary>Frees the model, after calls that go on; the second time does nothing.</summary>
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

    // Each step on a thread of the pool, so that a caller with one thread for many texts is not held up.
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

/// <summary>What <see cref="CharModel.TrainAsync"/> trains, and how.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed record CharModelConfig
{
    /// <summary>How the text becomes token ids; default all of it, as it is.</summary>
    public TextConfig Text { get; init; } = new() { Cleaning = Cleaning.None, MaxTokens = 0 };

    /// <summary>What the model is made of; default a GRU of 256 hidden units.</summary>
    public ModelConfig Model { get; init; } = new();

    /// <summary>How it is trained; default 20 epochs of Adam with a learning rate of 0.003.</summary>
    public TrainerConfig Training { get; init; } = new() { NumEpochs = 20, Optimizer = OptimizerKind.Adam, LearningRate = 0.003 };

    /// <summary>Every error of the configuration, empty when there is none.</summary>
    public IEnumerable<string> Errors()
    {
        foreach (string error in Text.Errors().Concat(Model.Errors()).Concat(Training.Errors()))
            yield return error;
        foreach (string error in Text.Documents == DocumentKind.None ? [] : Training.DocumentErrors(Model))
            yield return error;
        if (Training.Schedule.Kind == ScheduleKind.Plateau && Text.ValidationFraction == 0)
            yield return "schedule plateau waits for a better held-out loss: hold something out, with validation-fraction";
    }

    /// <summary>Throws when the configuration has an error.</summary>
    /// <exception cref="InvalidConfigException">Lists every error.</exception>
    public void Validate() => InvalidConfigException.ThrowIfAny(Errors());
}
