using CharLM.Models.Fused.Gemm;

namespace CharLM.Models.Fused.Passes;

/// <summary>
/// Dropout: in training each value is dropped with probability p, and the rest are scaled by 1 / (1 - p) to keep the expectation
/// (Srivastava et al. 2014). A key and a value's position alone decide whether it is dropped, whichever worker computes it.
/// </summary>
/// <param name="probability">The probability of dropping a value.</param>
/// <param name="width">Values of a row.</param>
/// <param name="locked">Whether the same values of a row are dropped at every step (Gal and Ghahramani 2016).</param>
internal sealed unsafe class DropoutPass(double probability, int width, bool locked = false) : IDisposable
{
    private readonly DropoutFactors _drawn = new(probability);
    private PanelBuffer _values = new(1), _factors = new(1);
    private RowLayout _layout;
    private RowShare _share;

    /// <summary>The values after dropout, [rows, width].</summary>
    public Panels Values => new(_values.Data, _layout.Rows, Panels.Pad(width));

    private Panels Factors => new(_factors.Data, _layout.Rows, Panels.Pad(width));

    /// <summary>Allocates memory for a minibatch.</summary>
    /// <param name="layout">Its rows.</param>
    /// <param name="share">The sequences of the whole minibatch that these are.</param>
    public void Resize(RowLayout layout, RowShare share)
    {
        (_layout, _share) = (layout, share);
        _values = PanelBuffer.Grow(_values, (long)layout.Rows * Panels.Pad(width));
        _factors = PanelBuffer.Grow(_factors, (long)layout.Rows * Panels.Pad(width));
    }

    /// <summary>Drops values of some rows: those that it would drop if the whole minibatch were learned at once.</summary>
    /// <param name="values">[rows, width], in the rows after each step.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="key">Seeds the choice.</param>
    public void Forward(Panels values, RowGrid rows, ulong key)
    {
        ulong rowsOfPanel = (ulong)((long)_layout.Steps * _share.Of);
        for (int panel = 0; panel < values.Count; panel++)
        {
            foreach (RowPiece piece in rows.After.Pieces)
            {
                for (int step = 0; step < rows.Steps; step++)
                {
                    for (int i = 0; i < piece.Count; i++)
                    {
                        ulong place = PlaceOf(rows.FirstStep + step, piece.Sequence + i);
                        int row = piece.Row(step) + i;
                        ForwardRow(values.At(panel, row), Values.At(panel, row), Factors.At(panel, row),
                            key + (((ulong)panel * rowsOfPanel) + place) * DropoutFactors.OfADraw);
                    }
                }
            }
        }
    }

    /// <summary>Turns the gradient after dropout of some rows into that before it, in place.</summary>
    /// <param name="gradient">[rows, width], in the rows after each step.</param>
    /// <param name="rows">The rows.</param>
    public void Backward(Panels gradient, RowGrid rows)
    {
        for (int panel = 0; panel < gradient.Count; panel++)
        {
            foreach (RowPiece piece in rows.After.Pieces)
            {
                for (int step = 0; step < rows.Steps; step++)
                {
                    nint count = (nint)piece.Count * Panels.Width;
                    float* values = gradient.At(panel, piece.Row(step)), factors = Factors.At(panel, piece.Row(step));
                    for (nint place = 0; place < count; place++)
                        values[place] *= factors[place];
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _values.Dispose();
        _factors.Dispose();
    }

    // Where a sequence's factors stand among those of the whole minibatch; the locked ones are those of its first step.
    private ulong PlaceOf(int step, int sequence) => (ulong)_share.InWhole(locked ? 0 : step, sequence);

    private void ForwardRow(float* values, float* left, float* factors, ulong key)
    {
        new Span<float>(factors, Panels.Width).Fill(1);
        _drawn.Multiply(factors, Panels.Width, key);
        for (int lane = 0; lane < Panels.Width; lane++)
            left[lane] = values[lane] * factors[lane];
    }
}

/// <summary>
/// The factors of dropout: 0 with probability p, else 1 / (1 - p). They are derived from keys, four factors from each, so that
/// consecutive values need a quarter as many keys.
/// </summary>
internal readonly unsafe struct DropoutFactors(double probability)
{
    /// <summary>Factors per key.</summary>
    public const int OfADraw = 64 / BitsOfAFactor;

    private const int BitsOfAFactor = 16;

    private readonly uint _threshold = (uint)Math.Round(probability * (1 << BitsOfAFactor));
    private readonly float _scale = (float)(1 / (1 - probability));

    /// <summary>Multiplies values by their factors.</summary>
    /// <param name="values">The values, changed in place.</param>
    /// <param name="count">Number of values.</param>
    /// <param name="key">The key of the first factors; it increases every <see cref="OfADraw"/> values.</param>
    public void Multiply(float* values, int count, ulong key)
    {
        for (int from = 0; from < count; from += OfADraw)
        {
            ulong bits = Mix(key++);
            for (int i = from; i < Math.Min(from + OfADraw, count); i++)
            {
                values[i] *= (uint)(bits & 0xFFFF) < _threshold ? 0 : _scale;
                bits >>= BitsOfAFactor;
            }
        }
    }

    /// <summary>SplitMix64's output function: neighbouring keys give unrelated bits.</summary>
    public static ulong Mix(ulong key)
    {
        ulong z = key * 0x9E3779B97F4A7C15UL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
