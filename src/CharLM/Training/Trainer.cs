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
    private readonly string[] _weightNames;
    private readonly int _stateRow;
    private readonly ModelConfig _model;
    private readonly Stopwatch _time = new();

    // The epoch that is going on, and what its minibatches told so far.
    private int _epoch, _batch;
    private Nats _nats;
    private double _norms, _secondsBefore;

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
        (_stateRow, _model) = (model.Config.NumLayers * model.Config.NumDirections * model.Config.NumHiddens, model.Config);
        _weightNames = [.. model.named_parameters().Select(parameter => parameter.name)];
    }

    /// <summary>Trains one epoch, or the rest of it when it was cancelled before.</summary>
    /// <param name="epoch">Which epoch, from 0; fixes the order of its minibatches.</param>
    /// <param name="progress">Told of every minibatch.</param>
    /// <param name="cancellationToken">Looked at before each minibatch: a step that has begun is finished.</param>
    /// <exception cref="OperationCanceledException">Cancelled; the weights are those after the last finished step.</exception>
    /// <exception cref="TrainingDivergedException">The loss is not finite; the weights are those before that step.</exception>
    public EpochReport TrainEpoch(int epoch, IProgress<StepReport>? progress = null, CancellationToken cancellationToken = default)
    {
        EpochPlan plan = _minibatches.Plan(epoch);
        if (epoch != _epoch)
            BeginEpoch(epoch);
        _time.Start();
        try
        {
            while (_batch < plan.NumBatches)
            {
                cancellationToken.ThrowIfCancellationRequested();
                StepReport step = NextStep(epoch, plan);
                _time.Stop();
                progress?.Report(step);
                _time.Start();
            }
        }
        finally
        {
            _time.Stop();
        }
        var report = new EpochReport
        {
            Epoch = epoch + 1,
            NumEpochs = _config.NumEpochs,
            Train = _nats,
            GradientNorm = _norms / plan.NumBatches,
            LearningRate = _learner.Update.LearningRate,
            Seconds = Seconds,
        };
        BeginEpoch(epoch + 1);
        return report;
    }

    /// <summary>All that was gathered besides the weights, copied; between two steps, in an epoch or after one.</summary>
    public TrainerState CopyState()
    {
        UpdateState update = _learner.Update.CopyState();
        CarriedState carried = _minibatches.CarriesState && _batch > 0 ? _learner.CopyState() : CarriedState.None;
        return new TrainerState
        {
            Epoch = _epoch,
            Batch = _batch,
            Nats = _nats.Total,
            Tokens = _nats.Tokens,
            GradientNorms = _norms,
            Seconds = Seconds,
            LearningRate = _learner.Update.LearningRate,
            Schedule = _schedule.State,
            OptimizerSteps = update.Steps,
            Moments = update.Moments
                .SelectMany(moment => _weightNames.Zip(moment.Value, (name, values) => ($"{moment.Key}.{name}", values)))
                .ToDictionary(entry => entry.Item1, entry => entry.values, StringComparer.Ordinal),
            Hidden = carried.Hidden,
            Cell = carried.Cell,
            Memory = carried.Memory,
        };
    }

    /// <summary>Goes on from what a trainer of the same model, configuration and text had gathered.</summary>
    /// <exception cref="FormatException">It had another optimizer, batch size or text.</exception>
    public void SetState(TrainerState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        int batches = _minibatches.Plan(state.Epoch).NumBatches;
        if (state.Batch > batches)
            throw new FormatException($"is at minibatch {state.Batch} of an epoch of {batches}");
        var moments = UpdateState.MomentsOf(_config.Optimizer).ToDictionary(
            moment => moment, moment => (IReadOnlyList<float[]>)[.. _weightNames.Select(name => state.Moments.GetValueOrDefault($"{moment}.{name}", []))], StringComparer.Ordinal);
        _learner.Update.SetState(new UpdateState(state.OptimizerSteps, moments));
        _learner.Update.LearningRate = state.LearningRate;
        _schedule.State = state.Schedule;
        if (_minibatches.CarriesState && state.Batch > 0)
            _learner.SetState(_config.BatchSize, Checked(state));
        (_epoch, _batch, _nats, _norms, _secondsBefore) = (state.Epoch, state.Batch, new Nats(state.Nats, state.Tokens), state.GradientNorms, state.Seconds);
        _time.Reset();
    }

    /// <summary>Tells the schedule how the held-out text did after an epoch.</summary>
    /// <param name="nats">Nats a token.</param>
    public void EpochEnded(double nats) => _schedule.EpochEnded(nats);

    /// <inheritdoc/>
    public void Dispose() => _learner.Dispose();

    private double Seconds => _secondsBefore + _time.Elapsed.TotalSeconds;

    private StepReport NextStep(int epoch, EpochPlan plan)
    {
        if (_batch == 0 || !_minibatches.CarriesState)
            _learner.ResetState();
        StepReport step = TrainStep(epoch, plan, _batch);
        long tokens = (long)plan.RowsOf(_batch) * plan.NumSteps;
        _nats += new Nats(step.Loss * tokens, tokens);
        _norms += step.GradientNorm;
        _batch++;
        return step;
    }

    private void BeginEpoch(int epoch)
    {
        (_epoch, _batch, _nats, _norms, _secondsBefore) = (epoch, 0, default, 0, 0);
        _time.Reset();
    }

    private CarriedState Checked(TrainerState state)
    {
        int rows = _config.BatchSize, length = _stateRow * rows, step = _model.OutputSize * rows;
        bool fits = state.Hidden.Length == length && state.Cell.Length == (_model.HasCellState ? length : 0)
            && (_model.Attention is null ? state.Memory.Length == 0 : state.Memory.Length % step == 0 && state.Memory.Length / step >= 1 && state.Memory.Length / step <= _model.EffectiveAttentionWindow);
        return fits
            ? new CarriedState(state.Hidden, state.Cell, state.Memory)
            : throw new FormatException($"carries a state of {state.Hidden.Length}, {state.Cell.Length} and {state.Memory.Length} values, which is none of its model and {rows} rows");
    }

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
        double norm = _learner.Update.Clip(_config.ClipNorm, _config.Clipping);
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
