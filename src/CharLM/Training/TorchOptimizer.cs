using CharLM.Models;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Training;

/// <summary>An optimizer of torch.optim, with the clipping of <see cref="GradientClipping"/>.</summary>
/// <remarks>Thread safety: one thread at a time.</remarks>
internal sealed class TorchOptimizer : IOptimizer
{
    private readonly List<Parameter> _parameters;
    private readonly OptimizerHelper _optimizer;
    private readonly IReadOnlyList<string> _moments;

    /// <summary>An optimizer with PyTorch's defaults for everything else.</summary>
    public TorchOptimizer(OptimizerKind kind, IEnumerable<Parameter> parameters, double learningRate, double weightDecay = 0,
        double momentum = 0, bool nesterov = false, double beta2 = TrainerConfig.DefaultBeta2)
    {
        (_parameters, _moments) = ([.. parameters], OptimizerMoments.MomentsOf(kind, momentum > 0));
        _optimizer = kind switch
        {
            OptimizerKind.Sgd => optim.SGD(_parameters, learningRate, momentum, weight_decay: weightDecay, nesterov: nesterov),
            OptimizerKind.Adam => optim.Adam(_parameters, learningRate, beta2: beta2, weight_decay: weightDecay),
            OptimizerKind.AdamW => optim.AdamW(_parameters, learningRate, beta2: beta2, weight_decay: weightDecay),
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
    public double Clip(double bound, ClippingKind kind = ClippingKind.Norm) => GradientClipping.Clip(_parameters, bound, kind);

    /// <inheritdoc/>
    public void Step()
    {
        using DisposeScope scope = NewDisposeScope();
        // A weight frozen after it had a gradient would keep moving, through momentum and weight decay.
        foreach (Parameter frozen in _parameters.Where(parameter => !parameter.requires_grad))
            frozen.grad = null;
        _optimizer.step();
    }

    /// <inheritdoc/>
    public OptimizerMoments CopyState()
    {
        using IDisposable unrecorded = no_grad();
        using DisposeScope scope = NewDisposeScope();
        List<OptimizerState> states = _optimizer.state_dict().State;
        var moments = _moments.ToDictionary(
            moment => moment, moment =>
                (IReadOnlyList<float[]>)[.. states.Zip(_parameters, (state, weight) => FloatArray.Of(Moment(state, moment, weight)))],
                    StringComparer.Ordinal);
        return new OptimizerMoments(states.Count == 0 ? 0 : states.Max(Steps), moments);
    }

    /// <inheritdoc/>
    public void SetState(OptimizerMoments state)
    {
        ArgumentNullException.ThrowIfNull(state);
        using IDisposable unrecorded = no_grad();
        using DisposeScope scope = NewDisposeScope();
        List<OptimizerState> own = _optimizer.state_dict().State;
        foreach (string moment in _moments)
        {
            IReadOnlyList<float[]> values = state.MomentOf(moment, [.. _parameters.Select(weight => weight.numel())]);
            for (int i = 0; i < own.Count; i++)
            {
                Tensor target = Moment(own[i], moment, _parameters[i]);
                target.copy_(tensor(values[i], target.shape));
            }
        }
        foreach (OptimizerState of in own)
            SetSteps(of, state.Steps);
    }

    /// <inheritdoc/>
    public void Dispose() => _optimizer.Dispose();

    private static Tensor Moment(OptimizerState state, string name, Parameter weight) => (state, name) switch
    {
        // Before the first step there is none; a buffer of zeros takes the same step.
        (SGD.State sgd, OptimizerMoments.MomentumBuffer) =>
            sgd.momentum_buffer ??= weight.detach().zeros_like().DetachFromDisposeScope(),
        (Adam.State adam, OptimizerMoments.FirstMoment) => adam.exp_avg,
        (Adam.State adam, OptimizerMoments.SecondMoment) => adam.exp_avg_sq,
        (AdamW.State adam, OptimizerMoments.FirstMoment) => adam.exp_avg,
        (AdamW.State adam, OptimizerMoments.SecondMoment) => adam.exp_avg_sq,
        (RMSProp.State rms, OptimizerMoments.SquareAverage) => rms.square_avg,
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "not a moment of this optimizer"),
    };

    private static long Steps(OptimizerState state) => state switch
    {
        Adam.State adam => adam.step,
        AdamW.State adam => adam.step,
        RMSProp.State rms => rms.step,
        _ => 0,
    };

    private static void SetSteps(OptimizerState state, long steps)
    {
        switch (state)
        {
            case Adam.State adam:
                adam.step = steps;
                break;
            case AdamW.State adam:
                adam.step = steps;
                break;
            case RMSProp.State rms:
                rms.step = steps;
                break;
        }
    }
}
