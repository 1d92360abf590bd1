using System.Text;
using CharLM.Checkpoints;
using CharLM.Checkpoints.Safetensors;
using CharLM.Models;
using CharLM.Tokenization;
using CharLM.Training;

namespace CharLM.Workbench.PyTorch;

/// <summary>
/// Reads and writes plain state dicts, the bridge to PyTorch: the same weights under the same names, without the rest of a checkpoint. See
/// docs/pytorch.md.
/// </summary>
public static class StateDictFile
{
    /// <summary>Writes a checkpoint's weights as a safetensors file, with its vocab and configuration as metadata.</summary>
    /// <exception cref="InvalidConfigException">PyTorch does not have the model's cell.</exception>
    /// <exception cref="CheckpointException">The file cannot be written; an existing one is unchanged.</exception>
    public static void Export(string path, Checkpoint checkpoint)
    {
        StateDict state = StateDict.Of(checkpoint);
        IReadOnlyList<OutgoingTensor> weights = SafetensorsFile.InOrder(state.Weights);
        // HuggingFace's loaders require "format": "pt".
        SafetensorsFile.Write(path, SafetensorsFile.Header([new("format", "pt"), .. state.Metadata], weights), weights);
    }

    /// <summary>Reads the weights of a language model trained with PyTorch; everything is checked before weights are allocated.</summary>
    /// <param name="path">A safetensors file, or one of torch.save (PyTorch 1.6 or newer); weights of F32, F64, F16 or BF16 become
    /// float32.</param>
    /// <param name="config">What the file does not specify.</param>
    /// <returns>A checkpoint with zero finished epochs.</returns>
    /// <exception cref="CheckpointException">The file is missing, damaged, ambiguous, or of an unsupported model.</exception>
    /// <exception cref="InvalidConfigException">The model is bidirectional and <see cref="ImportConfig.AllowLeak"/> is not set.</exception>
    public static Checkpoint Import(string path, ImportConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return SafetensorsFile.Read(path, stream => Import(stream, config));
    }

    private static Checkpoint Import(FileStream stream, ImportConfig config)
    {
        using StateDictSource source = StateDictSource.Open(stream, config.Key);
        if (CheckpointMetadata.IsCheckpoint(source.Metadata))
            throw new FormatException("is a checkpoint of CharLM already: there is nothing to import");
        var layout = new StateDictLayout(source.Tensors, config);
        ModelConfig model = ModelOf(layout, source.Metadata, config);
        TextConfig text = config.Text ?? CheckpointMetadata.PartOrNull<TextConfig>(source.Metadata, StateDict.TextKey) ?? new TextConfig();
        InvalidConfigException.ThrowIfAny([.. model.Errors(), .. text.Errors()]);
        int vocabSize = (int)layout.Matrix(StateDict.OutputWeight).Shape[0];
        IReadOnlyDictionary<string, StoredTensor> tensors = layout.Match(WeightShapes.Of(model, vocabSize));
        Vocab vocab = config.Vocab ?? VocabOf(source.Metadata);
        if (vocab.Count != vocabSize)
            throw new FormatException($"has weights for {vocabSize} tokens where the vocab has {vocab.Count}, {Vocab.Unknown} included");
        var weights = tensors.ToDictionary(entry => entry.Key, entry => source.Read(entry.Value), StringComparer.Ordinal);
        if (IsTied(weights))
        {
            model = model with { TieWeights = true };
            weights.Remove(StateDict.OutputWeight);
        }
        return new Checkpoint
        {
            Model = model,
            Text = text,
            Vocab = vocab,
            Training = new TrainerConfig(),
            Corpus = config.Corpus ?? new CorpusRecord("unknown (imported)", ""),
            Progress = new TrainingProgress(),
            Weights = weights,
        };
    }

    // Everything that follows from shapes; the rest comes from the metadata, if charlm wrote the file.
    private static ModelConfig ModelOf(StateDictLayout layout, IReadOnlyDictionary<string, string> metadata, ImportConfig config)
    {
        StoredTensor recurrent = layout.Matrix("rnn.weight_hh_l0");
        (long rows, long hidden) = (recurrent.Shape[0], recurrent.Shape[1]);
        CellKind cell = (rows / hidden, rows % hidden) switch
        {
            (1, 0) => CellKind.Rnn,
            (3, 0) => CellKind.Gru,
            (4, 0) => CellKind.Lstm,
            _ => throw new FormatException(
                $"has the weight '{recurrent.Name}' in shape [{rows}, {hidden}]: {hidden} hidden units have {hidden} rows in an RNN, "
                    + $"{3 * hidden} in a GRU, {4 * hidden} in an LSTM"),
        };
        bool bidirectional = layout.Find("rnn.weight_ih_l0_reverse") is not null;
        ModelConfig? written = CheckpointMetadata.PartOrNull<ModelConfig>(metadata, StateDict.ModelKey);
        int layers = Enumerable.Range(0, int.MaxValue).First(layer => layout.Find($"rnn.weight_ih_l{layer}") is null);
        return (written ?? new ModelConfig()) with
        {
            Implementation = bidirectional ? Implementation.BuiltIn : Implementation.Fused,
            Cell = cell,
            Variant = CellVariant.Standard,
            Attention = null,
            AttentionWindow = null,
            NumLayers = layers,
            NumHiddens = (int)hidden,
            EmbeddingSize = layout.HasEmbedding ? (int)layout.Matrix(StateDict.EmbeddingWeight).Shape[1] : 0,
            Bidirectional = bidirectional,
            AllowLeak = bidirectional && config.AllowLeak,
            TieWeights = false, // until the weights turn out to be equal
            GruForm = cell == CellKind.Gru ? GruForm.ResetAfter : null,
            RnnActivation = config.RnnActivation ?? written?.RnnActivation ?? RnnActivation.Tanh,
        };
    }

    // A shared weight is in the file twice; two separate weights are never equal to the last bit.
    private static bool IsTied(Dictionary<string, WeightArray> weights) =>
        weights.TryGetValue(StateDict.EmbeddingWeight, out WeightArray? vectors)
        && weights[StateDict.OutputWeight] is { } output && output.Shape.SequenceEqual(vectors.Shape)
            && output.Values.AsSpan().SequenceEqual(vectors.Values);

    private static Vocab VocabOf(IReadOnlyDictionary<string, string> metadata)
    {
        if (!metadata.TryGetValue(StateDict.VocabKey, out string? json))
            throw new FormatException("has no vocab beside its weights: give one (vocab), or the text that it was made from (corpus)");
        try
        {
            return VocabFile.Parse(Encoding.UTF8.GetBytes(json));
        }
        catch (FormatException e)
        {
            throw new FormatException($"has a vocab in its metadata that {e.Message}", e);
        }
    }
}

/// <summary>
/// What a foreign state dict does not specify. Cell, layers, directions, hidden units and embedding follow from the shapes of its weights.
/// </summary>
public sealed record ImportConfig
{
    /// <summary>The vocab that the weights were trained with; default null: the vocab in the file's metadata.</summary>
    public Vocab? Vocab { get; init; }

    /// <summary>How to tokenize text; default null: the file's metadata, else the default.</summary>
    public TextConfig? Text { get; init; }

    /// <summary>The text that the weights were trained on; default null: unknown.</summary>
    public CorpusRecord? Corpus { get; init; }

    /// <summary>
    /// The key of the state dict in a file of torch.save that holds more, such as "model_ema"; default null: the whole file, or the only
    /// state dict in it, or the one under state_dict, model_state_dict or model.
    /// </summary>
    public string? Key { get; init; }

    /// <summary>
    /// The module of the recurrent layers, such as "lstm" or "decoder.rnn"; "." for no module; default null: the one with a weight_ih_l0.
    /// </summary>
    public string? RecurrentModule { get; init; }

    /// <summary>The module of the output layer, such as "fc"; default null: the one with a weight and a bias.</summary>
    public string? OutputModule { get; init; }

    /// <summary>The module of the embedding; default null: the one with a weight and no bias, if any.</summary>
    public string? EmbeddingModule { get; init; }

    /// <summary>
    /// The activation of a plain recurrent cell, which weights do not show; default null: the file's metadata, else tanh.
    /// </summary>
    public RnnActivation? RnnActivation { get; init; }

    /// <summary>Whether to accept a bidirectional model; default false (<see cref="ModelConfig.AllowLeak"/>).</summary>
    public bool AllowLeak { get; init; }
}
