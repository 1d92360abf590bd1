using System.Diagnostics;
using CharLM.Batching;
using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Randomness;

namespace CharLM.Training;

/// <summary>
/// Trains a language model by backpropagation through time: the state is carried from minibatch to minibatch where the
/// rows go on, and gradients stop at the beginning of each minibatch (Dive into Deep Learning v0.17, 8.5.6 and 8.7).
/// </summary>
public sealed class Trainer : IDisposable
{
    private readonly TrainerConfig _config;
    private readonly MinibatchIterator _minibatches;
    private readonly ILearner _learner;
    private readonly Schedule _schedule;
    private readonly long[] _inputs, _targets;
    private readonly float[] _gradientScales;

    /// <summary>A trainer of a model on a text.</summary>
    /// <param name="model">The model; stays the caller's.</param>
    /// <param name="config">How to train.</param>
    /// <param name="tokens">The training text as token ids.</param>
    /// <exception cref="InvalidConfigException">The configuration has a fault.</exception>
    /// <exception cref="CorpusTooShortException">The text does not fill one minibatch.</exception>
    public Trainer(LanguageModel model, TrainerConfig config, ReadOnlyMemory<int> tokens)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(config);
        config.Validate();
        _config = config;
        // Without truncation the one minibatch of an epoch reads every row to its end.
        int numSteps = config.Truncation == Truncation.None ? Math.Max(1, (tokens.Length - 1) / config.BatchSize) : config.NumSteps;
        _minibatches = MinibatchIterator.Create(config.Sampling, tokens, config.BatchSize, numSteps, config.Seed);
        (_inputs, _targets) = (new long[config.BatchSize * numSteps], new long[config.BatchSize * numSteps]);
        _gradientScales = config.Truncation == Truncation.Random ? new float[numSteps] : [];
        _schedule = new Schedule(config.Schedule, config.LearningRate, config.NumEpochs);
        _learner = Learners.Create(model, config);
    }

    /// <summary>Trains one epoch.</summary>
    /// <param name="epoch">Which epoch, from 0; fixes the order of its minibatches.</param>
    /// <param name="progress">Told of every minibatch.</param>
    /// <param name="cancellationToken">Looked at before each minibatch: a step that has begun is finished.</param>
    /// <exception cref="OperationCanceledException">Cancelled; the weights are those after the last finished step.</exception>
    /// <exception cref="TrainingDivergedException">The loss is not finite; the weights are those before that step.</exception>
    public EpochReport TrainEpoch(int epoch, IProgress<StepReport>? progress = null, CancellationToken cancellationToken = default)
    {
        EpochPlan plan = _minibatches.Plan(epoch);
        var time = Stopwatch.StartNew();
        var nats = default(Nats);
        double norms = 0;
        for (int batch = 0; batch < plan.NumBatches; batch++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (batch == 0 || !_minibatches.CarriesState)
                _learner.ResetState();
            StepReport step = TrainStep(epoch, plan, batch);
            long tokens = (long)plan.RowsOf(batch) * plan.NumSteps;
            nats += new Nats(step.Loss * tokens, tokens);
            norms += step.GradientNorm;
            progress?.Report(step);
        }
        return new EpochReport
        {
            Epoch = epoch + 1,
            NumEpochs = _config.NumEpochs,
            Train = nats,
            GradientNorm = norms / plan.NumBatches,
            LearningRate = _learner.Update.LearningRate,
            Seconds = time.Elapsed.TotalSeconds,
        };
    }

    /// <summary>Tells the schedule how the held-out text did after an epoch.</summary>
    /// <param name="nats">Nats a token.</param>
    public void EpochEnded(double nats) => _schedule.EpochEnded(nats);

    /// <inheritdoc/>
    public void Dispose() => _learner.Dispose();

    // Forward, backward, clip, update.
    private StepReport TrainStep(int epoch, EpochPlan plan, int batch)
    {
        plan.Fill(_minibatches.Tokens, batch, _inputs, _targets);
        int rows = plan.RowsOf(batch), tokens = rows * plan.NumSteps;
        // What is random in a step follows from the step alone, so that it is the same wherever a run begins.
        long step = ((long)epoch << 32) | (uint)batch;
        ulong dropoutKey = RandomStream.Draw(_config.Seed, "dropout", step);
        if (_config.Truncation == Truncation.Random)
            DrawGradientScales(step);
        _learner.Update.LearningRate = _schedule.RateAt(epoch + ((double)batch / plan.NumBatches));
        double loss = _learner.Learn(_inputs.AsSpan(0, tokens), _targets.AsSpan(0, tokens), rows, plan.NumSteps, dropoutKey, _gradientScales);
        double norm = _learner.Update.Clip(_config.ClipNorm);
        if (!double.IsFinite(loss) || !double.IsFinite(norm))
            throw new TrainingDivergedException(epoch + 1, batch + 1, loss, norm, _learner.Update.LearningRate);
        _learner.Update.Step();
        return new StepReport(epoch + 1, batch + 1, plan.NumBatches, loss, norm);
    }

    private void DrawGradientScales(long step)
    {
        var random = new RandomStream(_config.Seed, "truncation", step);
        for (int i = 0; i < _gradientScales.Length; i++)
            _gradientScales[i] = random.NextDouble() < _config.TruncationKeep ? (float)(1 / _config.TruncationKeep) : 0;
    }
}
