using CharLM.Batching;
using CharLM.Models;
using CharLM.Randomness;
using CharLM.Tokenization;

namespace CharLM.Training;

/// <summary>
/// Trains a language model by backpropagation through time: where rows continue, the state is carried from minibatch to minibatch;
/// gradients stop at the beginning of each minibatch (Dive into Deep Learning v0.17, 8.5.6 and 8.7).
/// </summary>
/// <remarks>
/// Thread safety: one thread at a time per trainer, and one trainer per model; the model may be read between steps, while reading it
/// during one throws. torch has one random generator per process: models with dropout that torch trains concurrently are not
/// reproducible.
/// </remarks>
public sealed class Trainer : EpochTrainer
{
    private readonly MinibatchIterator _minibatches;
    private readonly ITrainingBackend _backend;
    private readonly int[] _inputs, _targets;
    private readonly float[] _gradientScales;
    private readonly int _stateRow, _batchesOfState;
    private readonly ModelConfig _model;

    // The planned pass over the text, the run's step at its beginning, and the step at the beginning of the epoch.
    private EpochPlan _plan;
    private int _pass;
    private long _passBegin, _epochBegin;

    /// <summary>A trainer of a model on a text.</summary>
    /// <param name="model">The model; the caller owns it.</param>
    /// <param name="config">How to train.</param>
    /// <param name="tokens">The training text as token ids; with documents, an end token and then documents that each end with one.</param>
    /// <param name="endId">The id that ends a document, where the state is reset; default null: the text is one document.</param>
    /// <exception cref="InvalidConfigException">The configuration is invalid.</exception>
    /// <exception cref="CorpusTooShortException">The text does not fill one minibatch.</exception>
    public Trainer(LanguageModel model, TrainerConfig config, TokenSource tokens, int? endId = null)
        : base(config, model)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        if (endId is not null)
            InvalidConfigException.ThrowIfAny(config.DocumentErrors(model.Config));
        // Without truncation, the only minibatch of an epoch reads every row to its end.
        int numSteps = config.Truncation == Truncation.None
            ? checked((int)Math.Max(1, (tokens.Length - 1) / config.BatchSize)) : config.NumSteps;
        _minibatches = MinibatchIterator.Create(config.Sampling, tokens, config.BatchSize, numSteps, config.Seed, endId);
        _plan = _minibatches.Plan(0);
        (_inputs, _targets) = (new int[config.BatchSize * numSteps], new int[config.BatchSize * numSteps]);
        _gradientScales = config.Truncation == Truncation.Random ? new float[numSteps] : [];
        // Documents begin at zero by themselves.
        _batchesOfState = endId is not null ? 0 : (int)(((long)config.ResetEvery + numSteps - 1) / numSteps);
        _backend = TrainingBackends.Create(model, config);
        (_stateRow, _model) = (model.Config.NumLayers * model.Config.NumDirections * model.Config.NumHiddens, model.Config);
    }

    /// <summary>The number of passes over the text in a number of steps.</summary>
    internal double PassesOf(int steps) => (double)steps / _plan.NumBatches;

    /// <inheritdoc/>
    private protected override IOptimizer Optimizer => _backend.Optimizer;

    /// <inheritdoc/>
    protected override void Free() => _backend.Dispose();

    /// <inheritdoc/>
    protected override int PlanEpoch(int epoch)
    {
        if (Config.EpochLength == 0)
        {
            (_pass, _plan) = (epoch, _minibatches.Plan(epoch));
            return _plan.NumBatches;
        }
        _epochBegin = (long)epoch * Config.EpochLength;
        long left = Config.TotalSteps > 0 ? Config.TotalSteps - _epochBegin : Config.EpochLength;
        return (int)Math.Clamp(left, 0, Config.EpochLength);
    }

    private protected override bool BeginsAnew(int epoch, int batch) =>
        BeginsAnew(Config.EpochLength == 0 ? batch : Seek(((long)epoch * Config.EpochLength) + batch));

    private bool BeginsAnew(int batch) => _plan.BeginsAnew(batch) || (_batchesOfState > 0 && batch % _batchesOfState == 0);

    // Plans the pass over the text that contains a step of the run; returns the step's minibatch in it.
    private int Seek(long step)
    {
        if (step < _passBegin)
            (_pass, _passBegin, _plan) = (0, 0, _minibatches.Plan(0));
        while (step >= _passBegin + _plan.NumBatches)
        {
            _passBegin += _plan.NumBatches;
            _plan = _minibatches.Plan(++_pass);
        }
        return (int)(step - _passBegin);
    }

    /// <inheritdoc/>
    protected override (double Loss, long Predictions) Learn(int batch, long step, double done)
    {
        if (Config.EpochLength > 0)
            batch = Seek(_epochBegin + batch);
        // Counted by passes, so that how often a run is measured does not affect its randomness.
        step = ((long)_pass << 32) | (uint)batch;
        if (BeginsAnew(batch) || !_minibatches.CarriesState)
            _backend.ResetState();
        int rows = _plan.RowsOf(batch), steps = _plan.StepsOf(batch), tokens = rows * steps;
        Span<int> inputs = _inputs.AsSpan(0, tokens), targets = _targets.AsSpan(0, tokens);
        _plan.Fill(_minibatches.Tokens, batch, inputs, targets);
        if (Config.Truncation == Truncation.Random)
            DrawGradientScales(step);
        double loss = _backend.Learn(
            inputs, targets, rows, steps, Draw("dropout", step), _gradientScales.AsSpan(0, Math.Min(_gradientScales.Length, steps)));
        return (loss, tokens - targets.Count(Minibatch.NoTarget));
    }

    private protected override CarriedState CopyCarried() => _minibatches.CarriesState ? _backend.CopyState() : CarriedState.None;

    private protected override void SetCarried(CarriedState state)
    {
        if (!_minibatches.CarriesState)
            return;
        // With documents, the last minibatch of a pool may have fewer rows.
        int rows = _minibatches is DocumentIterator ? Math.Clamp(state.Hidden.Length / _stateRow, 1, Config.BatchSize) : Config.BatchSize;
        int length = _stateRow * rows, step = _model.OutputSize * rows;
        bool fits = state.Hidden.Length == length && state.Cell.Length == (_model.HasCellState ? length : 0)
            && (_model.Attention is null ? state.Memory.Length == 0 : state.Memory.Length % step == 0 && state.Memory.Length / step >= 1
                && state.Memory.Length / step <= _model.EffectiveAttentionWindow);
        if (!fits)
            throw new FormatException(
                $"carries a state of {state.Hidden.Length}, {state.Cell.Length} and {state.Memory.Length} values, which does not match its "
                    + $"model and {rows} rows");
        _backend.SetState(rows, state);
    }

    private void DrawGradientScales(long step)
    {
        var random = new RandomStream(Config.Seed, "truncation", step);
        for (int i = 0; i < _gradientScales.Length; i++)
            _gradientScales[i] = random.NextDouble() < Config.TruncationKeep ? (float)(1 / Config.TruncationKeep) : 0;
    }
}
