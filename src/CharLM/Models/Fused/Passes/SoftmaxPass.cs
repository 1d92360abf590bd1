using CharLM.Models.Fused.Gemm;
using CharLM.Models.Fused.Simd;
using CharLM.Models.Fused.Threads;

namespace CharLM.Models.Fused.Passes;

/// <summary>
/// The output layer for one register width: logits = H W^T + b; loss = log sum exp(logits) - logit of the target; gradient =
/// softmax(logits) - one-hot(target), which overwrites the logits.
/// </summary>
internal sealed unsafe class SoftmaxPass<L> : OutputPass
    where L : struct, ISimdVector<L>
{
    // Logits of the padding: their exponentials and gradients are zero.
    private const float Nothing = -1e30f;

    private readonly RawWeight _weight, _bias;
    private readonly int _vocab, _hidden;
    private readonly PanelBuffer _forward, _backward, _gradient, _paddedBias;
    private PanelBuffer _logits = new(1);
    private int _rows;

    public SoftmaxPass(RawWeight weight, RawWeight bias, int vocab, int hidden)
    {
        (_weight, _bias, _vocab, _hidden) = (weight, bias, vocab, hidden);
        _forward = new PanelBuffer(Panels.Pad(hidden), vocab);
        _backward = new PanelBuffer(Panels.Pad(vocab), hidden);
        _gradient = new PanelBuffer(Panels.Pad(vocab), hidden);
        _paddedBias = new PanelBuffer(Panels.Pad(vocab));
        new Span<float>(_paddedBias.Data, Panels.Pad(vocab)).Fill(Nothing);
    }

    public override Panels Logits => new(_logits.Data, _rows, Panels.Pad(_vocab));

    public override void Resize(int rows)
    {
        _rows = rows;
        _logits = PanelBuffer.Grow(_logits, (long)rows * Panels.Pad(_vocab));
    }

    public override void Pack(int task, int tasks, bool backward)
    {
        foreach ((_, int panel, int count) in Share(task, tasks))
        {
            int first = panel * Panels.Width, rows = RowsOf(panel, count);
            float* weight = _weight.Value + ((nint)first * _hidden);
            Packing.Transpose(weight, _hidden, _forward.Matrix.Slice(panel, count), rows);
            if (backward)
                Packing.CopyRows(weight, _hidden, _backward.Matrix.From(first), rows);
            new ReadOnlySpan<float>(_bias.Value + first, rows).CopyTo(new Span<float>(_paddedBias.Data + first, rows));
        }
    }

    public override void Forward(Panels input, RowGrid rows) =>
        BlockedGemm.Multiply<L>(input, _forward.Matrix, Logits, rows, SumStart.SameForAll(new Panels(_paddedBias.Data, 1, Logits.Columns)));

    public override void Loss(ReadOnlySpan<int> targets, Span<float> nats, RowGrid rows, float gradientScale)
    {
        for (int step = 0; step < rows.Steps; step++)
        {
            for (int row = rows.First(step); row < rows.First(step) + rows.Count; row++)
                nats[row] = targets[row] < 0 ? Unmeasured(row, gradientScale) : RowLoss(row, targets[row], gradientScale);
        }
    }

    public override void Backward(Panels inputGradient, RowGrid rows) =>
        BlockedGemm.Multiply<L>(Logits, _backward.Matrix, inputGradient, rows, SumStart.Zero);

    public override void WeightGradients(Panels input, int rows, int task, int tasks)
    {
        foreach ((_, int panel, int count) in Share(task, tasks))
        {
            int first = panel * Panels.Width, real = RowsOf(panel, count);
            Panels gradient = _gradient.Matrix.From(first), logits = Logits.Slice(panel, count);
            BlockedGemm.TransposedMultiply<L>(logits, input, gradient, rows);
            Packing.CopyRowsBack(gradient, _weight.Gradient + ((nint)first * _hidden), _hidden, real);
            ColumnSums.Of<L>(logits, rows, _bias.Gradient + first, real);
        }
    }

    public override void Dispose()
    {
        _forward.Dispose();
        _backward.Dispose();
        _gradient.Dispose();
        _paddedBias.Dispose();
        _logits.Dispose();
    }

    private WorkShare Share(int task, int tasks) => new(1, Panels.Pad(_vocab) / Panels.Width, task, tasks);

    private int RowsOf(int panel, int count) => Math.Clamp(_vocab - (panel * Panels.Width), 0, count * Panels.Width);

    private float Unmeasured(int row, float gradientScale)
    {
        Panels logits = Logits;
        for (int panel = 0; panel < logits.Count && gradientScale != 0; panel++)
            new Span<float>(logits.At(panel, row), Panels.Width).Clear();
        return 0;
    }

    private float RowLoss(int row, int target, float gradientScale)
    {
        Panels logits = Logits;
        L most = L.All(float.NegativeInfinity);
        for (int panel = 0; panel < logits.Count; panel++)
        {
            for (int lane = 0; lane < Panels.Width; lane += L.Count)
                most = L.Max(most, L.Load(logits.At(panel, row) + lane));
        }
        float highest = L.Greatest(most), targetLogit = logits.At(target / Panels.Width, row)[target % Panels.Width];
        L sums = L.All(0), shift = L.All(highest);
        for (int panel = 0; panel < logits.Count; panel++)
        {
            for (int lane = 0; lane < Panels.Width; lane += L.Count)
            {
                float* place = logits.At(panel, row) + lane;
                L weight = VectorMath.Exp(L.Load(place) - shift);
                sums += weight;
                if (gradientScale != 0)
                    L.Store(weight, place);
            }
        }
        float sum = L.Sum(sums);
        if (gradientScale != 0)
        {
            L scale = L.All(gradientScale / sum);
            for (int panel = 0; panel < logits.Count; panel++)
            {
                for (int lane = 0; lane < Panels.Width; lane += L.Count)
                {
                    float* place = logits.At(panel, row) + lane;
                    L.Store(L.Load(place) * scale, place);
                }
            }
            logits.At(target / Panels.Width, row)[target % Panels.Width] -= gradientScale;
        }
        return (float)(Math.Log(sum) + ((double)highest - targetLogit));
    }
}
