using CharLM.Batching;
using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Randomness;
using CharLM.Training;
using TorchSharp;
using static CharLM.Models.TensorMath;
using static TorchSharp.torch;

namespace CharLM.Pairs;

/// <summary>
/// Trains a model on examples of different lengths. It uses the epochs, batch size, accumulation, optimizer, schedule, clipping, frozen
/// parts and seed of <see cref="TrainerConfig"/>; its other settings are for running text.
/// </summary>
/// <remarks>
/// Thread safety: one thread at a time per trainer, and one trainer per model. Other threads may read the model between steps; reading it
/// during a step throws.
/// </remarks>
public sealed class PairTrainer : EpochTrainer
{
    private readonly IPairTask _task;
    private int[][] _batches = [];
    private int _planned = -1;

    /// <summary>A trainer of a task.</summary>
    /// <param name="task">The task; the caller owns it.</param>
    /// <param name="config">How to train.</param>
    /// <exception cref="InvalidConfigException">The configuration is invalid.</exception>
    public PairTrainer(IPairTask task, TrainerConfig config)
        : base(config, (task ?? throw new ArgumentNullException(nameof(task))).Model)
        => _task = task;

    /// <inheritdoc/>
    protected override int PlanEpoch(int epoch)
    {
        if (epoch != _planned)
            (_batches, _planned) = (
                LengthBuckets.Plan(_task.Lengths, Config.RowsOfUpdate, new RandomStream(Config.Seed, "buckets", epoch)), epoch);
        return _batches.Length;
    }

    /// <inheritdoc/>
    protected override (double Loss, long Predictions) Learn(int batch, long step, double done)
    {
        _task.Model.train();
        manual_seed((long)(Draw("dropout", step) >> 1)); // dropout draws from torch's own generator
        var random = new RandomStream(Config.Seed, "step", step);
        int[] examples = _batches[batch];
        if (examples.Length <= Config.BatchSize)
        {
            using DisposeScope scope = NewDisposeScope();
            (Tensor loss, long predictions) = _task.Loss(examples, done / Config.EpochCount, random);
            return (Backward(loss), predictions);
        }
        // How many predictions there are is known only at the end: until then, the gradients are those of the sum.
        LossSum sum = default;
        Optimizer.ZeroGradients();
        foreach (int[] part in examples.Chunk(Config.BatchSize))
        {
            using DisposeScope scope = NewDisposeScope();
            (Tensor loss, long predictions) = _task.Loss(part, done / Config.EpochCount, random);
            Multiply(loss, predictions).backward();
            sum += new LossSum(FloatArray.ValueOf(loss) * predictions, predictions);
        }
        using (no_grad())
        {
            using DisposeScope scope = NewDisposeScope();
            using Scalar scale = 1.0 / sum.Tokens;
            foreach (Tensor gradient in _task.Model.parameters().Select(weight => weight.grad).OfType<Tensor>())
                gradient.mul_(scale);
        }
        return (sum.Mean, sum.Tokens);
    }
}
