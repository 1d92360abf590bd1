using System.Diagnostics;
using CharLM.Batching;
using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Randomness;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Training;

/// <summary>
/// Trains a language model by backpropagation through time: the state is carried from minibatch to minibatch where the
/// rows go on, and gradients stop at the beginning of each minibatch (Dive into Deep Learning v0.17, 8.5.6 and 8.7).
/// </summary>
public sealed class Trainer : IDisposable
{
    private readonly LanguageModel _model;
    private readonly TrainerConfig _config;
    private readonly MinibatchIterator _minibatches;
    private readonly IUpdate _update;

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
        (_model, _config) = (model, config);
        _minibatches = MinibatchIterator.Create(config.Sampling, tokens, config.BatchSize, config.NumSteps, config.Seed);
        _update = config.Optimizer == OptimizerKind.Sgd && model.Config.Implementation == Implementation.Custom
            ? new ScratchSgd(model.parameters(), config.LearningRate)
            : new TorchUpdate(config.Optimizer, model.parameters(), config.LearningRate);
    }

    /// <summary>Trains one epoch.</summary>
    /// <param name="epoch">Which epoch, from 0; fixes the order of its minibatches.</param>
    /// <param name="progress">Told of every minibatch.</param>
    /// <param name="cancellationToken">Looked at before each minibatch: a step that has begun is finished.</param>
    /// <exception cref="OperationCanceledException">Cancelled; the weights are those after the last finished step.</exception>
    /// <exception cref="TrainingDivergedException">The loss is not finite; the weights are those before that step.</exception>
    public EpochReport TrainEpoch(int epoch, IProgress<StepReport>? progress = null, CancellationToken cancellationToken = default)
    {
        _model.train();
        EpochPlan plan = _minibatches.Plan(epoch);
        var time = Stopwatch.StartNew();
        var nats = default(Nats);
        double norms = 0;
        RecurrentState? state = null;
        try
        {
            for (int batch = 0; batch < plan.NumBatches; batch++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                SeedDropout(epoch, batch);
                StepReport step = TrainStep(epoch, plan, batch, ref state);
                nats += new Nats(step.Loss * plan.BatchSize * plan.NumSteps, (long)plan.BatchSize * plan.NumSteps);
                norms += step.GradientNorm;
                progress?.Report(step);
            }
        }
        finally
        {
            state?.Dispose();
        }
        return new EpochReport
        {
            Epoch = epoch + 1,
            NumEpochs = _config.NumEpochs,
            Train = nats,
            GradientNorm = norms / plan.NumBatches,
            LearningRate = _update.LearningRate,
            Seconds = time.Elapsed.TotalSeconds,
        };
    }

    /// <inheritdoc/>
    public void Dispose() => _update.Dispose();

    // Forward, backward, clip, update. The state that the next minibatch begins with leaves the scope; nothing else does.
    private StepReport TrainStep(int epoch, EpochPlan plan, int batch, ref RecurrentState? state)
    {
        using DisposeScope scope = NewDisposeScope();
        Minibatch minibatch = _minibatches.Read(plan, batch, _model.Device);
        RecurrentState before = state is not null && _minibatches.CarriesState ? state : _model.BeginState(plan.BatchSize);

        (Tensor logits, RecurrentState after) = _model.Forward(minibatch.Inputs, before);
        Tensor loss = nn.functional.cross_entropy(logits, LanguageModel.StepByStep(minibatch.Targets));
        _update.ZeroGradients();
        loss.backward();
        double norm = _update.Clip(_config.ClipNorm);
        double nats = loss.ToDouble();
        if (!double.IsFinite(nats) || !double.IsFinite(norm))
            throw new TrainingDivergedException(epoch + 1, batch + 1, nats, norm, _update.LearningRate);
        _update.Step();

        state?.Dispose();
        state = _minibatches.CarriesState ? after.Detach().MoveToOuterDisposeScope() : null;
        return new StepReport(epoch + 1, batch + 1, plan.NumBatches, nats, norm);
    }

    // Dropout draws from torch's own generator, which takes no stream of ours: it is set at every step, so that a step
    // drops the same values wherever a run begins.
    private void SeedDropout(int epoch, int batch)
    {
        if (_model.Config.Dropout > 0)
            manual_seed((long)(new RandomStream(_config.Seed, "dropout", ((long)epoch << 32) | (uint)batch).NextBits() >> 1));
    }
}
