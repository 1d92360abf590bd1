using System.Text.Json.Serialization;
using TorchSharp;
using TorchSharp.Modules;
using static CharLM.Models.TensorMath;
using static TorchSharp.torch;

namespace CharLM.Training;

/// <summary>
/// One way of turning gradients into new weights, clipping included. Frozen weights (<c>requires_grad</c> is false) stay as they are
/// and do not count in the norm.
/// </summary>
/// <remarks>Thread safety: one thread at a time.</remarks>
internal interface IOptimizer : IDisposable
{
    /// <summary>The step size.</summary>
    double LearningRate { get; set; }

    /// <summary>Forgets the gradients of the step before.</summary>
    void ZeroGradients();

    /// <summary>Holds the gradients to a bound.</summary>
    /// <param name="bound">The bound; 0 never clips.</param>
    /// <param name="kind">How; default all together, by their global norm.</param>
    /// <returns>The global norm before clipping.</returns>
    double Clip(double bound, ClippingKind kind = ClippingKind.Norm);

    /// <summary>Changes the weights.</summary>
    void Step();

    /// <summary>What it has gathered, copied.</summary>
    OptimizerMoments CopyState();

    /// <summary>Goes on from what another one of the same kind and weights has gathered.</summary>
    /// <exception cref="FormatException">It is of another kind, or of other weights.</exception>
    void SetState(OptimizerMoments state);
}

/// <summary>How gradients change the weights.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum OptimizerKind
{
    /// <summary>Stochastic gradient descent: written out for custom models, torch.optim's for others.</summary>
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

/// <summary>What an optimizer has gathered.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="Steps">Steps that it has counted; of weights that were frozen for a while, those of the others.</param>
/// <param name="Moments">By PyTorch's name (exp_avg, exp_avg_sq, square_avg), the values of each weight in order, row-major.</param>
internal sealed record OptimizerMoments(long Steps, IReadOnlyDictionary<string, IReadOnlyList<float[]>> Moments)
{
    /// <summary>The name of the mean of gradients.</summary>
    public const string FirstMoment = "exp_avg";

    /// <summary>The name of Adam's mean of squared gradients.</summary>
    public const string SecondMoment = "exp_avg_sq";

    /// <summary>The name of RMSProp's mean of squared gradients.</summary>
    public const string SquareAverage = "square_avg";

    /// <summary>The names of all of them.</summary>
    public static IReadOnlyList<string> AllMoments { get; } = [FirstMoment, SecondMoment, SquareAverage];

    /// <summary>Nothing.</summary>
    public static OptimizerMoments None { get; } = new(0, new Dictionary<string, IReadOnlyList<float[]>>());

    /// <summary>The values of a moment, one array a weight.</summary>
    /// <param name="name">Which moment.</param>
    /// <param name="lengths">How many values each weight has.</param>
    /// <exception cref="FormatException">They are missing, or of other weights.</exception>
    public IReadOnlyList<float[]> MomentOf(string name, IReadOnlyList<long> lengths)
    {
        if (!Moments.TryGetValue(name, out IReadOnlyList<float[]>? values))
            throw new FormatException($"lacks the optimizer's {name}");
        return values.Select(of => of.LongLength).SequenceEqual(lengths) ? values
            : throw new FormatException($"has the optimizer's {name} of other weights");
    }

    /// <summary>The moments of a kind of optimizer, in PyTorch's order.</summary>
    public static IReadOnlyList<string> MomentsOf(OptimizerKind kind) => kind switch
    {
        OptimizerKind.Adam or OptimizerKind.AdamW => [FirstMoment, SecondMoment],
        OptimizerKind.RmsProp => [SquareAverage],
        _ => [],
    };
}

/// <summary>
/// Minibatch stochastic gradient descent, written out: w becomes w - lr * g, after the clipping of
/// <see cref="GradientClipping"/> (Dive into Deep Learning v0.17, 8.5.5 and 3.2.6).
/// </summary>
/// <remarks>Thread safety: one thread at a time.</remarks>
internal sealed class ScratchSgd(IEnumerable<Parameter> parameters, double learningRate, double weightDecay = 0) : IOptimizer
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
                parameter.copy_(parameter - Multiply(
                    weightDecay == 0 ? gradient : Add(gradient, Multiply(parameter, weightDecay)), LearningRate));
        }
    }

    /// <inheritdoc/>
    public OptimizerMoments CopyState() => OptimizerMoments.None;

    /// <summary>Nothing to set: each step depends on its gradients alone.</summary>
    public void SetState(OptimizerMoments state)
    {
    }

    /// <summary>Nothing to free: the weights belong to the model.</summary>
    public void Dispose()
    {
    }
}
