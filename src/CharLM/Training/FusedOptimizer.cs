using System.Numerics;
using System.Runtime.InteropServices;
using CharLM.Models.Fused;
using CharLM.Models.Fused.Gemm;
using CharLM.Models.Fused.Passes;
using CharLM.Models.Fused.Simd;
using CharLM.Models.Fused.Threads;

namespace CharLM.Training;

/// <summary>Clipping and optimizers on raw memory, with torch's formulas, in one pass over each weight.</summary>
internal sealed class FusedOptimizer : IOptimizer
{
    private const double FirstDecay = 0.9, RmsDecay = 0.99;

    // Weights are clipped and updated in parts of at most this many, distributed among the workers; squares are added in the order of
    // parts, not of workers.
    private const int MostOfAPart = 32_768;

    // Fewer weights are updated faster than a second worker is started.
    private const int WeightsOfAWorker = 50_000;

    private readonly FusedWeights _source;
    private readonly RawWeight[] _weights;
    private readonly Workers _workers;
    private readonly OptimizerKind _kind;
    private readonly PanelBuffer _first, _second;
    private readonly Action<int> _square, _step;
    private readonly Part[] _parts;
    private readonly double[] _squares;
    private readonly int _active;
    private readonly LaneWidth _width;
    private readonly double _weightDecay, _momentum, _secondDecay;
    private readonly bool _nesterov;
    private readonly IReadOnlyList<string> _moments;
    private double _scale = 1;

    // For each weight: whether it is frozen, the number of its steps, and the constants of its next step.
    private readonly bool[] _frozen;
    private readonly long[] _steps;
    private readonly Optimize.Constants[] _constants;

    /// <summary>An optimizer.</summary>
    public FusedOptimizer(FusedWeights weights, Workers workers, OptimizerKind kind, double learningRate, double weightDecay = 0,
        double momentum = 0, bool nesterov = false, double beta2 = TrainerConfig.DefaultBeta2, LaneWidth width = LaneWidth.Best)
    {
        _width = PassFactory.Resolve(width);
        (_source, _weights, _workers, _kind, LearningRate, _weightDecay) = (
            weights, [.. weights.All], workers, kind, learningRate, weightDecay);
        (_momentum, _nesterov, _secondDecay, _moments) = (momentum, nesterov, beta2, OptimizerMoments.MomentsOf(kind, momentum > 0));
        (_frozen, _steps, _constants) = (new bool[_weights.Length], new long[_weights.Length], new Optimize.Constants[_weights.Length]);
        long length = _weights.Sum(weight => (long)weight.Length);
        _first = new PanelBuffer(kind is OptimizerKind.Adam or OptimizerKind.AdamW || momentum > 0 ? length : 0);
        _second = new PanelBuffer(kind is OptimizerKind.Sgd ? 0 : length);
        // By place within their weight, as the gradients are computed and the weights packed: a worker finds its parts in its cache.
        _parts = [.. Places().SelectMany((place, weight) => Parts(weight, place.Weight, place.Begin)).OrderBy(part => part.PlaceInWeight)];
        _squares = new double[_parts.Length];
        _active = (int)Math.Clamp(length / WeightsOfAWorker, 1, workers.Count);
        _square = Square;
        _step = Step;
    }

    /// <inheritdoc/>
    public double LearningRate { get; set; }

    /// <summary>Does nothing: gradients are overwritten, not accumulated.</summary>
    public void ZeroGradients()
    {
    }

    /// <inheritdoc/>
    public unsafe double Clip(double bound, ClippingKind kind = ClippingKind.Norm)
    {
        FindFrozen();
        _workers.Run(_active, _parts.Length, _square);
        double squares = 0;
        foreach (double some in _squares)
            squares += some;
        double norm = Math.Sqrt(squares);
        // The gradients are scaled when they are used, by the same factor as in GradientClipping.
        _scale = GradientClipping.Factor(norm, bound, kind);
        if (kind == ClippingKind.Value && bound > 0)
        {
            foreach (RawWeight weight in _weights)
                CutOff(new Span<float>(weight.Gradient, weight.Length), (float)bound);
        }
        return norm;
    }

    /// <inheritdoc/>
    public void Step()
    {
        FindFrozen();
        for (int weight = 0; weight < _weights.Length; weight++)
        {
            if (_frozen[weight])
                continue;
            _steps[weight]++;
            bool isLikeTheLast = weight > 0 && !_frozen[weight - 1] && _steps[weight] == _steps[weight - 1];
            _constants[weight] = isLikeTheLast ? _constants[weight - 1] : ConstantsOf(_steps[weight]);
        }
        _workers.Run(_active, _parts.Length, _step);
        _scale = 1;
    }

    /// <inheritdoc/>
    public OptimizerMoments CopyState() => new(
        _steps.Max(), _moments
            .ToDictionary(moment => moment, moment =>
                (IReadOnlyList<float[]>)[.. Places().Select(place => Moment(moment, place).ToArray())], StringComparer.Ordinal));

    /// <inheritdoc/>
    public void SetState(OptimizerMoments state)
    {
        ArgumentNullException.ThrowIfNull(state);
        foreach (string moment in _moments)
        {
            IReadOnlyList<float[]> values = state.MomentOf(moment, [.. _weights.Select(weight => (long)weight.Length)]);
            foreach (((RawWeight Weight, long Begin) place, float[] from) in Places().Zip(values))
                from.CopyTo(Moment(moment, place));
        }
        Array.Fill(_steps, state.Steps);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _first.Dispose();
        _second.Dispose();
    }

    // As in torch, a frozen weight has no gradient, whatever the kernels computed: it does not count in the norm and does not change.
    private void FindFrozen()
    {
        for (int weight = 0; weight < _frozen.Length; weight++)
            _frozen[weight] = _source.IsFrozen(weight);
    }

    private Optimize.Constants ConstantsOf(long steps) => _kind switch
    {
        OptimizerKind.Sgd => new Optimize.Constants(
            (float)LearningRate, (float)_scale, FirstDecay: (float)_momentum, WeightDecay: (float)_weightDecay),
        OptimizerKind.RmsProp => new Optimize.Constants(
            (float)LearningRate, (float)_scale, SecondDecay: (float)RmsDecay, SecondGain: (float)(1 - RmsDecay),
                WeightDecay: (float)_weightDecay),
        _ => new Optimize.Constants(
            (float)(LearningRate / (1 - Math.Pow(FirstDecay, steps))),
            (float)_scale,
            (float)FirstDecay,
            (float)(1 - FirstDecay),
            (float)_secondDecay,
            (float)(1 - _secondDecay),
            RootScale: (float)(1 / Math.Sqrt(1 - Math.Pow(_secondDecay, steps))),
            WeightScale: _kind == OptimizerKind.AdamW ? (float)(1 - (LearningRate * _weightDecay)) : 1,
            WeightDecay: _kind == OptimizerKind.Adam ? (float)_weightDecay : 0),
    };

    // The weights and the offset of each one's moments.
    private IEnumerable<(RawWeight Weight, long Begin)> Places()
    {
        long begin = 0;
        foreach (RawWeight weight in _weights)
        {
            yield return (weight, begin);
            begin += weight.Length;
        }
    }

    private static IEnumerable<Part> Parts(int place, RawWeight weight, long begin)
    {
        for (int from = 0; from < weight.Length; from += MostOfAPart)
            yield return new Part(place, weight, from, Math.Min(MostOfAPart, weight.Length - from), begin + from);
    }

    private unsafe Span<float> Moment(string name, (RawWeight Weight, long Begin) place) =>
        new((name is OptimizerMoments.FirstMoment or OptimizerMoments.MomentumBuffer ? _first : _second).Data + place.Begin,
            place.Weight.Length);

    private static void CutOff(Span<float> gradient, float bound)
    {
        Span<Vector<float>> vectors = MemoryMarshal.Cast<float, Vector<float>>(gradient);
        var (low, high) = (new Vector<float>(-bound), new Vector<float>(bound));
        for (int i = 0; i < vectors.Length; i++)
            vectors[i] = Vector.Min(Vector.Max(vectors[i], low), high);
        for (int i = vectors.Length * Vector<float>.Count; i < gradient.Length; i++)
            gradient[i] = Math.Clamp(gradient[i], -bound, bound);
    }

    private unsafe void Square(int task)
    {
        Part part = _parts[task];
        if (_frozen[part.Place])
        {
            _squares[task] = 0;
            return;
        }
        float* gradient = part.Weight.Gradient + part.Begin;
        _squares[task] = _width switch
        {
            LaneWidth.Wide => SquaredNorm.Of<SimdVector512>(gradient, part.Length),
            LaneWidth.Medium => SquaredNorm.Of<SimdVector256>(gradient, part.Length),
            _ => SquaredNorm.Of<SimdVector128>(gradient, part.Length),
        };
    }

    private void Step(int task)
    {
        if (_frozen[_parts[task].Place])
            return;
        switch (_width)
        {
            case LaneWidth.Wide:
                Step<SimdVector512>(_parts[task]);
                break;
            case LaneWidth.Medium:
                Step<SimdVector256>(_parts[task]);
                break;
            default:
                Step<SimdVector128>(_parts[task]);
                break;
        }
    }

    private void Step<L>(Part part)
        where L : struct, ISimdVector<L>
    {
        switch (_kind)
        {
            case OptimizerKind.Sgd when _momentum > 0 && _nesterov:
                Step<L, Optimize.Nesterov>(part);
                break;
            case OptimizerKind.Sgd when _momentum > 0:
                Step<L, Optimize.Momentum>(part);
                break;
            case OptimizerKind.Sgd:
                Step<L, Optimize.Sgd>(part);
                break;
            case OptimizerKind.RmsProp:
                Step<L, Optimize.RmsProp>(part);
                break;
            default:
                Step<L, Optimize.Adam>(part);
                break;
        }
    }

    private unsafe void Step<L, TRule>(Part part)
        where L : struct, ISimdVector<L>
        where TRule : struct, Optimize.IRule => Optimize.Apply<L, TRule>(
            part.Weight.Value + part.Begin,
            part.Weight.Gradient + part.Begin,
            _first.Length > 1 ? _first.Data + part.Moments : null,
            _second.Length > 1 ? _second.Data + part.Moments : null,
            part.Length,
            _constants[part.Place]);

    // A part of a weight, with the weight's index and the offset of the part's moments.
    private readonly record struct Part(int Place, RawWeight Weight, int Begin, int Length, long Moments)
    {
        // From 0 to 1.
        public double PlaceInWeight => (double)Begin / Weight.Length;
    }
}
