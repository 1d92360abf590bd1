using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Training;

/// <summary>
/// Minibatch stochastic gradient descent and gradient clipping, written out: w becomes w - lr * g, after g has been
/// scaled by min(1, theta / ||g||) (Dive into Deep Learning v0.17, 8.5.5).
/// </summary>
public sealed class ScratchSgd(IEnumerable<Parameter> parameters, double learningRate) : IUpdate
{
    private readonly List<Parameter> _parameters = [.. parameters];

    /// <inheritdoc/>
    public double LearningRate { get; set; } = learningRate;

    /// <inheritdoc/>
    public void ZeroGradients()
    {
        using IDisposable unrecorded = no_grad();
        foreach (Tensor gradient in Gradients())
            gradient.zero_();
    }

    /// <inheritdoc/>
    public double Clip(double maxNorm)
    {
        using IDisposable unrecorded = no_grad();
        using DisposeScope scope = NewDisposeScope();
        List<Tensor> gradients = [.. Gradients()];
        if (gradients.Count == 0)
            return 0;
        double norm = stack(gradients.Select(gradient => gradient.square().sum())).sum().sqrt().ToDouble();
        if (maxNorm > 0 && norm > maxNorm)
        {
            foreach (Tensor gradient in gradients)
                gradient.mul_(maxNorm / norm);
        }
        return norm;
    }

    /// <inheritdoc/>
    public void Step()
    {
        using IDisposable unrecorded = no_grad();
        using DisposeScope scope = NewDisposeScope();
        foreach (Parameter parameter in _parameters)
        {
            if (parameter.grad is { } gradient)
                parameter.sub_(gradient * LearningRate);
        }
    }

    /// <summary>Nothing to free: the weights belong to the model.</summary>
    public void Dispose()
    {
    }

    private IEnumerable<Tensor> Gradients() => _parameters.Select(parameter => parameter.grad).OfType<Tensor>();
}
