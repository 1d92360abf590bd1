using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Models;
using CharLM.Tokenization;
using CharLM.Training;
using static TorchSharp.torch;

namespace CharLM.Workbench.Gradients;

/// <summary>Measures the gradient flow of models side by side, fresh, trained or of a checkpoint, on the same places of a text.</summary>
public sealed record GradientStudy
{
    /// <summary>The checkpoint whose model it is; null: fresh weights.</summary>
    public Checkpoint? Start { get; init; }

    /// <summary>How the text becomes token ids.</summary>
    public TextConfig Text { get; init; } = new();

    /// <summary>The models, one or more.</summary>
    public IReadOnlyList<ModelConfig> Models { get; init; } = [new()];

    /// <summary>How they are trained, and the seed of their weights.</summary>
    public TrainerConfig Training { get; init; } = new();

    /// <summary>Epochs that each is trained before it is measured, 0 to 1,000; default 0.</summary>
    public int TrainEpochs { get; init; }

    /// <summary>With which clipping; every model is trained with each; null: none.</summary>
    public IReadOnlyList<ClippingKind?> Clippings { get; init; } = [ClippingKind.Norm];

    /// <summary>Steps back, 2 to 10,000; default 100.</summary>
    public int Distance { get; init; } = 100;

    /// <summary>Places of the text, 1 to 65,536; default 32.</summary>
    public int Rows { get; init; } = 32;

    /// <summary>Threads of the fused kernels; default 0: as many as measure faster.</summary>
    public int Threads { get; init; }

    /// <summary>Every error, empty when there is none.</summary>
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
            yield return "a bidirectional model reads its text from both ends, so that no step is before another: leave bidirectional out";
    }

    /// <summary>Trains and measures.</summary>
    /// <param name="corpus">The text.</param>
    /// <param name="progress">Told which model it is at.</param>
    /// <param name="cancellationToken">Ends it after the current step.</param>
    /// <exception cref="InvalidConfigException">There is an error, or the text is shorter than the distance.</exception>
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
        return new GradientRow
        {
            Name = name,
            Model = model.Config,
            Clipping = clipping,
            TrainPerplexity = perplexity,
            Problem = problem,
            Curves = GradientFlow.Measure(model, places, Rows, cancellationToken),
            Spectra = RecurrentSpectrum.Of(model, Distance, cancellationToken),
        };
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
        // Exploding gradients are what is looked for; the weights are those before.
        catch (TrainingDivergedException e)
        {
            return (perplexity, e.Message);
        }
        return (perplexity, null);
    }

    // Pieces of the training text, as far apart as it allows.
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
        string attention = config.Attention is { } kind ? $" with {Choices.NameOf(kind)} attention" : "";
        string clipped = TrainEpochs == 0 ? "" : clipping switch
        {
            null => ", not clipped",
            ClippingKind.Rescale => ", rescaled",
            { } by => $", clipped by {Choices.NameOf(by)}",
        };
        return $"{Choices.NameOf(config.Cell)}{variant}{attention}{clipped}";
    }
}
