using CharLM.Models;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace CharLM.Pairs;

/// <summary>A model that learns from pairs, with what every one of them has.</summary>
/// <typeparam name="TConfig">What it is made of.</typeparam>
public abstract class SequenceModel<TConfig> : Module, IAccessedModel
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
        (Config, Access) = (config, new ModelAccess(this));
    }

    /// <summary>What the model is made of.</summary>
    public TConfig Config { get; }

    /// <summary>Where the weights live.</summary>
    public abstract Device Device { get; }

    /// <summary>The number of values in all weights, frozen ones included.</summary>
    public long NumParameters => parameters().Sum(parameter => parameter.numel());

    /// <inheritdoc/>
    ModelAccess IAccessedModel.Access => Access;

    /// <summary>Who uses the model just now.</summary>
    internal ModelAccess Access { get; }

    /// <summary>Frees the weights, after calls that go on; later ones throw. The second time does nothing.</summary>
    /// <inheritdoc/>
    protected sealed override void Dispose(bool disposing)
    {
        if (disposing)
        {
            if (!Access.Close())
                return;
            DisposeLayers();
        }
        base.Dispose(disposing);
    }

    /// <summary>Frees what torch does not know of.</summary>
    private protected virtual void DisposeLayers()
    {
    }
}
