using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Models;
using CharLM.Tokenization;
using CharLM.Training;
using static TorchSharp.torch;

namespace CharLM.Workbench.Gradients;

/// <summary>Compares the gradient flow of models, fresh, trained or from a checkpoint, on the same places in a text.</summary>
public sealed record GradientStudy
{
    /// <summary>The checkpoint to measure; null for fresh weights.</summary>
    public Checkpoint? Start { get; init; }

    /// <summary>How to tokenize the text.</summary>
    public TextConfig Text { get; init; } = new();

    /// <summary>The models, one or more.</summary>
    public IReadOnlyList<ModelConfig> Models { get; init; } = [new()];

    /// <summary>The training configuration, including the seed of the weights.</summary>
    public TrainerConfig Training { get; init; } = new();

    /// <summary>Epochs of training before the measurement, 0 to 1,000; default 0.</summary>
    public int TrainEpochs { get; init; }

    /// <summary>The kinds of clipping, each applied to every model; null for none.</summary>
    public IReadOnlyList<ClippingKind?> Clippings { get; init; } = [ClippingKind.Norm];

    /// <summary>Steps back in time, 2 to 10,000; default 100.</summary>
    public int Distance { get; init; } = 100;

    /// <summary>Places in the text, 1 to 65,536; default 32.</summary>
    public int Rows { get; init; } = 32;

    /// <summary>Threads of the fused kernels; default 0: the fastest number.</summary>
    public int Threads { get; init; }

    /// <summary>All errors; empty if there are none.</summary>
    public IEnumerable<string> Errors()
    {
        foreach (string error in Text.Errors().Concat(Models.SelectMany(model => model.Errors())).Concat(Training.Errors()).Distinct())
            yield return error;
        if (TrainEpochs is < 0 or > 1000)
            yield return $"train-epochs must be 0 to 1000, not {TrainEpochs}";
        if (TrainEpochs > 0 && Training.ClipNorm == 0 && Clippings.Any(clipping => clipping is not null))
            yield return "clip 0 never clips: leave it out to compare kinds of clipping, or name none with --clip-by";
        if (Distance is < 2 or > 10_000)
            yield return $"distance must be 2 to 10000, not {Distance}";
        if (Rows is < 1 or > 65_536)
            yield return $"rows must be 1 to 65536, not {Rows}";
        if (Models.Any(model => model.Bidirectional))
            yield return "a bidirectional model reads its text from both ends, so no step comes before another: leave bidirectional out";
    }

    /// <summary>Trains and measures.</summary>
    /// <param name="corpus">The text.</param>
    /// <param name="progress">Receives the current model.</param>
    /// <param name="cancellationToken">Cancels after the current step.</param>
    /// <exception cref="InvalidConfigException">The configuration is invalid, or the text is shorter than the distance.</exception>
    /// <exception cref="Batching.CorpusTooShortException">The text does not fill one minibatch of the training.</exception>
    public IReadOnlyList<GradientRow> Execute(
        CorpusText corpus, IProgress<string>? progress = null, CancellationToken cancellationToken = default)
    {
        InvalidConfigException.ThrowIfAny(Errors());
        TokenizedText text = TokenizedText.From(corpus, Text, Start?.Vocab, cancellationToken: cancellationToken);
        int[] places = Places(text.Train);
        var rows = new List<GradientRow>();
        foreach (ModelConfig config in Models)
        {
            foreach (ClippingKind? clipping in Clippings)
            {
                string name = NameOf(config, clipping);
                progress?.Report($"{name}: {(TrainEpochs > 0 ? "training, then " : "")}measuring {Rows} places, {Distance} steps back");
                rows.Add(Row(name, config, clipping, text, places, cancellationToken));
            }
        }
        return rows;
    }

    private GradientRow Row(
        string name, ModelConfig config, ClippingKind? clipping, TokenizedText text, int[] places, CancellationToken cancellationToken)
    {
        manual_seed(Training.Seed);
        using LanguageModel model = Start is null ? new LanguageModel(config, text.Vocab.Count) : Start.BuildModel(config.Implementation);
        model.Threads = Threads;
        (double? perplexity, string? problem) = Train(model, clipping, text, cancellationToken);
        using LanguageModel? copy = WithoutKernels(model);
        return new GradientRow
        {
            Name = name,
            Model = model.Config,
            Clipping = clipping,
            TrainPerplexity = perplexity,
            Problem = problem,
            Curves = GradientFlow.Measure(copy ?? model, places, Rows, cancellationToken),
            Spectra = RecurrentSpectrum.Of(model, Distance, cancellationToken),
        };
    }

    // The kernels hold packed weights for every step that is recorded, and here each step is by itself: torch.nn computes the same.
    private static LanguageModel? WithoutKernels(LanguageModel model)
    {
        if (model.Config.Implementation != Implementation.Fused)
            return null;
        bool builtIn = !(model.Config with { Implementation = Implementation.BuiltIn }).Errors().Any();
        var copy = new LanguageModel(
            model.Config with { Implementation = builtIn ? Implementation.BuiltIn : Implementation.Custom }, model.VocabSize);
        Checkpoint.SetWeights(copy, Checkpoint.CopyWeights(model));
        return copy;
    }

    private (double? Perplexity, string? Problem) Train(
        LanguageModel model, ClippingKind? clipping, TokenizedText text, CancellationToken cancellationToken)
    {
        double? perplexity = null;
        if (TrainEpochs == 0)
            return (null, null);
        TrainerConfig config = Training with
        {
            ClipNorm = clipping is null ? 0 : Training.ClipNorm,
            Clipping = clipping ?? ClippingKind.Norm,
        };
        using var trainer = new Trainer(model, config, text.Train, text.EndId);
        try
        {
            for (int epoch = 0; epoch < TrainEpochs; epoch++)
                perplexity = trainer.TrainEpoch(epoch, cancellationToken: cancellationToken).Train.Perplexity;
        }
        // Exploding gradients are a result, too; the weights are those before the failed step.
        catch (TrainingDivergedException e)
        {
            return (perplexity, e.Message);
        }
        return (perplexity, null);
    }

    // Pieces of the training text, spaced as far apart as possible.
    private int[] Places(TokenSource tokens)
    {
        int length = Distance + 2;
        if (tokens.Length < length)
            throw new InvalidConfigException(
                [$"{Distance} steps back need {length} tokens; the text has {tokens.Length}: take a smaller --distance, or a longer text"]);
        var places = new int[Rows * length];
        for (int row = 0; row < Rows; row++)
            tokens.CopyTo(row * (tokens.Length - length) / Math.Max(1, Rows - 1), places.AsSpan(row * length, length));
        return places;
    }

    private string NameOf(ModelConfig config, ClippingKind? clipping)
    {
        string variant = config.Variant == CellVariant.Standard ? "" : $" {Choices.NameOf(config.Variant)}";
        if (config.Cell == CellKind.Esn)
            variant = $" of spectral radius {config.EffectiveSpectralRadius}";
        string attention = config.Attention is { } kind ? $" with {Choices.NameOf(kind)} attention" : "";
        string clipped = TrainEpochs == 0 ? "" : clipping switch
        {
            null => ", not clipped",
            ClippingKind.Rescale => ", rescaled",
            { } by => $", clipped by {Choices.NameOf(by)}",
        };
        return $"{config.CellName}{variant}{attention}{clipped}";
    }
}
