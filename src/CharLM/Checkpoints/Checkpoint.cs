using CharLM.Models;
using CharLM.Tokenization;
using CharLM.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Checkpoints;

/// <summary>A trained model with everything that is needed to use it alone.</summary>
public sealed record Checkpoint : ISavedModel, IRunCheckpoint
{
    /// <summary>What the model is made of.</summary>
    public required ModelConfig Model { get; init; }

    /// <summary>How its text became token ids.</summary>
    public required TextConfig Text { get; init; }

    /// <summary>Token to id and back.</summary>
    public required Vocab Vocab { get; init; }

    /// <summary>How it was trained.</summary>
    public required TrainerConfig Training { get; init; }

    /// <summary>Which text it was trained on.</summary>
    public required CorpusRecord Corpus { get; init; }

    /// <inheritdoc/>
    public TextSketch? TrainedText { get; init; }

    /// <summary>What training had reached.</summary>
    public required Figures Figures { get; init; }

    /// <summary>The weights by PyTorch's names.</summary>
    public required IReadOnlyDictionary<string, WeightArray> Weights { get; init; }

    /// <summary>What is needed to go on exactly; null in a model that is only to be used.</summary>
    public ResumeState? Resume { get; init; }

    /// <summary>The number of trainable values.</summary>
    public long NumParameters => Weights.Values.Sum(weight => weight.Values.LongLength);

    /// <summary>The weights of a model, copied.</summary>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="InvalidOperationException">The model learns just now.</exception>
    public static IReadOnlyDictionary<string, WeightArray> CopyWeights(nn.Module model)
    {
        ArgumentNullException.ThrowIfNull(model);
        using ModelAccess.Lease reading = ModelAccess.Of(model)?.Read() ?? default;
        using IDisposable unrecorded = no_grad();
        using DisposeScope scope = NewDisposeScope();
        return model.named_parameters().ToDictionary(
            entry => entry.name,
            entry => new WeightArray([.. entry.parameter.shape], FloatArray.Of(entry.parameter)));
    }

    /// <summary>Gives a model copied weights back.</summary>
    /// <param name="model">A model with weights of these names and shapes.</param>
    /// <param name="weights">What <see cref="CopyWeights"/> gave.</param>
    internal static void SetWeights(nn.Module model, IReadOnlyDictionary<string, WeightArray> weights)
    {
        using ModelAccess.Lease change = ModelAccess.Of(model)?.Change() ?? default;
        using IDisposable unrecorded = no_grad();
        using DisposeScope scope = NewDisposeScope();
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in model.named_parameters())
            parameter.copy_(tensor(weights[name].Values, [.. weights[name].Shape]));
    }

    /// <summary>A model with these weights.</summary>
    /// <param name="implementation">What shall compute it; default what it was trained with.</param>
    /// <param name="device">Where it shall live; default the CPU.</param>
    /// <exception cref="InvalidConfigException">The implementation cannot compute this model.</exception>
    public LanguageModel BuildModel(Implementation? implementation = null, Device? device = null)
    {
        var model = new LanguageModel(Model with { Implementation = implementation ?? ImplementationOn(device) }, Vocab.Count);
        SetWeights(model, Weights);
        if (device is not null)
            model.to(device);
        return model;
    }

    // The kernels are for the CPU; everything else goes where it is sent.
    private Implementation ImplementationOn(Device? device) =>
        Model.Implementation == Implementation.Fused && device is not null && device.type != DeviceType.CPU ? (Model.WeightDropout > 0 ? Implementation.Custom : Implementation.BuiltIn) : Model.Implementation;

    /// <inheritdoc/>
    /// <remarks>The kernels where they can compute it, else what it was trained with; the results are the same.</remarks>
    public ILanguageModel Open(Device? device = null, int threads = 0)
    {
        bool onCpu = device is null || device.type == DeviceType.CPU;
        bool fuses = onCpu && !(Model with { Implementation = Implementation.Fused }).Faults().Any();
        LanguageModel model = BuildModel(fuses ? Implementation.Fused : null, device);
        model.Threads = threads;
        return model;
    }
}
