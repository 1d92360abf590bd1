using CharLM.Models.Fused.Gemm;

namespace CharLM.Models.Fused.Passes;

/// <summary>
/// Dropout of weights between hidden states (Merity et al. 2018, after Wan et al. 2013): in training each weight is left out of a
/// minibatch with probability p, at all its steps, and those that stay are scaled by 1 / (1 - p). Which are left out follows from a
/// key and the place alone, so that nothing is kept for the way back.
/// </summary>
internal sealed unsafe class WeightDropout(RawWeight weight, int columns, double probability) : IDisposable
{
    private readonly DropoutFactors _factors = new(probability);
    private readonly PanelBuffer _left = new(weight.Length);

    /// <summary>Decides which are left out; null: none.</summary>
    public ulong? Key { get; set; }

    /// <summary>What is left of some rows, [rows, columns], row-major.</summary>
    public float* Forward(int first, int rows)
    {
        float* values = weight.Value + ((nint)first * columns), left = _left.Data + ((nint)first * columns);
        if (Key is null)
            return values;
        new ReadOnlySpan<float>(values, rows * columns).CopyTo(new Span<float>(left, rows * columns));
        Multiply(left, first, rows);
        return left;
    }

    /// <summary>Turns the gradient of what was left of some rows into that of the weights, in place.</summary>
    public void Backward(int first, int rows)
    {
        if (Key is not null)
            Multiply(weight.Gradient + ((nint)first * columns), first, rows);
    }

    /// <inheritdoc/>
    public void Dispose() => _left.Dispose();

    private void Multiply(float* values, int first, int rows)
    {
        ulong drawsOfRow = (ulong)((columns + DropoutFactors.OfADraw - 1) / DropoutFactors.OfADraw);
        for (int row = 0; row < rows; row++)
            _factors.Multiply(values + ((nint)row * columns), columns, Key!.Value + ((ulong)(first + row) * drawsOfRow));
    }
}
