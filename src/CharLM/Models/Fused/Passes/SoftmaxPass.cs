using CharLM.Models.Fused.Gemm;
using CharLM.Models.Fused.Simd;
using CharLM.Models.Fused.Threads;

namespace CharLM.Models.Fused.Passes;

/// <summary>
/// The output layer for one register width: logits = H W^T + b; loss = log sum exp(logits) - logit of the target; gradient =
/// softmax(logits) - one-hot(target), which overwrites the logits.
/// </summary>
/// <remarks>
/// The vocab is taken in blocks whose logits stay in the second-level cache: forward from the product to the exponentials, backward from
/// their factor to the product. Each block has its own shift m_b in exp(logit - m_b); once a row's log-sum-exp over all blocks is known,
/// one factor for each block turns exponentials into probabilities.
/// </remarks>
internal sealed unsafe class SoftmaxPass<L> : OutputPass
    where L : struct, ISimdVector<L>
{
    // Logits of the padding: their exponentials and gradients are zero.
    private const float Nothing = -1e30f;

    // Distance to the greatest logit below which a gradient is zero. Its exponential, 1e-26, adds nothing to a sum in float32, but its
    // products would be subnormal, and processors of Intel take a hundred times as long for these.
    private const float Negligible = -60;

    // Panels of a block, and the most of a weight gradient's part that stays in the cache over all rows.
    private const int BlockPanels = 16, MostGradientPanels = 4;

    private readonly RawWeight _weight, _bias;
    private readonly float* _targetBiases;
    private readonly int _vocab, _hidden, _blocks;
    private readonly PanelBuffer _forward, _backward, _paddedBias;
    private readonly bool _hasParts;
    private PanelBuffer _logits = new(1), _gradient = new(1), _biasGradient = new(1);

    // For each row and block: the greatest logit, which becomes the factor of the exponentials, and their sum.
    private PanelBuffer _highest = new(1), _sums = new(1);
    private RowLayout _layout;
    private int _gradientPanels;

    public SoftmaxPass(RawWeight weight, RawWeight bias, int vocab, int hidden, float* targetBiases)
    {
        (_weight, _bias, _vocab, _hidden) = (weight, bias, vocab, hidden);
        _targetBiases = targetBiases;
        int padded = Panels.Pad(vocab);
        _blocks = ((padded / Panels.Width) + BlockPanels - 1) / BlockPanels;
        _hasParts = _blocks == 1;
        _forward = new PanelBuffer(Panels.Pad(hidden), vocab);
        _backward = new PanelBuffer(padded, hidden);
        _paddedBias = new PanelBuffer(padded);
        new Span<float>(_paddedBias.Data, padded).Fill(Nothing);
    }

    public override Panels Logits => new(_logits.Data, _layout.Rows, Panels.Pad(_vocab));

    private int Padded => Panels.Pad(_vocab);

    // The gradients of the weights, of each part of the rows.
    private Panels Parts => new(_gradient.Data, RowLayout.MostParts * Padded, Panels.Pad(_hidden));

    private Panels Bias => new(_paddedBias.Data, 1, Panels.Pad(_vocab));

    public override void Resize(RowLayout layout, int tasks)
    {
        _layout = layout;
        int rows = layout.Rows;
        _logits = PanelBuffer.Grow(_logits, (long)rows * Panels.Pad(_vocab));
        _highest = PanelBuffer.Grow(_highest, (long)rows * _blocks);
        _sums = PanelBuffer.Grow(_sums, (long)rows * _blocks);
        if (_hasParts)
        {
            if (tasks > 0)
            {
                _gradient = PanelBuffer.Grow(_gradient, (long)RowLayout.MostParts * Padded * Panels.Pad(_hidden));
                _biasGradient = PanelBuffer.Grow(_biasGradient, RowLayout.MostParts * Padded);
            }
            return;
        }
        _gradientPanels = tasks == 0 ? 0 : Math.Clamp((Logits.Count + tasks - 1) / tasks, 1, MostGradientPanels);
        _gradient = PanelBuffer.Grow(_gradient, (long)Math.Min(tasks, Logits.Count) * _gradientPanels * Panels.Width * Panels.Pad(_hidden));
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
        BlockedGemm.Multiply<L>(input, rows.After, _forward.Matrix, Logits, rows.After, SumStart.SameForAll(Bias));

    public override void Measure(Panels input, ReadOnlySpan<int> targets, Span<float> nats, RowGrid rows) =>
        Losses(input, targets, nats, rows, scale: 0);

    public override void Learn(
        Panels input, ReadOnlySpan<int> targets, Span<float> nats, RowGrid rows, float scale, Panels inputGradient)
    {
        Losses(input, targets, nats, rows, scale);
        for (int block = 0; block < _blocks; block++)
        {
            Panels gradients = BlockOf(Logits, block);
            foreach (RowPiece piece in rows.After.Pieces)
            {
                for (int step = 0; step < rows.Steps; step++)
                {
                    for (int row = piece.Row(step); row < piece.Row(step) + piece.Count; row++)
                    {
                        ToGradients(gradients, row, _highest.Data[((nint)row * _blocks) + block]);
                        float* target = TargetIn(block, targets[row], gradients, row);
                        if (target is not null)
                            *target -= scale;
                    }
                }
            }
            SumStart start = block == 0 ? SumStart.Zero : SumStart.With(inputGradient);
            BlockedGemm.Multiply<L>(
                gradients, rows.After, _backward.Matrix.From(block * BlockPanels * Panels.Width), inputGradient, rows.After, start);
        }
    }

    public override void PartialGradients(Panels input, int part, int task, int tasks)
    {
        if (!_hasParts)
            return;
        foreach ((_, int panel, int count) in Share(task, tasks))
        {
            Panels logits = Logits.Slice(panel, count);
            int place = (part * Padded) + (panel * Panels.Width);
            BlockedGemm.TransposedMultiply<L>(logits, afterA: true, input, afterB: true, Parts.From(place), _layout.Part(part));
            ColumnSums.Of<L>(logits, after: true, _layout.Part(part), _biasGradient.Data + place, count * Panels.Width);
        }
    }

    public override void WeightGradients(Panels input, int task, int tasks)
    {
        if (!_hasParts)
        {
            WholeGradients(input, task, tasks);
            return;
        }
        foreach ((_, int panel, int count) in Share(task, tasks))
        {
            int first = panel * Panels.Width, real = RowsOf(panel, count);
            Packing.CopySumsBack(Parts.From(first), _layout.Parts, Padded, _weight.Gradient + ((nint)first * _hidden), _hidden, real);
            for (int token = first; token < first + real; token++)
                _bias.Gradient[token] = _biasGradient.Data[token] + (_layout.Parts > 1 ? _biasGradient.Data[Padded + token] : 0);
        }
    }

    private void WholeGradients(Panels input, int task, int tasks)
    {
        int tile = _gradientPanels * Panels.Width, columns = Panels.Pad(_hidden);
        foreach ((_, int begin, int all) in Share(task, tasks))
        {
            // With more tasks than panels, only one task has the panel.
            Panels gradient = new(_gradient.Data + ((nint)Math.Min(task, begin) * tile * columns), tile, columns);
            for (int panel = begin; panel < begin + all; panel += _gradientPanels)
            {
                int count = Math.Min(_gradientPanels, begin + all - panel), first = panel * Panels.Width, real = RowsOf(panel, count);
                Panels logits = Logits.Slice(panel, count);
                BlockedGemm.TransposedMultiply<L>(logits, afterA: true, input, afterB: true, gradient, _layout.All);
                Packing.CopyRowsBack(gradient, _weight.Gradient + ((nint)first * _hidden), _hidden, real);
                ColumnSums.Of<L>(logits, after: true, _layout.All, _bias.Gradient + first, real);
            }
        }
    }

    public override void Dispose()
    {
        foreach (PanelBuffer buffer in new[] { _forward, _backward, _paddedBias, _logits, _gradient, _biasGradient, _highest, _sums })
            buffer.Dispose();
    }

    private WorkShare Share(int task, int tasks) => new(1, Panels.Pad(_vocab) / Panels.Width, task, tasks);

    private int RowsOf(int panel, int count) => Math.Clamp(_vocab - (panel * Panels.Width), 0, count * Panels.Width);

    private static Panels BlockOf(Panels all, int block) =>
        all.Slice(block * BlockPanels, Math.Min(BlockPanels, all.Count - (block * BlockPanels)));

    // Where a block has a row's target; null if another block has it, or the row has none.
    private static float* TargetIn(int block, int target, Panels logits, int row)
    {
        int panel = target < 0 ? -1 : (target / Panels.Width) - (block * BlockPanels);
        return (uint)panel < (uint)logits.Count ? logits.At(panel, row) + (target % Panels.Width) : null;
    }

    // The losses of some rows. With a scale, their exponentials replace the logits, and the blocks' factors the greatest logits.
    private void Losses(Panels input, ReadOnlySpan<int> targets, Span<float> nats, RowGrid rows, float scale)
    {
        for (int block = 0; block < _blocks; block++)
        {
            Panels logits = BlockOf(Logits, block);
            BlockedGemm.Multiply<L>(
                input, rows.After, BlockOf(_forward.Matrix, block), logits, rows.After, SumStart.SameForAll(BlockOf(Bias, block)));
            foreach (RowPiece piece in rows.After.Pieces)
            {
                for (int step = 0; step < rows.Steps; step++)
                {
                    for (int row = piece.Row(step); row < piece.Row(step) + piece.Count; row++)
                    {
                        float* target = TargetIn(block, targets[row], logits, row);
                        if (target is not null)
                        {
                            if (_targetBiases is not null)
                                *target += _targetBiases[targets[row]];
                            nats[row] = *target;
                        }
                        nint place = ((nint)row * _blocks) + block;
                        (_highest.Data[place], _sums.Data[place]) = Exponentials(logits, row, keep: scale != 0);
                    }
                }
            }
        }
        foreach (RowPiece piece in rows.After.Pieces)
        {
            for (int step = 0; step < rows.Steps; step++)
            {
                for (int row = piece.Row(step); row < piece.Row(step) + piece.Count; row++)
                    nats[row] = Loss(row, targetLogit: nats[row], targets[row] < 0 ? null : scale);
            }
        }
    }

    // A row's greatest logit in a block, and the sum of the exponentials of their distances to it, which can replace the logits.
    private static (float Highest, float Sum) Exponentials(Panels logits, int row, bool keep)
    {
        L most = L.All(float.NegativeInfinity);
        for (int panel = 0; panel < logits.Count; panel++)
        {
            for (int lane = 0; lane < Panels.Width; lane += L.Count)
                most = L.Max(most, L.Load(logits.At(panel, row) + lane));
        }
        float highest = L.Greatest(most);
        L sums = L.All(0), shift = L.All(highest);
        for (int panel = 0; panel < logits.Count; panel++)
        {
            for (int lane = 0; lane < Panels.Width; lane += L.Count)
            {
                float* place = logits.At(panel, row) + lane;
                L distance = L.Load(place) - shift;
                L weight = VectorMath.Exp(distance);
                sums += weight;
                if (keep)
                    L.Store(L.WherePositive(distance - L.All(Negligible), weight), place);
            }
        }
        return (highest, L.Sum(sums));
    }

    // The loss of a row from the figures of its blocks. A scale turns their greatest logits into the factors of their exponentials, which
    // are zero for a row without a target (null).
    private float Loss(int row, float targetLogit, float? scale)
    {
        var highest = new Span<float>(_highest.Data + ((nint)row * _blocks), _blocks);
        var sums = new ReadOnlySpan<float>(_sums.Data + ((nint)row * _blocks), _blocks);
        if (scale is not { } factor)
        {
            highest.Clear();
            return 0;
        }
        float shift = float.NegativeInfinity, sum = 0;
        foreach (float some in highest)
            shift = Math.Max(shift, some);
        for (int block = 0; block < _blocks; block++)
            sum += sums[block] * MathF.Exp(highest[block] - shift);
        for (int block = 0; block < _blocks && factor != 0; block++)
            highest[block] = MathF.Exp(highest[block] - shift) * (factor / sum);
        return (float)(Math.Log(sum) + ((double)shift - targetLogit));
    }

    private static void ToGradients(Panels exponentials, int row, float factor)
    {
        for (int panel = 0; panel < exponentials.Count; panel++)
        {
            for (int lane = 0; lane < Panels.Width; lane += L.Count)
            {
                float* place = exponentials.At(panel, row) + lane;
                L.Store(factor == 0 ? L.All(0) : L.Load(place) * L.All(factor), place);
            }
        }
    }
}
