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
    private int _rows;
    private RowShare _share;

    /// <summary>The values after dropout, [rows, width].</summary>
    public Panels Values => new(_values.Data, _rows, Panels.Pad(width));

    private Panels Factors => new(_factors.Data, _rows, Panels.Pad(width));

    /// <summary>Allocates memory for rows of all steps.</summary>
    /// <param name="rows">The rows of the whole minibatch that these are.</param>
    /// <param name="steps">Number of steps.</param>
    public void Resize(RowShare rows, int steps)
    {
        (_share, _rows) = (rows, rows.Count * steps);
        _values = PanelBuffer.Grow(_values, (long)_rows * Panels.Pad(width));
        _factors = PanelBuffer.Grow(_factors, (long)_rows * Panels.Pad(width));
    }

    /// <summary>Drops values of some rows: those that it would drop if the whole minibatch were learned at once.</summary>
    public void Forward(Panels values, RowGrid rows, ulong key)
    {
        ulong rowsOfPanel = (ulong)((long)_rows / _share.Count * _share.Of);
        for (int panel = 0; panel < values.Count; panel++)
        {
            for (int step = 0; step < rows.Steps; step++)
            {
                for (int row = rows.First(step); row < rows.First(step) + rows.Count; row++)
                    ForwardRow(values.At(panel, row), Values.At(panel, row), Factors.At(panel, row),
                        key + (((ulong)panel * rowsOfPanel) + PlaceOf(rows.FirstStep + step, row)) * DropoutFactors.OfADraw);
            }
        }
    }

    /// <summary>Turns the gradient after dropout of some rows into that before it, in place.</summary>
    public void Backward(Panels gradient, RowGrid rows)
    {
        for (int panel = 0; panel < gradient.Count; panel++)
        {
            for (int step = 0; step < rows.Steps; step++)
            {
                nint count = (nint)rows.Count * Panels.Width;
                float* values = gradient.At(panel, rows.First(step)), factors = Factors.At(panel, rows.First(step));
                for (nint place = 0; place < count; place++)
                    values[place] *= factors[place];
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _values.Dispose();
        _factors.Dispose();
    }

    // Where the row's factors stand among those of the whole minibatch; those of a locked row at its first step.
    private ulong PlaceOf(int step, int row) => (ulong)(
        locked ? _share.InWhole(0, row - (step * _share.Count)) : _share.InWhole(step, row));

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
