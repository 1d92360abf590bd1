using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using System.Text.Json.Serialization;
using CharLM.Models.Fused.Simd;

namespace CharLM.Models.Fused.Quantized;

/// <summary>How many bits each weight has while a model is read; files and training always have float32.</summary>
internal enum WeightBits
{
    /// <summary>float32.</summary>
    Full,

    /// <summary>16 bits; usually 12 to 15 of them count, fewer in very wide layers, so that sums fit 32 bits.</summary>
    [JsonStringEnumMemberName("16bit")]
    Sixteen,

    /// <summary>8 bits.</summary>
    [JsonStringEnumMemberName("8bit")]
    Eight,
}

/// <summary>A weight as integers of 8 or 16 bits with a scale for each row, and its product with a vector of 16-bit integers.</summary>
/// <remarks>
/// <para>
/// One text reads every weight once per token, so its speed is that of the cache that holds them: a quarter of the bytes are read in less
/// time. Products of pairs are added in 32-bit integers without rounding or overflow, so every register width gives the same sums.
/// </para>
/// <para>
/// Layout: groups of 64 rows; in a group, for each pair of columns, 64 pairs of weights. One broadcast of two inputs serves a group.
/// </para>
/// <para>Thread safety: never changes; any number of threads.</para>
/// </remarks>
internal sealed unsafe class IntegerMatrix : IDisposable
{
    /// <summary>Rows that are computed together; parts are padded to a multiple of it.</summary>
    public const int Group = 64;

    private const int Panel = 16, PairsOfGroup = 2 * Group;

    private readonly int _pairs;
    private readonly bool _isWide;
    private readonly float* _scales;
    private void* _weights;

    /// <summary>Rounds a weight to integers.</summary>
    /// <param name="bits">8 or 16.</param>
    /// <param name="source">[parts * rows, columns], row-major.</param>
    /// <param name="parts">Parts, such as gates, each of which begins at a multiple of <see cref="Group"/>.</param>
    /// <param name="rows">Rows of a part.</param>
    /// <param name="columns">Columns.</param>
    public IntegerMatrix(WeightBits bits, float* source, int parts, int rows, int columns)
    {
        (_pairs, _isWide) = ((columns + 1) / 2, bits == WeightBits.Sixteen);
        int stride = Pad(rows), all = parts * stride;
        nuint bytes = checked((nuint)all * (nuint)_pairs * 2 * (_isWide ? 2u : 1u));
        _weights = NativeMemory.AlignedAlloc(bytes, 64);
        NativeMemory.Clear(_weights, bytes);
        _scales = (float*)NativeMemory.AlignedAlloc((nuint)all * sizeof(float), 64);
        new Span<float>(_scales, all).Clear();
        int most = _isWide ? Most16(source, parts * rows, columns) : sbyte.MaxValue;
        long sum = 1;
        for (int row = 0; row < parts * rows; row++)
        {
            var values = new ReadOnlySpan<float>(source + ((nint)row * columns), columns);
            sum = Math.Max(sum, Round(values, (row / rows * stride) + (row % rows), most));
        }
        // Sums of this many times the greatest input still fit 32 bits.
        MostInput = (int)Math.Min(short.MaxValue, int.MaxValue / sum);
    }

    ~IntegerMatrix() => Free();

    /// <summary>The greatest absolute value of an input.</summary>
    public int MostInput { get; }

    /// <summary>A number of rows rounded up to whole groups.</summary>
    public static int Pad(int rows) => (rows + Group - 1) / Group * Group;

    /// <summary>y += W x, for some rows.</summary>
    /// <param name="x">The inputs, an even number.</param>
    /// <param name="scale">The value of an input of 1.</param>
    /// <param name="from">The first row, at a group's beginning.</param>
    /// <param name="count">Rows, whole groups.</param>
    /// <param name="y">Receives the sums, from the first row on.</param>
    public void MultiplyAdd<L>(short* x, float scale, int from, int count, float* y)
        where L : struct, ISimdVector<L>
    {
        int* sums = stackalloc int[Group];
        for (int row = from; row < from + count; row += Group, y += Group)
        {
            nint place = (nint)row * 2 * _pairs;
            if (L.Count == 16 && Avx512BW.IsSupported)
            {
                if (_isWide)
                    Wide16((short*)_weights + place, (int*)x, _pairs, sums);
                else
                    Wide8((sbyte*)_weights + place, (int*)x, _pairs, sums);
            }
            else if (L.Count == 8 && Avx2.IsSupported)
            {
                for (int part = 0; part < Group; part += Group / 2)
                {
                    if (_isWide)
                        Medium16((short*)_weights + place + (2 * part), (int*)x, _pairs, sums + part);
                    else
                        Medium8((sbyte*)_weights + place + (2 * part), (int*)x, _pairs, sums + part);
                }
            }
            else
            {
                for (int part = 0; part < Group; part += Panel)
                {
                    if (_isWide)
                        Portable16((short*)_weights + place + (2 * part), (int*)x, _pairs, sums + part);
                    else
                        Portable8((sbyte*)_weights + place + (2 * part), (int*)x, _pairs, sums + part);
                }
            }
            for (int lane = 0; lane < Group; lane += Vector128<int>.Count)
            {
                Vector128<float> product = Vector128.ConvertToSingle(Vector128.Load(sums + lane))
                    * (Vector128.Load(_scales + row + lane) * Vector128.Create(scale));
                (Vector128.Load(y + lane) + product).Store(y + lane);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (_weights is null)
            return;
        NativeMemory.AlignedFree(_weights);
        NativeMemory.AlignedFree(_scales);
        _weights = null;
    }

    // As precise as the inputs: both get half of what the widest row leaves of 31 bits.
    private static int Most16(float* source, int rows, int columns)
    {
        double widest = 1;
        for (int row = 0; row < rows; row++)
        {
            double most = 0, sum = 0;
            for (int column = 0; column < columns; column++)
            {
                double size = Math.Abs(source[((nint)row * columns) + column]);
                (most, sum) = (Math.Max(most, size), sum + size);
            }
            if (most > 0 && double.IsFinite(sum))
                widest = Math.Max(widest, sum / most);
        }
        return (int)Math.Min(short.MaxValue, Math.Sqrt(int.MaxValue / widest));
    }

    // Rounds a row; returns the sum of its absolute values as integers.
    private long Round(ReadOnlySpan<float> source, int row, int most)
    {
        float greatest = 0;
        foreach (float value in source)
            greatest = Math.Max(greatest, Math.Abs(value));
        _scales[row] = greatest / most; // not finite in a damaged model, as its products then are
        if (greatest == 0 || !float.IsFinite(greatest))
            return 0;
        long sum = 0;
        nint place = ((nint)(row / Group) * _pairs * PairsOfGroup) + (2 * (row % Group));
        for (int column = 0; column < source.Length; column++)
        {
            int value = (int)Math.Round((double)source[column] / greatest * most);
            sum += Math.Abs(value);
            nint at = place + ((nint)(column / 2) * PairsOfGroup) + (column % 2);
            if (_isWide)
                ((short*)_weights)[at] = (short)value;
            else
                ((sbyte*)_weights)[at] = (sbyte)value;
        }
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Wide16(short* weights, int* x, int pairs, int* sums)
    {
        Vector512<int> a = default, b = default, c = default, d = default;
        for (int pair = 0; pair < pairs; pair++, weights += PairsOfGroup)
        {
            Vector512<short> input = Vector512.Create(x[pair]).AsInt16();
            a += Avx512BW.MultiplyAddAdjacent(Vector512.Load(weights), input);
            b += Avx512BW.MultiplyAddAdjacent(Vector512.Load(weights + 32), input);
            c += Avx512BW.MultiplyAddAdjacent(Vector512.Load(weights + 64), input);
            d += Avx512BW.MultiplyAddAdjacent(Vector512.Load(weights + 96), input);
        }
        a.Store(sums);
        b.Store(sums + 16);
        c.Store(sums + 32);
        d.Store(sums + 48);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Wide8(sbyte* weights, int* x, int pairs, int* sums)
    {
        Vector512<int> a = default, b = default, c = default, d = default;
        for (int pair = 0; pair < pairs; pair++, weights += PairsOfGroup)
        {
            Vector512<short> input = Vector512.Create(x[pair]).AsInt16();
            a += Avx512BW.MultiplyAddAdjacent(Avx512BW.ConvertToVector512Int16(Vector256.Load(weights)), input);
            b += Avx512BW.MultiplyAddAdjacent(Avx512BW.ConvertToVector512Int16(Vector256.Load(weights + 32)), input);
            c += Avx512BW.MultiplyAddAdjacent(Avx512BW.ConvertToVector512Int16(Vector256.Load(weights + 64)), input);
            d += Avx512BW.MultiplyAddAdjacent(Avx512BW.ConvertToVector512Int16(Vector256.Load(weights + 96)), input);
        }
        a.Store(sums);
        b.Store(sums + 16);
        c.Store(sums + 32);
        d.Store(sums + 48);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Medium16(short* weights, int* x, int pairs, int* sums)
    {
        Vector256<int> a = default, b = default, c = default, d = default;
        for (int pair = 0; pair < pairs; pair++, weights += PairsOfGroup)
        {
            Vector256<short> input = Vector256.Create(x[pair]).AsInt16();
            a += Avx2.MultiplyAddAdjacent(Vector256.Load(weights), input);
            b += Avx2.MultiplyAddAdjacent(Vector256.Load(weights + 16), input);
            c += Avx2.MultiplyAddAdjacent(Vector256.Load(weights + 32), input);
            d += Avx2.MultiplyAddAdjacent(Vector256.Load(weights + 48), input);
        }
        a.Store(sums);
        b.Store(sums + 8);
        c.Store(sums + 16);
        d.Store(sums + 24);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Medium8(sbyte* weights, int* x, int pairs, int* sums)
    {
        Vector256<int> a = default, b = default, c = default, d = default;
        for (int pair = 0; pair < pairs; pair++, weights += PairsOfGroup)
        {
            Vector256<short> input = Vector256.Create(x[pair]).AsInt16();
            a += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(Vector128.Load(weights)), input);
            b += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(Vector128.Load(weights + 16)), input);
            c += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(Vector128.Load(weights + 32)), input);
            d += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(Vector128.Load(weights + 48)), input);
        }
        a.Store(sums);
        b.Store(sums + 8);
        c.Store(sums + 16);
        d.Store(sums + 24);
    }

    private static void Portable16(short* weights, int* x, int pairs, int* sums)
    {
        Vector128<int> a = default, b = default, c = default, d = default;
        for (int pair = 0; pair < pairs; pair++, weights += PairsOfGroup)
        {
            var first = Vector128.Create((int)(short)x[pair]);
            var second = Vector128.Create(x[pair] >> 16);
            a += PairSums(Vector128.Load(weights), first, second);
            b += PairSums(Vector128.Load(weights + 8), first, second);
            c += PairSums(Vector128.Load(weights + 16), first, second);
            d += PairSums(Vector128.Load(weights + 24), first, second);
        }
        a.Store(sums);
        b.Store(sums + 4);
        c.Store(sums + 8);
        d.Store(sums + 12);
    }

    private static void Portable8(sbyte* weights, int* x, int pairs, int* sums)
    {
        Vector128<int> a = default, b = default, c = default, d = default;
        for (int pair = 0; pair < pairs; pair++, weights += PairsOfGroup)
        {
            var first = Vector128.Create((int)(short)x[pair]);
            var second = Vector128.Create(x[pair] >> 16);
            (Vector128<short> low, Vector128<short> high) = Vector128.Widen(Vector128.Load(weights));
            a += PairSums(low, first, second);
            b += PairSums(high, first, second);
            (low, high) = Vector128.Widen(Vector128.Load(weights + 16));
            c += PairSums(low, first, second);
            d += PairSums(high, first, second);
        }
        a.Store(sums);
        b.Store(sums + 4);
        c.Store(sums + 8);
        d.Store(sums + 12);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> PairSums(Vector128<short> weights, Vector128<int> first, Vector128<int> second)
    {
        Vector128<int> both = weights.AsInt32();
        return (Vector128.ShiftRightArithmetic(both << 16, 16) * first) + (Vector128.ShiftRightArithmetic(both, 16) * second);
    }
}
