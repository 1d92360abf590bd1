using CharLM.Batching;
using CharLM.Models;
using CharLM.Torch;
using TorchSharp;
using static CharLM.Models.TensorMath;
using static TorchSharp.torch;

namespace CharLM.Training;

/// <summary>
/// Trains the output layer of a reservoir in closed form, in one pass: ridge regression of the next token on the reservoir's state,
/// (H'H + ridge I) W = H'Y, where the bias is not penalized (Lukosevicius 2012). The sums H'H and H'Y grow with each minibatch, in
/// float64; the memory does not depend on the length of the text.
/// </summary>
/// <remarks>
/// <para>
/// Regression gives scores; the model needs probabilities. A column of Y is a token's indicator, standardized to mean 0 and variance 1, so
/// that rare tokens count as much as frequent ones. The logit is ln(frequency) + scale * score: where the state says nothing, the frequency
/// of the token remains. The scale, one number, is fitted by maximum likelihood (Newton's method) on the last part of the text, with
/// a solution that has not seen this part.
/// </para>
/// <para>
/// The output is solved after 1, 2, 4, .. minibatches and at the end of the pass; before the first it is zero. A minibatch's loss is that
/// before it is learned, as for every other way of training.
/// </para>
/// </remarks>
internal sealed class RidgeBackend(LanguageModel model, double ridge) : ITrainingBackend
{
    // What the scale is fitted on: at most a fifth of the text.
    private const int MostKept = 20_000, Share = 5;
    private const long MostKeptBytes = 64 << 20, MostScores = 4_000_000;

    private readonly List<(Tensor States, Tensor Targets)> _kept = [];
    private Tensor? _products, _sums;
    private RecurrentState? _state;
    private long _minibatches;

    /// <inheritdoc/>
    public IOptimizer Optimizer { get; } = new ClosedForm();

    /// <inheritdoc/>
    public void ResetState()
    {
        _state?.Dispose();
        _state = null;
    }

    /// <inheritdoc/>
    public void BeginPass()
    {
        Free();
        using DisposeScope scope = NewDisposeScope();
        long width = model.Config.OutputSize + 1L;
        _products = zeros([width, width], ScalarType.Float64).DetachFromDisposeScope();
        _sums = zeros([width, model.VocabSize], ScalarType.Float64).DetachFromDisposeScope();
        model.SetOutput(zeros(model.VocabSize, model.Config.OutputSize), zeros(model.VocabSize));
    }

    /// <summary>Does nothing: there are no gradients.</summary>
    public void ZeroGradients()
    {
    }

    /// <inheritdoc/>
    public double Learn(ReadOnlySpan<int> inputs, ReadOnlySpan<int> targets, MinibatchPart part, ulong dropoutKey,
        ReadOnlySpan<float> gradientScales)
    {
        (int batch, int steps) = (part.Rows.Count, part.Steps);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable unrecorded = no_grad();
        model.eval();
        Tensor ids = TokenTensor.Of(inputs, [batch, steps], model.Device);
        Tensor expected = LanguageModel.StepByStep(TokenTensor.Of(targets, [batch, steps], model.Device));
        (Tensor hiddens, RecurrentState after) = model.ComputeHiddens(ids, _state ?? model.ZeroState(batch));
        Tensor loss = nn.functional.cross_entropy(
            model.ComputeLogits(hiddens), expected, ignore_index: Minibatch.NoTarget, reduction: nn.Reduction.Sum);
        RecurrentState next = after.MoveToOuterDisposeScope();
        ResetState();
        _state = next;
        if (targets.Contains(Minibatch.NoTarget))
        {
            Tensor real = IsNotNegative(expected).nonzero().squeeze(1);
            (hiddens, expected) = (hiddens.index_select(0, real), expected.index_select(0, real));
        }
        (Tensor products, Tensor sums) = Moments(hiddens, expected);
        using Scalar one = 1;
        _products!.add_(products, one);
        _sums!.add_(sums, one);
        Keep(hiddens, expected);
        if (long.IsPow2(++_minibatches))
            Solve();
        return FloatArray.ValueOf(loss) / part.TargetsOfAll;
    }

    /// <inheritdoc/>
    public void EndPass()
    {
        Solve();
        Free();
    }

    /// <summary>Nothing: a pass that was interrupted is begun again.</summary>
    public CarriedState CopyState(int part = 0) => CarriedState.None;

    /// <summary>Does nothing.</summary>
    public void SetState(int rows, CarriedState state, int part = 0)
    {
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ResetState();
        Free();
    }

    private void Free()
    {
        _products?.Dispose();
        _sums?.Dispose();
        (_products, _sums, _minibatches) = (null, null, 0);
        foreach ((Tensor states, Tensor targets) in _kept)
        {
            states.Dispose();
            targets.Dispose();
        }
        _kept.Clear();
    }

    // H'H and H'Y of some states, where each row of H ends with a 1 for the bias, and Y has the indicator of each token.
    private (Tensor Products, Tensor Sums) Moments(Tensor states, Tensor targets)
    {
        Tensor wide = Wide(states);
        using Scalar one = 1;
        return (wide.t().mm(wide),
            zeros([wide.size(1), model.VocabSize], ScalarType.Float64).index_add(1, targets.cpu(), wide.t(), one));
    }

    private static Tensor Last(Tensor rows) => rows.select(0, rows.size(0) - 1);

    private static Tensor Wide(Tensor states)
    {
        Tensor precise = states.cpu().to_type(ScalarType.Float64);
        return cat([precise, ones([precise.size(0), 1], ScalarType.Float64)], dim: 1);
    }

    private void Keep(Tensor states, Tensor targets)
    {
        _kept.Add((states.detach().DetachFromDisposeScope(), targets.detach().DetachFromDisposeScope()));
        long bytes = sizeof(float) * (long)model.Config.OutputSize;
        long most = Math.Min(MostKept, Math.Min(MostKeptBytes / bytes, MostScores / model.VocabSize));
        while (_kept.Count > 1 && _kept.Sum(kept => kept.Targets.numel()) > most)
        {
            _kept[0].States.Dispose();
            _kept[0].Targets.Dispose();
            _kept.RemoveAt(0);
        }
    }

    private void Solve()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable unrecorded = no_grad();
        long all = (long)Last(_sums!).sum().ToDouble(), unseen = 0;
        Tensor products = _products!, sums = _sums!;
        // The newest minibatches, from which nothing was learned for the solution that is compared with them.
        int from = _kept.Count;
        while (from > 0 && (unseen + _kept[from - 1].Targets.numel()) * Share <= all)
        {
            from--;
            (Tensor theirs, Tensor them) = Moments(_kept[from].States, _kept[from].Targets);
            (products, sums) = (products - theirs, sums - them);
            unseen += _kept[from].Targets.numel();
        }
        (Tensor States, Tensor Targets)[] compared = from == _kept.Count ? [.. _kept] : [.. _kept[from..]];
        (Tensor weights, Tensor frequencies) = Weights(products, sums);
        double scale = Scale(
            Wide(cat([.. compared.Select(kept => kept.States)])).mm(weights), frequencies.log(),
                cat([.. compared.Select(kept => kept.Targets)]).cpu());
        (weights, frequencies) = Weights(_products!, _sums!);
        Tensor scaled = Multiply(weights, scale);
        long hidden = model.Config.OutputSize;
        model.SetOutput(scaled.narrow(0, 0, hidden).t(), Add(Last(scaled), frequencies.log()));
    }

    // The regression's weights [hidden + 1, vocab], the bias last, and the frequency of each token, with Laplace smoothing.
    private (Tensor Weights, Tensor Frequencies) Weights(Tensor products, Tensor sums)
    {
        Tensor counts = Last(sums), total = counts.sum();
        Tensor frequencies = Add(counts, 1.0 / model.VocabSize) / Add(total, 1);
        Tensor deviations = (frequencies * OneMinus(frequencies)).sqrt();
        Tensor standardized = (sums - products.narrow(1, products.size(1) - 1, 1).mul(frequencies)) / deviations;
        Tensor penalty = cat([Multiply(ones([products.size(0) - 1], ScalarType.Float64), ridge), zeros([1], ScalarType.Float64)]);
        Tensor system = Add(products, penalty.diag());
        try
        {
            return (standardized.cholesky_solve(linalg.cholesky(system)), frequencies);
        }
        catch (System.Runtime.InteropServices.ExternalException)
        {
            throw new InvalidConfigException(
                [$"the equations of the ridge regression are singular with a ridge of {ridge}: take a larger one"]);
        }
    }

    // Maximizes the likelihood of logits = prior + scale * scores, which is concave in the scale.
    private static double Scale(Tensor scores, Tensor prior, Tensor targets)
    {
        Tensor hit = scores.gather(1, targets.unsqueeze(1)).squeeze(1);
        double scale = 1;
        for (int i = 0; i < 50; i++)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor p = Add(Multiply(scores, scale), prior).softmax(1);
            Tensor mean = (p * scores).sum(1);
            double slope = (hit - mean).mean().ToDouble(), curvature = ((p * scores.square()).sum(1) - mean.square()).mean().ToDouble();
            if (!(curvature > 1e-12))
                break;
            double next = Math.Clamp(scale + (slope / curvature), scale / 4, scale * 4);
            if (Math.Abs(next - scale) < 1e-9 * scale)
                break;
            scale = Math.Clamp(next, 1e-3, 1e3);
        }
        return scale;
    }

    // The solution has neither steps nor a learning rate.
    private sealed class ClosedForm : IOptimizer
    {
        public double LearningRate { get; set; }

        public void ZeroGradients()
        {
        }

        public double Clip(double bound, ClippingKind kind = ClippingKind.Norm) => 0;

        public void Step()
        {
        }

        public OptimizerMoments CopyState() => OptimizerMoments.None;

        public void SetState(OptimizerMoments state)
        {
        }

        public void Dispose()
        {
        }
    }
}
