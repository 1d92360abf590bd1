using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace CharLM.Sequences;

/// <summary>A model that learns from pairs, with what every one of them has.</summary>
/// <typeparam name="TConfig">What it is made of.</typeparam>
public abstract class SequenceModel<TConfig> : Module
    where TConfig : class, ISequenceConfig
{
    /// <summary>A model without layers yet.</summary>
    /// <param name="name">Torch's name for it.</param>
    /// <param name="config">What it is made of.</param>
    /// <exception cref="InvalidConfigException">The configuration has a fault.</exception>
    protected SequenceModel(string name, TConfig config)
        : base(name)
    {
        ArgumentNullException.ThrowIfNull(config);
        InvalidConfigException.ThrowIfAny(config.Faults());
        Config = config;
    }

    /// <summary>What the model is made of.</summary>
    public TConfig Config { get; }

    /// <summary>Where the weights live.</summary>
    public abstract Device Device { get; }

    /// <summary>The number of trainable values.</summary>
    public long NumParameters => parameters().Sum(parameter => parameter.numel());
}
