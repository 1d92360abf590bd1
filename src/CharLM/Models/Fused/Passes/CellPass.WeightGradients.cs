using CharLM.Models.Fused.Gemm;
using CharLM.Models.Fused.Threads;

namespace CharLM.Models.Fused.Passes;

/// <content>
/// The gradients of weights and biases, from those of the gates at all steps: first for each part of the rows, then their sums.
/// </content>
internal sealed unsafe partial class CellPass<L, TCell>
{
    public override void PartialGradients(Panels input, int part, int task, int tasks)
    {
        RowStrips rows = Layout.Part(part);
        foreach ((int gate, int unit, int count) in Share(task, tasks))
        {
            int place = (((part * TCell.Gates) + gate) * Width) + (unit * Panels.Width);
            int hiddenGroup = TCell.HiddenGroup(gate), inputGroup = TCell.InputGroup(gate);
            Panels hidden = Gates.Slice((hiddenGroup * Units) + unit, count), sums = Gates.Slice((inputGroup * Units) + unit, count);
            BlockedGemm.TransposedMultiply<L>(hidden, afterA: false, Before(_hidden), afterB: false, HiddenGradient.From(place), rows);
            if (_tokens is not null)
            {
                TokenGradients(sums, (gate * Units) + unit, part);
            }
            else
            {
                BlockedGemm.TransposedMultiply<L>(sums, afterA: false, input, afterB: true, InputGradient.From(place), rows);
                ColumnSums.Of<L>(sums, after: false, rows, BiasGradient(part, inputGroup, unit), count * Panels.Width);
            }
            if (hiddenGroup != inputGroup)
                ColumnSums.Of<L>(hidden, after: false, rows, BiasGradient(part, hiddenGroup, unit), count * Panels.Width);
        }
    }

    public override void WeightGradients(int task, int tasks)
    {
        foreach ((int gate, int unit, int count) in Share(task, tasks))
        {
            int first = (gate * Hidden) + (unit * Panels.Width), rows = RowsOf(unit, count);
            Sum(HiddenGradient, gate, unit, _weights.HiddenToGates.Gradient, Hidden, rows);
            _weightDropout?.Backward(first, rows);
            if (_tokens is null)
                Sum(InputGradient, gate, unit, _weights.InputToGates.Gradient, _inputWidth, rows);
            else
                SumTokens((gate * Units) + unit, first, rows);
            BiasGradients(gate, unit, count, first, rows);
        }
    }

    private float* BiasGradient(int part, int group, int unit) =>
        _biasGradient.Data + (((((part * TCell.Groups) + group) * Units) + unit) * Panels.Width);

    // The sums of all parts for some panels of gates, in torch's layout.
    private void Sum(Panels parts, int gate, int unit, float* gradient, int columns, int rows) =>
        Packing.CopySumsBack(
            parts.From((gate * Width) + (unit * Panels.Width)), Layout.Parts, TCell.Gates * Width,
            gradient + ((nint)((gate * Hidden) + (unit * Panels.Width)) * columns), columns, rows);

    // The gradients of the token table from one part, for some panels of gates: sums over the rows of each token.
    private void TokenGradients(Panels gates, int tablePanel, int part)
    {
        ReadOnlySpan<int> slots = _tokens!.SlotOfRow;
        RowStrips strips = Layout.Part(part);
        for (int panel = 0; panel < gates.Count; panel++)
        {
            float* table = TokenGradient.At(tablePanel + panel, part * _tokens.Capacity), sums = gates.At(panel, 0);
            new Span<float>(table, (_tokens.Count + 1) * Panels.Width).Clear();
            for (int strip = strips.Begin; strip < strips.End; strip++)
            {
                (int begin, int count) = Layout.Run(strip);
                for (int row = begin; row < begin + count; row++)
                    Add(sums + ((nint)row * Panels.Width), table + ((nint)slots[row] * Panels.Width));
            }
        }
    }

    // The input's weight gradient for some panels of gates: the sums of all parts, then columns of the weight.
    private void SumTokens(int tablePanel, int first, int rows)
    {
        ReadOnlySpan<int> tokens = _tokens!.TokenOfSlot;
        for (int some = 0; some * Panels.Width < rows; some++)
        {
            float* table = TokenGradient.At(tablePanel + some, 0);
            for (int slot = 0; slot <= tokens.Length && Layout.Parts > 1; slot++)
                Add(table + ((nint)(_tokens.Capacity + slot) * Panels.Width), table + ((nint)slot * Panels.Width));
            for (int lane = 0; lane < Math.Min(Panels.Width, rows - (some * Panels.Width)); lane++)
            {
                float* target = _weights.InputToGates.Gradient + ((nint)(first + (some * Panels.Width) + lane) * _tokens.VocabSize);
                new Span<float>(target, _tokens.VocabSize).Clear();
                for (int slot = 0; slot < tokens.Length; slot++)
                    target[tokens[slot]] = _tokens.Scale * table[(slot * Panels.Width) + lane];
            }
        }
    }

    // The gradients of both biases for some panels of gates: the sums of all parts, or over the token table, where the rows of each token
    // are already added up.
    private void BiasGradients(int gate, int unit, int count, int first, int rows)
    {
        int inputGroup = TCell.InputGroup(gate), hiddenGroup = TCell.HiddenGroup(gate);
        float* input = _weights.InputBias.Gradient + first, hidden = _weights.HiddenBias.Gradient + first;
        if (_tokens is null)
            SumBias(inputGroup, unit, input, rows);
        else
            ColumnSums.Of<L>(TokenGradient.Slice((gate * Units) + unit, count), _tokens.Count + 1, input, rows);
        if (hiddenGroup == inputGroup)
            new ReadOnlySpan<float>(input, rows).CopyTo(new Span<float>(hidden, rows));
        else
            SumBias(hiddenGroup, unit, hidden, rows);
    }

    private void SumBias(int group, int unit, float* target, int rows)
    {
        for (int lane = 0; lane < rows; lane++)
            target[lane] = BiasGradient(0, group, unit)[lane] + (Layout.Parts > 1 ? BiasGradient(1, group, unit)[lane] : 0);
    }

    private static void Add(float* line, float* sums)
    {
        for (int lane = 0; lane < Panels.Width; lane += L.Count)
            L.Store(L.Load(sums + lane) + L.Load(line + lane), sums + lane);
    }
}
