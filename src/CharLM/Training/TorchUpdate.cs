using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Training;

/// <summary>An optimizer of torch.optim, with the clipping of <see cref="GradientClipping"/>.</summary>
public sealed class TorchUpdate : IUpdate
{
    private readonly List<Parameter> _parameters;
    private readonly optim.Optimizer _optimizer;

    /// <summary>An optimizer by name, with PyTorch's defaults for all but the learning rate.</summary>
    public TorchUpdate(OptimizerKind kind, IEnumerable<Parameter> parameters, double learningRate, double weightDecay = 0)
    {
        _parameters = [.. parameters];
        _optimizer = kind switch
        {
            OptimizerKind.Sgd => optim.SGD(_parameters, learningRate, weight_decay: weightDecay),
            OptimizerKind.Adam => optim.Adam(_parameters, learningRate, weight_decay: weightDecay),
            OptimizerKind.AdamW => optim.AdamW(_parameters, learningRate, weight_decay: weightDecay),
            OptimizerKind.RmsProp => optim.RMSProp(_parameters, learningRate, weight_decay: weightDecay),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "not an optimizer"),
        };
    }

    /// <inheritdoc/>
    public double LearningRate
    {
        get => _optimizer.ParamGroups.First().LearningRate;
        set
        {
            foreach (optim.ILearningRateController group in _optimizer.ParamGroups)
                group.LearningRate = value;
        }
    }

    /// <inheritdoc/>
    public void ZeroGradients() => _optimizer.zero_grad();

    /// <inheritdoc/>
    public double Clip(double maxNorm) => GradientClipping.Clip(_parameters, maxNorm);

    /// <inheritdoc/>
    public void Step()
    {
        using DisposeScope scope = NewDisposeScope();
        _optimizer.step();
    }

    /// <inheritdoc/>
    public void Dispose() => _optimizer.Dispose();
}
