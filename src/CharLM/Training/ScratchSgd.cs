using TorchSharp;
using TorchSharp.Modules;
using static CharLM.Models.TensorMath;
using static TorchSharp.torch;

namespace CharLM.Training;

/// <summary>
/// Minibatch stochastic gradient descent, written out: w becomes w - lr * g, after the clipping of
/// <see cref="GradientClipping"/> (Dive into Deep Learning v0.17, 8.5.5 and 3.2.6).
/// </summary>
/// <remarks>Thread safety: one thread at a time.</remarks>
public sealed class ScratchSgd(IEnumerable<Parameter> parameters, double learningRate, double weightDecay = 0) : IUpdate
{
    private readonly List<Parameter> _parameters = [.. parameters];

    /// <inheritdoc/>
    public double LearningRate { get; set; } = learningRate;

    /// <inheritdoc/>
    public void ZeroGradients()
    {
        using IDisposable unrecorded = no_grad();
        foreach (Parameter parameter in _parameters)
            parameter.grad?.zero_();
    }

    /// <inheritdoc/>
    public double Clip(double bound, ClippingKind kind = ClippingKind.Norm) => GradientClipping.Clip(_parameters, bound, kind);

    /// <inheritdoc/>
    public void Step()
    {
        using IDisposable unrecorded = no_grad();
        using DisposeScope scope = NewDisposeScope();
        foreach (Parameter parameter in _parameters)
        {
            if (parameter.requires_grad && parameter.grad is { } gradient)
                parameter.copy_(parameter - Multiply(weightDecay == 0 ? gradient : Add(gradient, Multiply(parameter, weightDecay)), LearningRate));
        }
    }

    /// <inheritdoc/>
    public UpdateState CopyState() => UpdateState.None;

    /// <summary>Nothing to set: each step depends on its gradients alone.</summary>
    public void SetState(UpdateState state)
    {
    }

    /// <summary>Nothing to free: the weights belong to the model.</summary>
    public void Dispose()
    {
    }
}
