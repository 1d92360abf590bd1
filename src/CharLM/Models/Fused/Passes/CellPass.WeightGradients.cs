using CharLM.Models.Fused.Gemm;
using CharLM.Models.Fused.Threads;

namespace CharLM.Models.Fused.Passes;

/// <content>The gradients of weights and biases, from those of the gates at all steps.</content>
internal sealed unsafe partial class CellPass<L, TCell>
{
    public override void WeightGradients(Panels input, int task, int tasks)
    {
        foreach ((int gate, int unit, int count) in Share(task, tasks))
        {
            int first = (gate * Hidden) + (unit * Panels.Width), place = ((gate * Units) + unit) * Panels.Width, rows = RowsOf(unit, count);
            int hiddenPanel = (TCell.HiddenGroup(gate) * Units) + unit, inputPanel = (TCell.InputGroup(gate) * Units) + unit;
            Gradient(Gates.Slice(hiddenPanel, count), Before(_hidden), isInput: false, _hiddenGradient.Matrix.From(place),
                _weights.HiddenToGates.Gradient + ((nint)first * Hidden), Hidden, rows);
            _weightDropout?.Backward(first, rows);
            if (_tokens is null)
                Gradient(Gates.Slice(inputPanel, count), input, isInput: true, _inputGradient.Matrix.From(place),
                    _weights.InputToGates.Gradient + ((nint)first * _inputWidth), _inputWidth, rows);
            else
                TokenGradients(inputPanel, (gate * Units) + unit, first, rows);
            BiasGradients(inputPanel, hiddenPanel, (gate * Units) + unit, count, first, rows);
        }
    }

    // The gradient of a weight for some panels of gates: first in panels, then in torch's layout.
    private void Gradient(Panels gates, Panels operand, bool isInput, Panels gradient, float* target, int columns, int rows)
    {
        BlockedGemm.TransposedMultiply<L>(gates, afterA: false, operand, afterB: isInput, gradient, Layout);
        Packing.CopyRowsBack(gradient, target, columns, rows);
    }

    // The input's weight gradient for some panels of gates: sums over the rows of each token, then columns of the weight.
    private void TokenGradients(int panel, int tablePanel, int first, int rows)
    {
        Panels gradient = TokenGradient;
        ReadOnlySpan<int> slots = _tokens!.SlotOfRow, tokens = _tokens.TokenOfSlot;
        for (int some = 0; some * Panels.Width < rows; some++)
        {
            float* table = gradient.At(tablePanel + some, 0), sums = Gates.At(panel + some, 0);
            new Span<float>(table, (tokens.Length + 1) * Panels.Width).Clear();
            for (int strip = 0; strip < Layout.Strips; strip++)
            {
                (int begin, int count) = Layout.Run(strip);
                for (int row = begin; row < begin + count; row++)
                {
                    float* from = sums + ((nint)row * Panels.Width), to = table + ((nint)slots[row] * Panels.Width);
                    for (int lane = 0; lane < Panels.Width; lane += L.Count)
                        L.Store(L.Load(to + lane) + L.Load(from + lane), to + lane);
                }
            }
            for (int lane = 0; lane < Math.Min(Panels.Width, rows - (some * Panels.Width)); lane++)
            {
                float* target = _weights.InputToGates.Gradient + ((nint)(first + (some * Panels.Width) + lane) * _tokens.VocabSize);
                new Span<float>(target, _tokens.VocabSize).Clear();
                for (int slot = 0; slot < tokens.Length; slot++)
                    target[tokens[slot]] = _tokens.Scale * table[(slot * Panels.Width) + lane];
            }
        }
    }

    // The gradients of both biases for some panels of gates: sums over all rows, or over the token table, where the rows of each token are
    // already added up.
    private void BiasGradients(int inputPanel, int hiddenPanel, int tablePanel, int count, int first, int rows)
    {
        float* input = _weights.InputBias.Gradient + first, hidden = _weights.HiddenBias.Gradient + first;
        if (_tokens is null)
            ColumnSums.Of<L>(Gates.Slice(inputPanel, count), after: false, Layout, input, rows);
        else
            ColumnSums.Of<L>(TokenGradient.Slice(tablePanel, count), _tokens.Count + 1, input, rows);
        if (hiddenPanel == inputPanel)
            new ReadOnlySpan<float>(input, rows).CopyTo(new Span<float>(hidden, rows));
        else
            ColumnSums.Of<L>(Gates.Slice(hiddenPanel, count), after: false, Layout, hidden, rows);
    }
}
