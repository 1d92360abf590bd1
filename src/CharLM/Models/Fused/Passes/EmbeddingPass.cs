using CharLM.Models.Fused.Gemm;
using CharLM.Models.Fused.Threads;

namespace CharLM.Models.Fused.Passes;

/// <summary>Token embeddings as a dense input: a row of the weight for each row of the minibatch.</summary>
internal sealed unsafe class EmbeddingPass(RawWeight weight, int size, TokenRows tokens) : IDisposable
{
    private PanelBuffer _values = new(1), _gradient = new(1);
    private RowLayout _layout;

    /// <summary>The vectors, [rows, size], in the rows after each step.</summary>
    public Panels Values => new(_values.Data, _layout.Rows, Panels.Pad(size));

    /// <summary>Where the caller writes the gradient of the vectors, likewise.</summary>
    public Panels Gradient => new(_gradient.Data, _layout.Rows, Panels.Pad(size));

    /// <summary>Allocates memory for a minibatch.</summary>
    public void Resize(RowLayout layout, bool backward)
    {
        _layout = layout;
        _values = PanelBuffer.Grow(_values, (long)layout.Rows * Panels.Pad(size));
        if (backward)
            _gradient = PanelBuffer.Grow(_gradient, (long)layout.Rows * Panels.Pad(size));
    }

    /// <summary>Looks up the vectors of some rows.</summary>
    public void Forward(RowGrid rows)
    {
        ReadOnlySpan<int> slots = tokens.SlotOfRow, ids = tokens.TokenOfSlot;
        foreach (RowPiece piece in rows.Pieces)
        {
            for (int step = 0; step < rows.Steps; step++)
            {
                for (int row = piece.Row(step); row < piece.Row(step) + piece.Count; row++)
                    Packing.CopyRows(weight.Value + ((nint)ids[slots[row]] * size), size, Values.From(row + piece.Stride), 1);
            }
        }
    }

    /// <summary>Sums the gradients over the rows of each token: one task's share of the columns.</summary>
    public void WeightGradients(int task, int tasks)
    {
        ReadOnlySpan<int> slots = tokens.SlotOfRow, ids = tokens.TokenOfSlot;
        // Whole panels, so that no two workers write to the same cache line.
        foreach ((_, int panel, int count) in new WorkShare(1, (size + Panels.Width - 1) / Panels.Width, task, tasks))
        {
            int begin = panel * Panels.Width, end = Math.Min(size, begin + (count * Panels.Width));
            for (int token = 0; token < tokens.VocabSize; token++)
                new Span<float>(weight.Gradient + ((nint)token * size) + begin, end - begin).Clear();
            for (int strip = 0; strip < _layout.Strips; strip++)
            {
                (int first, int rows) = _layout.Run(strip);
                for (int row = first; row < first + rows; row++)
                {
                    float* target = weight.Gradient + ((nint)ids[slots[row]] * size);
                    int after = row + _layout.WidthOf(strip);
                    for (int column = begin; column < end; column++)
                        target[column] += Gradient.At(column / Panels.Width, after)[column % Panels.Width];
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _values.Dispose();
        _gradient.Dispose();
    }
}
