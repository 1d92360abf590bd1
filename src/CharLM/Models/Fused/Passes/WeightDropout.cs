using CharLM.Models.Fused.Gemm;

namespace CharLM.Models.Fused.Passes;

/// <summary>
/// Dropout of hidden-to-hidden weights (Merity et al. 2018, after Wan et al. 2013): in training each weight is dropped with probability
/// p for all steps of a minibatch, and the rest are scaled by 1 / (1 - p). A key and a weight's position alone decide whether it is
/// dropped, so the backward pass needs nothing stored.
/// </summary>
internal sealed unsafe class WeightDropout(RawWeight weight, int columns, double probability) : IDisposable
{
    private readonly DropoutFactors _factors = new(probability);
    private readonly PanelBuffer _left = new(weight.Length);

    /// <summary>Seeds the choice of dropped weights; null: none.</summary>
    public ulong? Key { get; set; }

    /// <summary>Some rows after dropout, [rows, columns], row-major.</summary>
    public float* Forward(int first, int rows)
    {
        float* values = weight.Value + ((nint)first * columns), left = _left.Data + ((nint)first * columns);
        if (Key is null)
            return values;
        new ReadOnlySpan<float>(values, rows * columns).CopyTo(new Span<float>(left, rows * columns));
        Multiply(left, first, rows);
        return left;
    }

    /// <summary>Turns the gradient after dropout of some rows into that of the weights, in place.</summary>
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
