using CharLM.Batching;
using CharLM.Models;
using CharLM.Randomness;
using CharLM.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Pairs;

/// <summary>
/// Trains a model on examples of different lengths. It uses the epochs, batch size, optimizer, schedule, clipping, frozen parts and
/// seed of <see cref="TrainerConfig"/>; the rest is for running text.
/// </summary>
public sealed class PairTrainer : EpochTrainer
{
    private readonly IPairTask _task;
    private readonly TorchOptimizer _optimizer;
    private int[][] _batches = [];
    private int _planned = -1;

    /// <summary>A trainer of a task.</summary>
    /// <param name="task">The task; the caller owns it.</param>
    /// <param name="config">How to train.</param>
    /// <exception cref="InvalidConfigException">The configuration is invalid.</exception>
    public PairTrainer(IPairTask task, TrainerConfig config)
        : base(config, (task ?? throw new ArgumentNullException(nameof(task))).Model)
    {
        _task = task;
        _optimizer = new TorchOptimizer(config.Optimizer, task.Model.parameters(), config.LearningRate, config.WeightDecay);
    }

    /// <inheritdoc/>
    private protected override IOptimizer Optimizer => _optimizer;

    /// <inheritdoc/>
    protected override void Free() => _optimizer.Dispose();

    /// <inheritdoc/>
    protected override int PlanEpoch(int epoch)
    {
        if (epoch != _planned)
            (_batches, _planned) = (
                LengthBuckets.Plan(_task.Lengths, Config.BatchSize, new RandomStream(Config.Seed, "buckets", epoch)), epoch);
        return _batches.Length;
    }

    /// <inheritdoc/>
    protected override (double Loss, long Predictions) Learn(int batch, long step, double done)
    {
        using DisposeScope scope = NewDisposeScope();
        _task.Model.train();
        manual_seed((long)(Draw("dropout", step) >> 1)); // dropout draws from torch's own generator
        (Tensor loss, long predictions) = _task.Loss(
            _batches[batch], done / Config.EpochCount, new RandomStream(Config.Seed, "step", step));
        _optimizer.ZeroGradients();
        loss.backward();
        return (FloatArray.ValueOf(loss), predictions);
    }
}
