using System.Diagnostics;
using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Randomness;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Training;

/// <summary>
/// The epoch loop: learns minibatch after minibatch, clips, steps, reports, and knows its position in the epoch. Language models on text,
/// models on pairs and trainers of your own derive from it. A step that has begun is finished; between steps the whole state can be copied
/// and resumed later.
/// </summary>
/// <remarks>
/// Thread safety: one thread at a time per trainer, and one trainer per model. Other threads may read the model between steps; reading it
/// during a step throws. torch has one random generator per process: models with dropout that torch trains concurrently are not
/// reproducible.
/// </remarks>
public abstract class EpochTrainer : IDisposable
{
    private readonly Schedule _schedule;
    private readonly Stopwatch _time = new();
    private readonly nn.Module _model;
    private readonly List<Parameter> _weights, _frozen;
    private readonly OneAtATime _steps;
    private TorchOptimizer? _optimizer;

    // The current epoch, and the sums over its minibatches so far.
    private int _epoch, _batch;
    private LossSum _nats;
    private double _norms, _secondsBefore;

    // Whether its report was returned.
    private bool _isTold;

    /// <summary>A trainer at the beginning of the first epoch.</summary>
    /// <param name="config">How to train.</param>
    /// <param name="model">The model to train; the caller owns it.</param>
    /// <exception cref="InvalidConfigException">The configuration is invalid, or freezes parts that the model lacks.</exception>
    protected EpochTrainer(TrainerConfig config, nn.Module model)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(model);
        config.Validate();
        (Config, _model, _steps) = (config, model, new OneAtATime(this, "trainer", FreeAll));
        List<(string Name, Parameter Weight)> weights = [.. model.named_parameters().Select(entry => (entry.name, entry.parameter))];
        (WeightNames, _weights) = ([.. weights.Select(entry => entry.Name)], weights.ConvertAll(entry => entry.Weight));
        InvalidConfigException.ThrowIfAny(FrozenParts.Errors(config.Freeze, WeightNames));
        HashSet<string> frozen = FrozenParts.Of(config.Freeze, WeightNames);
        _frozen = [.. weights.Where(entry => frozen.Contains(entry.Name)).Select(entry => entry.Weight)];
        double epochs = config.TotalSteps > 0 ? (double)config.TotalSteps / config.EpochLength : config.NumEpochs;
        _schedule = new Schedule(config.Schedule, config.LearningRate, epochs);
    }

    /// <summary>The training configuration.</summary>
    protected TrainerConfig Config { get; }

    /// <summary>The optimizer that applies the gradients; by default torch's of the configuration.</summary>
    private protected virtual IOptimizer Optimizer =>
        _optimizer ??= new TorchOptimizer(
            Config.Optimizer, _weights, Config.LearningRate, Config.WeightDecay, Config.Momentum, Config.Nesterov, Config.Beta2);

    /// <summary>The names of the weights, in the order in which the optimizer holds them.</summary>
    protected IReadOnlyList<string> WeightNames { get; }

    /// <summary>The number of values in weights that do not learn.</summary>
    internal long NumFrozen => _weights.Where(
        weight => !weight.requires_grad || _frozen.Contains(weight, ReferenceEqualityComparer.Instance)).Sum(weight => weight.numel());

    /// <summary>Minibatches of the current epoch learned so far.</summary>
    internal int BatchesDone => _batch;

    /// <summary>If several ranks train together: whether this one wants to save after the step in progress; null: no.</summary>
    internal Func<bool>? WantsToSave { get; set; }

    /// <summary>What the ranks that train together agreed on at the last step; null before it, and for a process alone.</summary>
    internal StepWishes? Agreed { get; private protected set; }

    private double Seconds => _secondsBefore + _time.Elapsed.TotalSeconds;

    /// <summary>
    /// Trains one epoch, or the rest of it if it was cancelled before. If the state that <see cref="SetState"/> set was copied after the
    /// last minibatch of an epoch but before <see cref="EpochEnded"/>, nothing is learned: the epoch is only reported again.
    /// </summary>
    /// <param name="epoch">
    /// The epoch, from 0, later than all trained ones. With the seed it determines the minibatches and all randomness.
    /// </param>
    /// <param name="progress">Receives a report after every minibatch; default null: none.</param>
    /// <param name="cancellationToken">Checked before each minibatch: a step that has begun is finished.</param>
    /// <exception cref="OperationCanceledException">Cancelled; the weights are those after the last finished step.</exception>
    /// <exception cref="TrainingDivergedException">
    /// The loss is not finite, and the weights are still those before that step; or the epoch's mean loss has no finite perplexity.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The trainer or the model is disposed.</exception>
    /// <exception cref="InvalidOperationException">
    /// The epoch or a later one was already trained; or the model is being trained elsewhere, its weights are not those that the trainer
    /// began with, or all of them are frozen.
    /// </exception>
    public EpochReport TrainEpoch(int epoch, IProgress<StepReport>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        CheckWeights();
        if (epoch < _epoch || (epoch == _epoch && _isTold))
            throw new InvalidOperationException($"epoch {epoch} is already trained: the next is {(_isTold ? _epoch + 1 : _epoch)}");
        // Frozen only while this trainer runs, since another one may have a different configuration.
        List<Parameter> frozen = _frozen.FindAll(weight => weight.requires_grad);
        int batches = PlanEpoch(epoch);
        if (epoch != _epoch)
            BeginEpoch(epoch);
        _time.Start();
        try
        {
            frozen.ForEach(weight => weight.requires_grad = false);
            while (_batch < batches)
            {
                ThrowIfCancelled(cancellationToken);
                StepReport step = NextStep(epoch, batches);
                _time.Stop();
                progress?.Report(step);
                _time.Start();
            }
            if (Agreed is { Stop: true })
                ThrowIfCancelled(cancellationToken);
        }
        finally
        {
            _time.Stop();
            frozen.FindAll(weight => !weight.IsInvalid).ForEach(weight => weight.requires_grad = true);
        }
        var report = new EpochReport
        {
            Epoch = epoch + 1,
            NumEpochs = Config.EpochCount,
            Train = _nats,
            GradientNorm = _norms / batches,
            LearningRate = Optimizer.LearningRate,
            Seconds = Seconds,
        };
        TrainingDivergedException.ThrowIfDiverged(report);
        _isTold = true;
        return report;
    }

    /// <summary>
    /// Ends an epoch after it was measured, and tells the schedule its loss. A plateau schedule needs this call after every epoch; the
    /// others work without it.
    /// </summary>
    /// <param name="loss">Nats per token of the held-out text, or another figure where lower is better.</param>
    public void EpochEnded(double loss)
    {
        _schedule.EpochEnded(loss);
        BeginEpoch(_epoch + 1);
    }

    /// <summary>Copies everything that training needs to resume, except the weights; call it between two steps.</summary>
    public TrainerState CopyState()
    {
        OptimizerMoments update = Optimizer.CopyState();
        var state = new TrainerState
        {
            Epoch = _epoch,
            Batch = _batch,
            Nats = _nats.Total,
            Tokens = _nats.Tokens,
            GradientNorms = _norms,
            Seconds = Seconds,
            LearningRate = Optimizer.LearningRate,
            Schedule = _schedule.State,
            OptimizerSteps = update.Steps,
            Moments = update.Moments
                .SelectMany(moment => WeightNames.Zip(moment.Value, (name, values) => ($"{moment.Key}.{name}", values)))
                .ToDictionary(entry => entry.Item1, entry => entry.values, StringComparer.Ordinal),
        };
        return BeginsAnew(_epoch, _batch) ? state : CopyCarried(state);
    }

    /// <summary>Resumes from the state of a trainer with the same model, configuration and text; restore the weights yourself.</summary>
    /// <exception cref="FormatException">The state is from another optimizer, batch size or text.</exception>
    public void SetState(TrainerState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        int batches = PlanEpoch(state.Epoch);
        if (state.Batch > batches)
            throw new FormatException($"is at minibatch {state.Batch} of an epoch of {batches}");
        // The sums of a closed form are not saved: its pass begins again.
        if (Config.Ridge is not null && state.Batch < batches)
            state = state with { Batch = 0, Nats = 0, Tokens = 0, GradientNorms = 0, Seconds = 0 };
        var moments = OptimizerMoments.MomentsOf(Config.Optimizer, Config.Momentum > 0).ToDictionary(
            moment => moment, moment =>
                (IReadOnlyList<float[]>)[.. WeightNames.Select(name => state.Moments.GetValueOrDefault($"{moment}.{name}", []))],
                    StringComparer.Ordinal);
        Optimizer.SetState(new OptimizerMoments(state.OptimizerSteps, moments));
        Optimizer.LearningRate = state.LearningRate;
        _schedule.State = state.Schedule;
        if (!BeginsAnew(state.Epoch, state.Batch))
            SetCarried(state);
        (_epoch, _batch, _nats, _norms, _secondsBefore) = (
            state.Epoch, state.Batch, new LossSum(state.Nats, state.Tokens), state.GradientNorms, state.Seconds);
        _isTold = false;
        _time.Reset();
    }

    /// <summary>Frees the trainer's resources, after any step in progress; a second call does nothing.</summary>
    public void Dispose()
    {
        _steps.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees what a subclass holds; called once, when the trainer is disposed and no step is running.</summary>
    protected virtual void Free()
    {
    }

    /// <summary>Plans an epoch; its minibatches are learned next.</summary>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <returns>The number of its minibatches.</returns>
    protected abstract int PlanEpoch(int epoch);

    /// <summary>Computes the loss of a minibatch and the gradients of the weights.</summary>
    /// <param name="batch">The minibatch of the planned epoch, from 0.</param>
    /// <param name="step">
    /// A number of its own for every minibatch of every epoch; draw from it and the seed (<see cref="Draw"/>), so that a resumed run is
    /// the same.
    /// </param>
    /// <param name="done">Finished epochs plus the fraction of the current one.</param>
    /// <returns>The mean loss of a prediction, for language models in nats, and the number of predictions.</returns>
    protected abstract (double Loss, long Predictions) Learn(int batch, long step, double done);

    /// <summary>
    /// Clears the gradients and computes those of a loss, by torch's automatic differentiation: the last call of <see cref="Learn"/>.
    /// </summary>
    /// <param name="loss">The mean loss, a scalar.</param>
    /// <returns>Its value.</returns>
    protected double Backward(Tensor loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        Optimizer.ZeroGradients();
        loss.backward();
        return FloatArray.ValueOf(loss);
    }

    /// <summary>Whether a minibatch begins without a state from the one before it; by default only the first of an epoch does.</summary>
    /// <param name="epoch">The epoch that was planned last.</param>
    /// <param name="batch">Which of its minibatches, from 0.</param>
    protected virtual bool BeginsAnew(int epoch, int batch) => batch == 0;

    /// <summary>
    /// Adds the state that is carried from minibatch to minibatch to a copy: <see cref="TrainerState.Hidden"/>,
    /// <see cref="TrainerState.Cell"/>, <see cref="TrainerState.Memory"/>. By default nothing is carried.
    /// </summary>
    protected virtual TrainerState CopyCarried(TrainerState state) => state;

    /// <summary>Restores the state that <see cref="CopyCarried"/> copied; by default there is none.</summary>
    /// <exception cref="FormatException">It is of another model or batch size.</exception>
    protected virtual void SetCarried(TrainerState state)
    {
    }

    /// <summary>Called before each step; throws to end the epoch.</summary>
    /// <exception cref="OperationCanceledException">Training is cancelled.</exception>
    private protected virtual void ThrowIfCancelled(CancellationToken cancellationToken) =>
        cancellationToken.ThrowIfCancellationRequested();

    /// <summary>64 random bits for a step, the same in every run with the same seed.</summary>
    /// <param name="purpose">What they are for; each purpose has its own.</param>
    /// <param name="step">The number that <see cref="Learn"/> gets.</param>
    protected ulong Draw(string purpose, long step) => RandomStream.Draw(Config.Seed, purpose, step);

    private void FreeAll()
    {
        Free();
        _optimizer?.Dispose();
    }

    private void BeginEpoch(int epoch)
    {
        (_epoch, _batch, _nats, _norms, _secondsBefore, _isTold) = (epoch, 0, default, 0, 0, false);
        _time.Reset();
    }

    // The optimizer keeps the weights that it was given, and would keep updating them after the model has replaced them.
    private void CheckWeights()
    {
        using ModelAccess.Lease reading = ModelAccess.Of(_model)?.Read() ?? default;
        if (!_model.parameters().SequenceEqual(_weights, ReferenceEqualityComparer.Instance))
            throw new InvalidOperationException("the model's weights were moved or replaced since the trainer was created: make a new one");
        if (!_weights.Exists(weight => weight.requires_grad && !_frozen.Contains(weight, ReferenceEqualityComparer.Instance)))
            throw new InvalidOperationException("all weights of the model are frozen (requires_grad is false): there is nothing to train");
    }

    // Forward, backward, clip, update.
    private StepReport NextStep(int epoch, int batches)
    {
        _steps.Enter();
        try
        {
            using ModelAccess.Lease change = ModelAccess.Of(_model)?.Change() ?? default;
            return LearnStep(epoch, batches);
        }
        finally
        {
            _steps.Exit();
        }
    }

    private StepReport LearnStep(int epoch, int batches)
    {
        double done = epoch + ((double)_batch / (Config.EpochLength > 0 ? Config.EpochLength : batches));
        Optimizer.LearningRate = _schedule.RateAt(done);
        (double loss, long predictions) = Learn(_batch, ((long)epoch << 32) | (uint)_batch, done);
        double norm = Optimizer.Clip(Config.ClipNorm, Config.Clipping);
        if (!double.IsFinite(loss) || !double.IsFinite(norm))
            throw new TrainingDivergedException(epoch + 1, _batch + 1, loss, norm, Optimizer.LearningRate);
        Optimizer.Step();
        _nats += new LossSum(loss * predictions, predictions);
        _norms += norm;
        _batch++;
        return new StepReport(epoch + 1, _batch, batches, loss, norm);
    }
}

/// <summary>The results of one epoch of training.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed record EpochReport
{
    /// <summary>The epoch, from 1.</summary>
    public required int Epoch { get; init; }

    /// <summary>Epochs of the whole run.</summary>
    public required int NumEpochs { get; init; }

    /// <summary>
    /// Loss over the epoch's minibatches, each measured before the step that learns from it, as in the book.
    /// </summary>
    public required LossSum Train { get; init; }

    /// <summary>Mean over the epoch's steps of the gradients' global norm before clipping.</summary>
    public required double GradientNorm { get; init; }

    /// <summary>Learning rate of the epoch's last step.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Seconds of training in this epoch, without evaluation and samples.</summary>
    public required double Seconds { get; init; }

    /// <summary>Tokens predicted and learned from per second of training.</summary>
    public double TokensPerSecond => Train.Tokens / Seconds;
}

/// <summary>
/// The loss is not finite, or so large that its perplexity is not, so that further training could not help.
/// </summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed class TrainingDivergedException : Exception
{
    private const string Advice = "try a smaller learning rate, or clip the gradients to a smaller norm";

    /// <summary>
    /// An exception whose message names the step (epoch and minibatch, from 1), its loss in nats per token, and what to try.
    /// </summary>
    public TrainingDivergedException(int epoch, int batch, double loss, double gradientNorm, double learningRate)
        : base($"the loss became {loss} at epoch {epoch}, minibatch {batch} (gradient norm {gradientNorm:g4}, learning rate "
            + $"{learningRate:g4}); {Advice}")
    {
        (Epoch, Batch, GradientNorm) = (epoch, batch, gradientNorm);
    }

    private TrainingDivergedException(string what, EpochReport report, LossSum nats)
        : base($"{what} of epoch {report.Epoch} became {nats.Mean:g6} nats, whose perplexity is not finite "
            + $"(mean gradient norm {report.GradientNorm:g4}, learning rate {report.LearningRate:g4}); {Advice}")
    {
        (Epoch, GradientNorm) = (report.Epoch, report.GradientNorm);
    }

    /// <summary>The epoch, from 1.</summary>
    public int Epoch { get; }

    /// <summary>The minibatch in the epoch, from 1; null when the mean over the epoch or held-out text diverged.</summary>
    public int? Batch { get; }

    /// <summary>
    /// Global norm of the gradients before clipping, which is not finite if the loss is not. If the mean over the epoch or held-out text
    /// diverged, the mean over the epoch's steps.
    /// </summary>
    public double GradientNorm { get; }

    /// <summary>Throws when the mean loss of an epoch, or of the held-out text after it, has no finite perplexity.</summary>
    internal static void ThrowIfDiverged(EpochReport report, LossSum? heldOut = null)
    {
        if (!double.IsFinite(report.Train.Perplexity))
            throw new TrainingDivergedException("the mean loss", report, report.Train);
        if (heldOut is { } measured && !double.IsFinite(measured.Perplexity))
            throw new TrainingDivergedException("the held-out loss", report, measured);
    }
}
