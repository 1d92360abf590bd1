using System.Numerics;
using System.Runtime.InteropServices;
using CharLM.Models;
using CharLM.Models.Fused;
using CharLM.Models.Fused.Simd;

namespace CharLM.Training;

/// <summary>Trains with the kernels.</summary>
internal sealed class FusedBackend : ITrainingBackend
{
    private const int NoPart = -1;

    private readonly FusedNetwork _network;
    private readonly FusedRuntime _runtime;
    private readonly RawWeights _weights;

    // The states of the parts, but for the one that the network holds; and the gradients of earlier parts.
    private readonly Dictionary<int, CarriedState> _states = [];
    private float[] _sums = [];
    private int _part = NoPart;
    private bool _hasGradients;

    /// <summary>A backend for a model.</summary>
    /// <param name="model">The model; its implementation is <see cref="Implementation.Fused"/>.</param>
    /// <param name="config">The optimizer's settings.</param>
    /// <param name="exchange">The ranks that train together; default null: this process alone.</param>
    public FusedBackend(LanguageModel model, TrainerConfig config, IGradientExchange? exchange = null)
    {
        (_runtime, _weights) = (model.Fused, model.TrainedWeights);
        Ranks = exchange is null ? null : new StepExchange(exchange, _weights);
        LaneWidth width = Ranks?.Width ?? LaneWidth.Best;
        _network = new FusedNetwork(model.Config, model.VocabSize, _weights, _runtime.Workers, width, config.SampledSoftmax);
        Optimizer = new FusedOptimizer(
            _weights, _runtime.Workers, config.Optimizer, config.LearningRate, config.WeightDecay, config.Momentum,
                config.Nesterov, config.Beta2, width);
    }

    /// <summary>The ranks that train together; null for this process alone.</summary>
    public StepExchange? Ranks { get; }

    /// <inheritdoc/>
    public IOptimizer Optimizer { get; }

    /// <inheritdoc/>
    public void ResetState()
    {
        _states.Clear();
        _part = NoPart;
    }

    /// <summary>Begins a minibatch; the network overwrites the gradients.</summary>
    public void ZeroGradients() => _hasGradients = false;

    /// <inheritdoc/>
    public double Learn(ReadOnlySpan<int> inputs, ReadOnlySpan<int> targets, MinibatchPart part, ulong dropoutKey,
        ReadOnlySpan<float> gradientScales)
    {
        _weights.ThrowIfMoved("make a new trainer");
        Hold(part.Index, part.Rows.Count);
        Span<float> gradients = _weights.Gradients;
        if (_hasGradients)
        {
            if (_sums.Length == 0)
                _sums = new float[gradients.Length];
            gradients.CopyTo(_sums);
        }
        double loss = _network.Learn(
            inputs, targets, part.Rows.Count, part.Steps, dropoutKey, gradientScales, part.Rows, part.TargetsOfAll);
        if (_hasGradients)
            Add(gradients, _sums);
        _hasGradients = true;
        return loss;
    }

    /// <inheritdoc cref="StepExchange.Step"/>
    public (double Loss, StepWishes All) Exchange(double loss, StepWishes own)
    {
        // With fewer rows than ranks, some have nothing to add.
        if (!_hasGradients)
            _weights.Gradients.Clear();
        return Ranks!.Step(loss, own);
    }

    /// <inheritdoc/>
    public CarriedState CopyState(int part = 0) => part == _part ? CopyHeld() : _states.GetValueOrDefault(part, CarriedState.None);

    /// <inheritdoc/>
    public void SetState(int rows, CarriedState state, int part = 0)
    {
        _states[part] = state;
        if (part == _part)
            Hold(state, rows);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _network.Dispose();
        Optimizer.Dispose();
    }

    // Exchanges the state in the network for that of a part.
    private void Hold(int part, int rows)
    {
        if (part == _part)
            return;
        if (_part != NoPart)
            _states[_part] = CopyHeld();
        _part = part;
        Hold(_states.GetValueOrDefault(part, CarriedState.None), rows);
    }

    private void Hold(CarriedState state, int rows)
    {
        if (state.Hidden.Length == 0)
            _network.Stack.ZeroState();
        else
            _network.Stack.SetState(rows, state.Hidden, state.Cell);
    }

    private CarriedState CopyHeld()
    {
        (float[] hidden, float[] cell) = _network.Stack.CopyState();
        return new CarriedState(hidden, cell, []);
    }

    private static void Add(Span<float> sums, ReadOnlySpan<float> values)
    {
        Span<Vector<float>> wide = MemoryMarshal.Cast<float, Vector<float>>(sums);
        ReadOnlySpan<Vector<float>> more = MemoryMarshal.Cast<float, Vector<float>>(values);
        for (int i = 0; i < wide.Length; i++)
            wide[i] += more[i];
        for (int i = wide.Length * Vector<float>.Count; i < sums.Length; i++)
            sums[i] += values[i];
    }
}
