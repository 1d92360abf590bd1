using System.Text.Json.Serialization;
using CharLM.Models;
using TorchSharp;
using TorchSharp.Modules;
using static CharLM.Models.TensorMath;
using static TorchSharp.torch;

namespace CharLM.Training;

/// <summary>
/// An optimizer: turns gradients into new weights, including clipping. Frozen weights (<c>requires_grad</c> is false) do not change and
/// do not count in the norm.
/// </summary>
/// <remarks>Thread safety: one thread at a time.</remarks>
internal interface IOptimizer : IDisposable
{
    /// <summary>The learning rate.</summary>
    double LearningRate { get; set; }

    /// <summary>Clears the gradients of the previous step.</summary>
    void ZeroGradients();

    /// <summary>Clips the gradients to a bound.</summary>
    /// <param name="bound">The bound; 0 never clips.</param>
    /// <param name="kind">The kind of clipping; default by global norm.</param>
    /// <returns>The global norm before clipping.</returns>
    double Clip(double bound, ClippingKind kind = ClippingKind.Norm);

    /// <summary>Updates the weights.</summary>
    void Step();

    /// <summary>Copies its state.</summary>
    OptimizerMoments CopyState();

    /// <summary>Resumes from the state of an optimizer of the same kind and weights.</summary>
    /// <exception cref="FormatException">The state is from another kind or other weights.</exception>
    void SetState(OptimizerMoments state);
}

/// <summary>The optimization algorithm.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum OptimizerKind
{
    /// <summary>Stochastic gradient descent, with or without momentum: from scratch for custom models, torch.optim's for others.</summary>
    Sgd,

    /// <summary>Adam (Kingma and Ba 2015), torch.optim's.</summary>
    Adam,

    /// <summary>Adam with decoupled weight decay (Loshchilov and Hutter 2019), torch.optim's.</summary>
    [JsonStringEnumMemberName("adamw")]
    AdamW,

    /// <summary>RMSProp (Hinton 2012), torch.optim's.</summary>
    [JsonStringEnumMemberName("rmsprop")]
    RmsProp,
}

/// <summary>The state of an optimizer.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="Steps">The most steps that any weight has taken; frozen weights take none.</param>
/// <param name="Moments">
/// By PyTorch's name (exp_avg, exp_avg_sq, square_avg, momentum_buffer), the values of each weight in order, row-major.
/// </param>
internal sealed record OptimizerMoments(long Steps, IReadOnlyDictionary<string, IReadOnlyList<float[]>> Moments)
{
    /// <summary>The name of the mean of gradients.</summary>
    public const string FirstMoment = "exp_avg";

    /// <summary>The name of Adam's mean of squared gradients.</summary>
    public const string SecondMoment = "exp_avg_sq";

    /// <summary>The name of RMSProp's mean of squared gradients.</summary>
    public const string SquareAverage = "square_avg";

    /// <summary>The name of the sum of gradients that SGD's momentum decays.</summary>
    public const string MomentumBuffer = "momentum_buffer";

    /// <summary>The names of all moments.</summary>
    public static IReadOnlyList<string> AllMoments { get; } = [FirstMoment, SecondMoment, SquareAverage, MomentumBuffer];

    /// <summary>An empty state.</summary>
    public static OptimizerMoments None { get; } = new(0, new Dictionary<string, IReadOnlyList<float[]>>());

    /// <summary>The values of a moment, one array per weight.</summary>
    /// <param name="name">The name of the moment.</param>
    /// <param name="lengths">The number of values of each weight.</param>
    /// <exception cref="FormatException">They are missing, or belong to other weights.</exception>
    public IReadOnlyList<float[]> MomentOf(string name, IReadOnlyList<long> lengths)
    {
        if (!Moments.TryGetValue(name, out IReadOnlyList<float[]>? values))
            throw new FormatException($"lacks the optimizer's {name}");
        return values.Select(of => of.LongLength).SequenceEqual(lengths) ? values
            : throw new FormatException($"has the optimizer's {name} for other weights");
    }

    /// <summary>The moments of a kind of optimizer, in PyTorch's order.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="hasMomentum">Whether SGD has momentum.</param>
    public static IReadOnlyList<string> MomentsOf(OptimizerKind kind, bool hasMomentum = false) => kind switch
    {
        OptimizerKind.Sgd when hasMomentum => [MomentumBuffer],
        OptimizerKind.Adam or OptimizerKind.AdamW => [FirstMoment, SecondMoment],
        OptimizerKind.RmsProp => [SquareAverage],
        _ => [],
    };
}

/// <summary>
/// Minibatch stochastic gradient descent from scratch: w becomes w - lr * g, with the clipping of <see cref="GradientClipping"/>
/// (Dive into Deep Learning v0.17, 8.5.5 and 3.2.6). With momentum, as in torch.optim.SGD: b becomes m * b + g, and b takes the place of
/// g, or g + m * b with Nesterov's.
/// </summary>
/// <remarks>Thread safety: one thread at a time.</remarks>
internal sealed class ScratchSgd(
    IEnumerable<Parameter> parameters, double learningRate, double weightDecay = 0, double momentum = 0, bool nesterov = false) : IOptimizer
{
    private readonly List<Parameter> _parameters = [.. parameters];

    // b of each weight, zero at first; empty without momentum.
    private readonly List<Tensor> _buffers = [];

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
        for (int i = 0; i < _parameters.Count; i++)
        {
            Parameter parameter = _parameters[i];
            if (!parameter.requires_grad || parameter.grad is not { } gradient)
                continue;
            Tensor g = weightDecay == 0 ? gradient : Add(gradient, Multiply(parameter, weightDecay));
            if (momentum > 0)
            {
                Tensor b = Buffers()[i];
                b.copy_(Add(Multiply(b, momentum), g));
                g = nesterov ? Add(g, Multiply(b, momentum)) : b;
            }
            parameter.copy_(parameter - Multiply(g, LearningRate));
        }
    }

    /// <inheritdoc/>
    public OptimizerMoments CopyState() => momentum == 0 ? OptimizerMoments.None : new OptimizerMoments(
        0, new Dictionary<string, IReadOnlyList<float[]>> { [OptimizerMoments.MomentumBuffer] = [.. Buffers().Select(FloatArray.Of)] });

    /// <inheritdoc/>
    public void SetState(OptimizerMoments state)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (momentum == 0)
            return;
        using DisposeScope scope = NewDisposeScope();
        foreach ((Tensor buffer, float[] values) in Buffers().Zip(
            state.MomentOf(OptimizerMoments.MomentumBuffer, [.. _parameters.Select(weight => weight.numel())])))
            buffer.copy_(tensor(values, buffer.shape));
    }

    /// <summary>Frees its state; the weights belong to the model.</summary>
    public void Dispose() => _buffers.ForEach(buffer => buffer.Dispose());

    private List<Tensor> Buffers()
    {
        if (_buffers.Count == 0)
            _buffers.AddRange(_parameters.Select(weight => weight.detach().zeros_like().DetachFromDisposeScope()));
        return _buffers;
    }
}
