using CharLM.Models.Fused.Gemm;
using CharLM.Models.Fused.Threads;

namespace CharLM.Models.Fused.Passes;

/// <summary>Token embeddings as a dense input: a row of the weight for each row of the minibatch.</summary>
internal sealed unsafe class EmbeddingPass(RawWeight weight, int size, TokenRows tokens) : IDisposable
{
    private PanelBuffer _values = new(1), _gradient = new(1);
    private int _rows;

    /// <summary>The vectors, [rows, size].</summary>
    public Panels Values => new(_values.Data, _rows, Panels.Pad(size));

    /// <summary>Where the caller writes the gradient of the vectors, [rows, size].</summary>
    public Panels Gradient => new(_gradient.Data, _rows, Panels.Pad(size));

    /// <summary>Allocates memory for a number of rows.</summary>
    public void Resize(int rows, bool backward)
    {
        _rows = rows;
        _values = PanelBuffer.Grow(_values, (long)rows * Panels.Pad(size));
        if (backward)
            _gradient = PanelBuffer.Grow(_gradient, (long)rows * Panels.Pad(size));
    }

    /// <summary>Looks up the vectors of some rows.</summary>
    public void Forward(RowGrid rows)
    {
        ReadOnlySpan<int> slots = tokens.SlotOfRow, ids = tokens.TokenOfSlot;
        for (int step = 0; step < rows.Steps; step++)
        {
            for (int row = rows.First(step); row < rows.First(step) + rows.Count; row++)
                Packing.CopyRows(weight.Value + ((nint)ids[slots[row]] * size), size, Values.From(row), 1);
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
            for (int row = 0; row < _rows; row++)
            {
                float* target = weight.Gradient + ((nint)ids[slots[row]] * size);
                for (int column = begin; column < end; column++)
                    target[column] += Gradient.At(column / Panels.Width, row)[column % Panels.Width];
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
