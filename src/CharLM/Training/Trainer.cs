using CharLM.Batching;
using CharLM.Models;
using CharLM.Randomness;
using CharLM.Tokenization;

namespace CharLM.Training;

/// <summary>
/// Trains a language model by backpropagation through time. With sequential sampling the state is carried from minibatch to minibatch;
/// gradients stop at the beginning of each minibatch, unless the configuration says otherwise (<see cref="TrainerConfig.Truncation"/>;
/// Dive into Deep Learning v0.17, 8.5.6 and 8.7).
/// </summary>
/// <remarks>
/// Thread safety: one thread at a time per trainer, and one trainer per model. Other threads may read the model between steps; reading it
/// during a step throws. torch has one random generator per process: models with dropout that torch trains concurrently are not
/// reproducible.
/// </remarks>
public sealed class Trainer : EpochTrainer
{
    private readonly MinibatchIterator _minibatches;
    private readonly ITrainingBackend _backend;

    // The backend, if several ranks train together; and what asks this one to stop.
    private readonly FusedBackend? _ranks;
    private CancellationToken _cancellation;
    private readonly int[] _inputs, _targets;
    private readonly float[] _gradientScales;
    private readonly int _batchesOfState;
    private readonly ModelConfig? _model;

    // The planned pass over the text, the run's step at its beginning, and the step at the beginning of the epoch.
    private EpochPlan _plan;
    private int _pass;
    private long _passBegin, _epochBegin;

    /// <summary>A trainer of a model on a text.</summary>
    /// <param name="model">The model, a <see cref="LanguageModel"/> or a <see cref="ModuleModel{TState}"/>; the caller owns it.</param>
    /// <param name="config">How to train.</param>
    /// <param name="tokens">The training text as token ids; with documents, an end token and then documents that each end with one.</param>
    /// <param name="endId">The id that ends a document, where the state is reset; default null: the text is one document.</param>
    /// <exception cref="InvalidConfigException">The configuration is invalid.</exception>
    /// <exception cref="CorpusTooShortException">The text does not fill one minibatch.</exception>
    /// <exception cref="ArgumentException">The model is neither, such as an n-gram model, which does not learn by gradients.</exception>
    public Trainer(ILanguageModel model, TrainerConfig config, TokenSource tokens, int? endId = null)
        : this(model, config, tokens, endId, null)
    {
    }

    /// <summary>A trainer of a model that several ranks train together; each makes the same calls.</summary>
    /// <param name="model">The model; begins with the weights of rank 0.</param>
    /// <param name="config">How to train.</param>
    /// <param name="tokens">The whole training text.</param>
    /// <param name="endId">The id that ends a document; null: the text is one document.</param>
    /// <param name="exchange">The ranks; null: this process alone.</param>
    /// <exception cref="InvalidConfigException">Or the kernels do not compute the model.</exception>
    internal Trainer(ILanguageModel model, TrainerConfig config, TokenSource tokens, int? endId, IGradientExchange? exchange)
        : base(config, Learner(model).Module)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        _model = (model as LanguageModel)?.Config;
        InvalidConfigException.ThrowIfAny(config.RidgeErrors(_model ?? new ModelConfig()));
        InvalidConfigException.ThrowIfAny(config.SampledSoftmaxErrors(_model));
        if (endId is not null)
            InvalidConfigException.ThrowIfAny(config.DocumentErrors(_model ?? new ModelConfig()));
        // Without truncation, the only minibatch of an epoch reads every row to its end.
        int numSteps = config.Truncation == Truncation.None
            ? checked((int)Math.Max(1, (tokens.Length - 1) / config.RowsOfUpdate)) : config.NumSteps;
        _minibatches = MinibatchIterator.Create(config.Sampling, tokens, config.RowsOfUpdate, numSteps, config.Seed, endId);
        _plan = _minibatches.Plan(0);
        int shares = config.Accumulate * (exchange?.Count ?? 1), mostRows = (config.RowsOfUpdate + shares - 1) / shares;
        (_inputs, _targets) = (new int[mostRows * numSteps], new int[mostRows * numSteps]);
        _gradientScales = config.Truncation == Truncation.Random ? new float[numSteps] : [];
        // Documents begin at zero by themselves.
        _batchesOfState = endId is not null ? 0 : (int)(((long)config.ResetEvery + numSteps - 1) / numSteps);
        _backend = TrainingBackends.Create(Learner(model), config, exchange);
        _ranks = exchange is null ? null : (FusedBackend)_backend;
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

    /// <inheritdoc/>
    protected override bool BeginsAnew(int epoch, int batch) =>
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
        if (batch == 0)
            _backend.BeginPass();
        if (BeginsAnew(batch) || !_minibatches.CarriesState)
            _backend.ResetState();
        int steps = _plan.StepsOf(batch), targetsOfAll = _plan.TargetsOf(batch);
        if (Config.Truncation == Truncation.Random)
            DrawGradientScales(step);
        ReadOnlySpan<float> scales = _gradientScales.AsSpan(0, Math.Min(_gradientScales.Length, steps));
        double loss = 0;
        _backend.ZeroGradients();
        for (int part = 0; part < Config.Accumulate; part++)
        {
            RowShare rows = PartOf(_plan.RowsOf(batch), part);
            if (rows.Count == 0)
                continue;
            Span<int> inputs = _inputs.AsSpan(0, rows.Count * steps), targets = _targets.AsSpan(0, inputs.Length);
            _plan.FillRows(_minibatches.Tokens, batch, rows.First, rows.Count, inputs, targets);
            loss += _backend.Learn(inputs, targets, new MinibatchPart(part, rows, steps, targetsOfAll), Draw("dropout", step), scales);
        }
        if (_ranks is not null)
        {
            var own = new StepWishes(_cancellation.IsCancellationRequested, WantsToSave?.Invoke() == true);
            (loss, Agreed) = _ranks.Exchange(loss, own);
        }
        if (batch == _plan.NumBatches - 1)
            _backend.EndPass();
        return (loss, targetsOfAll);
    }

    /// <summary>One rank's cancellation is all ranks': they agree on it at a step, which each finishes.</summary>
    private protected override void ThrowIfCancelled(CancellationToken cancellationToken)
    {
        _cancellation = cancellationToken;
        if (_ranks is null)
            base.ThrowIfCancelled(cancellationToken);
        else if (Agreed is { Stop: true })
            throw new OperationCanceledException("the ranks agreed to stop");
    }

    private RowShare PartOf(int rows, int part)
    {
        (int rank, int count) = _ranks?.Ranks!.Place ?? (0, 1);
        return RowShare.All(rows).Part(rank, count).Part(part, Config.Accumulate);
    }

    /// <inheritdoc/>
    protected override TrainerState CopyCarried(TrainerState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        CarriedState carried = CarriedState.None;
        if (_minibatches.CarriesState)
            carried = CarriedState.Join([.. Enumerable.Range(0, Config.Accumulate).Select(_backend.CopyState)], Layers, Directions);
        // Also without a state: joining checks that the ranks still have the same weights.
        carried = _ranks?.Ranks!.Join(carried, Layers, Directions) ?? carried;
        return state with { Hidden = carried.Hidden, Cell = carried.Cell, Memory = carried.Memory };
    }

    /// <inheritdoc/>
    protected override void SetCarried(TrainerState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (!_minibatches.CarriesState)
            return;
        var carried = new CarriedState(state.Hidden, state.Cell, state.Memory);
        if (_model is null)
        {
            SetParts(Config.RowsOfUpdate, carried);
            return;
        }
        int stateRow = Layers * Directions * _model.NumHiddens;
        // With documents, the last minibatch of a pool may have fewer rows.
        int rows = _minibatches is DocumentIterator ? Math.Clamp(state.Hidden.Length / stateRow, 1, Config.RowsOfUpdate)
            : Config.RowsOfUpdate;
        int length = stateRow * rows, step = _model.OutputSize * rows;
        bool fits = state.Hidden.Length == length && state.Cell.Length == length * (_model.NumStates - 1)
            && (_model.Attention is null ? state.Memory.Length == 0 : state.Memory.Length % step == 0 && state.Memory.Length / step >= 1
                && state.Memory.Length / step <= _model.EffectiveAttentionWindow);
        if (!fits)
            throw new FormatException(
                $"carries a state of {state.Hidden.Length}, {state.Cell.Length} and {state.Memory.Length} values, which does not match its "
                    + $"model and {rows} rows");
        SetParts(rows, carried);
    }

    // A state of a form of its own is cut into the parts as one block.
    private int Layers => _model?.NumLayers ?? 1;

    private int Directions => _model?.NumDirections ?? 1;

    private void SetParts(int rows, CarriedState carried)
    {
        _backend.ResetState();
        for (int part = 0; part < Config.Accumulate; part++)
        {
            if (PartOf(rows, part) is { Count: > 0 } share)
                _backend.SetState(share.Count, carried.Of(share, Layers, Directions), part);
        }
    }

    private static ITorchModel Learner(ILanguageModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return model as ITorchModel
            ?? throw new ArgumentException($"a {model.GetType().Name} learns by other means than gradients", nameof(model));
    }

    private void DrawGradientScales(long step)
    {
        var random = new RandomStream(Config.Seed, "truncation", step);
        for (int i = 0; i < _gradientScales.Length; i++)
            _gradientScales[i] = random.NextDouble() < Config.TruncationKeep ? (float)(1 / Config.TruncationKeep) : 0;
    }
}
