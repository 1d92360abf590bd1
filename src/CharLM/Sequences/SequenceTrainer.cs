using System.Diagnostics;
using CharLM.Batching;
using CharLM.Evaluation;
using CharLM.Randomness;
using CharLM.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Sequences;

/// <summary>
/// Trains a model on examples of different lengths. Of <see cref="TrainerConfig"/> it reads the epochs, the minibatch, the
/// optimizer, the schedule, the clipping and the seed; the rest is about running text.
/// </summary>
public sealed class SequenceTrainer : IDisposable
{
    private readonly ISequenceTask _task;
    private readonly TrainerConfig _config;
    private readonly Schedule _schedule;
    private readonly TorchUpdate _update;

    /// <summary>A trainer of a task.</summary>
    /// <param name="task">Stays the caller's.</param>
    /// <param name="config">How to train.</param>
    /// <exception cref="InvalidConfigException">The configuration has a fault.</exception>
    public SequenceTrainer(ISequenceTask task, TrainerConfig config)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(config);
        config.Validate();
        (_task, _config) = (task, config);
        _schedule = new Schedule(config.Schedule, config.LearningRate, config.NumEpochs);
        _update = new TorchUpdate(config.Optimizer, task.Model.parameters(), config.LearningRate, config.WeightDecay);
    }

    /// <summary>Trains one epoch.</summary>
    /// <param name="epoch">Which epoch, from 0; fixes its minibatches and everything else that is random in it.</param>
    /// <param name="progress">Told of every minibatch.</param>
    /// <param name="cancellationToken">Looked at before each minibatch: a step that has begun is finished.</param>
    /// <exception cref="OperationCanceledException">Cancelled; the weights are those after the last finished step.</exception>
    /// <exception cref="TrainingDivergedException">The loss is not finite; the weights are those before that step.</exception>
    public EpochReport TrainEpoch(int epoch, IProgress<StepReport>? progress = null, CancellationToken cancellationToken = default)
    {
        int[][] batches = LengthBuckets.Plan(_task.Lengths, _config.BatchSize, new RandomStream(_config.Seed, "buckets", epoch));
        var time = Stopwatch.StartNew();
        var nats = default(Nats);
        double norms = 0;
        for (int batch = 0; batch < batches.Length; batch++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            (StepReport step, long predictions) = TrainStep(epoch, batch, batches);
            nats += new Nats(step.Loss * predictions, predictions);
            norms += step.GradientNorm;
            progress?.Report(step);
        }
        return new EpochReport
        {
            Epoch = epoch + 1,
            NumEpochs = _config.NumEpochs,
            Train = nats,
            GradientNorm = norms / batches.Length,
            LearningRate = _update.LearningRate,
            Seconds = time.Elapsed.TotalSeconds,
        };
    }

    /// <summary>Tells the schedule how an epoch did.</summary>
    /// <param name="loss">Lower is better.</param>
    public void EpochEnded(double loss) => _schedule.EpochEnded(loss);

    /// <inheritdoc/>
    public void Dispose() => _update.Dispose();

    private (StepReport Report, long Predictions) TrainStep(int epoch, int batch, int[][] batches)
    {
        using DisposeScope scope = NewDisposeScope();
        long number = ((long)epoch << 32) | (uint)batch;
        double done = epoch + ((double)batch / batches.Length);
        _update.LearningRate = _schedule.RateAt(done);
        _task.Model.train();
        manual_seed((long)(RandomStream.Draw(_config.Seed, "dropout", number) >> 1)); // dropout draws from torch's own generator
        (Tensor loss, long predictions) = _task.Loss(batches[batch], done / _config.NumEpochs, new RandomStream(_config.Seed, "step", number));
        _update.ZeroGradients();
        loss.backward();
        double value = loss.ToDouble(), norm = _update.Clip(_config.ClipNorm, _config.Clipping);
        if (!double.IsFinite(value) || !double.IsFinite(norm))
            throw new TrainingDivergedException(epoch + 1, batch + 1, value, norm, _update.LearningRate);
        _update.Step();
        return (new StepReport(epoch + 1, batch + 1, batches.Length, value, norm), predictions);
    }
}
