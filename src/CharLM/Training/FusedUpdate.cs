using System.Numerics;
using System.Runtime.InteropServices;
using CharLM.Models.Fused;

namespace CharLM.Training;

/// <summary>Clipping and optimizers over weights as memory, with torch's formulas; one pass over each weight.</summary>
internal sealed class FusedUpdate : IUpdate
{
    private const double FirstDecay = 0.9, SecondDecay = 0.999, RmsDecay = 0.99;

    // Fewer weights are changed faster than a second thread is told to.
    private const int WeightsOfAThread = 200_000;

    private readonly RawWeight[] _weights;
    private readonly Workers _workers;
    private readonly OptimizerKind _kind;
    private readonly PanelBuffer _first, _second;
    private readonly Action<int> _step;
    private readonly LaneWidth _width = Passes.Resolve(LaneWidth.Best);
    private readonly int _active;
    private readonly double _weightDecay;
    private double _scale = 1;
    private long _steps;
    private Optimize.Constants _constants;

    /// <summary>An optimizer.</summary>
    public FusedUpdate(RawWeights weights, Workers workers, OptimizerKind kind, double learningRate, double weightDecay = 0)
    {
        (_weights, _workers, _kind, LearningRate, _weightDecay) = ([.. weights.All], workers, kind, learningRate, weightDecay);
        long length = _weights.Sum(weight => (long)weight.Length);
        _first = new PanelBuffer(kind is OptimizerKind.Adam or OptimizerKind.AdamW ? length : 0);
        _second = new PanelBuffer(kind is OptimizerKind.Sgd ? 0 : length);
        _active = (int)Math.Clamp(length / WeightsOfAThread, 1, workers.Count);
        _step = Step;
    }

    /// <inheritdoc/>
    public double LearningRate { get; set; }

    /// <summary>Nothing to do: gradients are written, not added up.</summary>
    public void ZeroGradients()
    {
    }

    /// <inheritdoc/>
    public unsafe double Clip(double bound, ClippingKind kind = ClippingKind.Norm)
    {
        double squares = 0;
        foreach (RawWeight weight in _weights)
        {
            squares += _width switch
            {
                LaneWidth.Wide => SquaredNorm.Of<Lanes512>(weight.Gradient, weight.Length),
                LaneWidth.Medium => SquaredNorm.Of<Lanes256>(weight.Gradient, weight.Length),
                _ => SquaredNorm.Of<Lanes128>(weight.Gradient, weight.Length),
            };
        }
        double norm = Math.Sqrt(squares);
        // The gradients are scaled where they are used, as GradientClipping scales them.
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
        _steps++;
        _constants = _kind switch
        {
            OptimizerKind.Sgd => new Optimize.Constants((float)LearningRate, (float)_scale, WeightDecay: (float)_weightDecay),
            OptimizerKind.RmsProp => new Optimize.Constants(
                (float)LearningRate, (float)_scale, SecondDecay: (float)RmsDecay, SecondGain: (float)(1 - RmsDecay), WeightDecay: (float)_weightDecay),
            _ => new Optimize.Constants(
                (float)(LearningRate / (1 - Math.Pow(FirstDecay, _steps))),
                (float)_scale,
                (float)FirstDecay,
                (float)(1 - FirstDecay),
                (float)SecondDecay,
                (float)(1 - SecondDecay),
                RootScale: (float)(1 / Math.Sqrt(1 - Math.Pow(SecondDecay, _steps))),
                WeightScale: _kind == OptimizerKind.AdamW ? (float)(1 - (LearningRate * _weightDecay)) : 1,
                WeightDecay: _kind == OptimizerKind.Adam ? (float)_weightDecay : 0),
        };
        _workers.Run(_active, _step);
        _scale = 1;
    }

    /// <inheritdoc/>
    public UpdateState CopyState() => new(
        _steps, UpdateState.MomentsOf(_kind).ToDictionary(moment => moment, moment => (IReadOnlyList<float[]>)[.. Places().Select(place => Moment(moment, place).ToArray())], StringComparer.Ordinal));

    /// <inheritdoc/>
    public void SetState(UpdateState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        foreach (string moment in UpdateState.MomentsOf(_kind))
        {
            IReadOnlyList<float[]> values = state.MomentOf(moment, [.. _weights.Select(weight => (long)weight.Length)]);
            foreach (((long, int) place, float[] from) in Places().Zip(values))
                from.CopyTo(Moment(moment, place));
        }
        _steps = state.Steps;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _first.Dispose();
        _second.Dispose();
    }

    // Where the moments of each weight lie.
    private IEnumerable<(long Begin, int Length)> Places()
    {
        long place = 0;
        foreach (RawWeight weight in _weights)
        {
            yield return (place, weight.Length);
            place += weight.Length;
        }
    }

    private unsafe Span<float> Moment(string name, (long Begin, int Length) place) =>
        new((name == UpdateState.FirstMoment ? _first : _second).Data + place.Begin, place.Length);

    private static void CutOff(Span<float> gradient, float bound)
    {
        Span<Vector<float>> vectors = MemoryMarshal.Cast<float, Vector<float>>(gradient);
        var (low, high) = (new Vector<float>(-bound), new Vector<float>(bound));
        for (int i = 0; i < vectors.Length; i++)
            vectors[i] = Vector.Min(Vector.Max(vectors[i], low), high);
        for (int i = vectors.Length * Vector<float>.Count; i < gradient.Length; i++)
            gradient[i] = Math.Clamp(gradient[i], -bound, bound);
    }

    private void Step(int worker)
    {
        switch (_width)
        {
            case LaneWidth.Wide:
                Step<Lanes512>(worker);
                break;
            case LaneWidth.Medium:
                Step<Lanes256>(worker);
                break;
            default:
                Step<Lanes128>(worker);
                break;
        }
    }

    private void Step<L>(int worker)
        where L : struct, ILanes<L>
    {
        switch (_kind)
        {
            case OptimizerKind.Sgd:
                Step<L, Optimize.Sgd>(worker);
                break;
            case OptimizerKind.RmsProp:
                Step<L, Optimize.RmsProp>(worker);
                break;
            default:
                Step<L, Optimize.Adam>(worker);
                break;
        }
    }

    private unsafe void Step<L, TRule>(int worker)
        where L : struct, ILanes<L>
        where TRule : struct, Optimize.IRule
    {
        long place = 0;
        foreach (RawWeight weight in _weights)
        {
            int begin = (int)((long)weight.Length * worker / _active), end = (int)((long)weight.Length * (worker + 1) / _active);
            Optimize.Apply<L, TRule>(
                weight.Value + begin,
                weight.Gradient + begin,
                _first.Length > 1 ? _first.Data + place + begin : null,
                _second.Length > 1 ? _second.Data + place + begin : null,
                end - begin,
                _constants);
            place += weight.Length;
        }
    }
}
