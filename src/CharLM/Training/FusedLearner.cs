using CharLM.Models;
using CharLM.Models.Fused;
using CharLM.Models.Fused.Threads;

namespace CharLM.Training;

/// <summary>Learns with the kernels.</summary>
internal sealed class FusedLearner : ILearner
{
    private readonly FusedNetwork _network;
    private readonly FusedRuntime _runtime;

    /// <summary>A learner of a model.</summary>
    /// <param name="model">The model; its implementation is <see cref="Implementation.Fused"/>.</param>
    /// <param name="config">How its weights change.</param>
    public FusedLearner(LanguageModel model, TrainerConfig config)
    {
        _runtime = model.Fused;
        _network = new FusedNetwork(model.Config, model.VocabSize, _runtime.Weights, _runtime.Workers);
        Update = new FusedUpdate(_runtime.Weights, _runtime.Workers, config.Optimizer, config.LearningRate, config.WeightDecay);
    }

    /// <inheritdoc/>
    public IUpdate Update { get; }

    /// <inheritdoc/>
    public void ResetState() => _network.ZeroState();

    /// <inheritdoc/>
    public double Learn(ReadOnlySpan<long> inputs, ReadOnlySpan<long> targets, int batch, int steps, ulong dropoutKey, ReadOnlySpan<float> gradientScales)
    {
        _runtime.Weights.ThrowIfMoved("make a new trainer");
        return _network.Learn(inputs, targets, batch, steps, dropoutKey, gradientScales);
    }

    /// <inheritdoc/>
    public CarriedState CopyState()
    {
        (float[] hidden, float[] cell) = _network.Stack.CopyState();
        return new CarriedState(hidden, cell, []);
    }

    /// <inheritdoc/>
    public void SetState(int batch, CarriedState state) => _network.Stack.SetState(batch, state.Hidden, state.Cell);

    /// <inheritdoc/>
    public void Dispose()
    {
        _network.Dispose();
        Update.Dispose();
    }
}
