namespace CharLM.Models.Fused.Passes;

/// <summary>
/// What dropout multiplies values with: 0 with probability p, else 1 / (1 - p). They follow from keys; four from each, so that
/// values in a row need a quarter as many keys.
/// </summary>
internal readonly unsafe struct DropoutFactors(double probability)
{
    /// <summary>Factors that one key gives.</summary>
    public const int OfADraw = 64 / BitsOfAFactor;

    private const int BitsOfAFactor = 16;

    private readonly uint _threshold = (uint)Math.Round(probability * (1 << BitsOfAFactor));
    private readonly float _scale = (float)(1 / (1 - probability));

    /// <summary>Multiplies values with their factors.</summary>
    /// <param name="values">The values, in place.</param>
    /// <param name="count">How many.</param>
    /// <param name="key">Of the first factors; every <see cref="OfADraw"/> values have the next key.</param>
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
