using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace CharLM.Models.Fused.Gemm;

/// <summary>
/// A matrix in panels: all rows of the first 16 columns, then those of the next 16. The operands and the result of every product have
/// this layout, so that each is read and written in whole cache lines in any role.
/// </summary>
/// <remarks>Element (row, column) is <c>Data[(column / 16 * Rows + row) * 16 + column % 16]</c>. A view that owns no memory.</remarks>
/// <param name="data">The first element, aligned to a cache line.</param>
/// <param name="rows">Rows of every panel.</param>
/// <param name="columns">Columns, a multiple of 32.</param>
internal readonly unsafe struct Panels(float* data, int rows, int columns)
{
    /// <summary>Columns per panel: one cache line of floats.</summary>
    public const int Width = 16;

    /// <summary>Columns are padded with zeros to a multiple of this: two panels, the width of the widest tile.</summary>
    public const int Granularity = 2 * Width;

    /// <summary>The first element.</summary>
    public float* Data { get; } = data;

    /// <summary>Rows of every panel.</summary>
    public int Rows { get; } = rows;

    /// <summary>Columns, including padding.</summary>
    public int Columns { get; } = columns;

    /// <summary>Number of panels.</summary>
    public int Count => Columns / Width;

    /// <summary>Distance between panels, in floats.</summary>
    public nint Stride => (nint)Rows * Width;

    /// <summary>All elements.</summary>
    public Span<float> Span => new(Data, checked(Rows * Columns));

    /// <summary>A number of columns rounded up to include padding.</summary>
    public static int Pad(int columns) => (columns + Granularity - 1) / Granularity * Granularity;

    /// <summary>Row <paramref name="row"/> of a panel: 16 floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float* At(int panel, int row) => Data + (panel * Stride) + ((nint)row * Width);

    /// <summary>A view of the matrix from a row on: row 0 of the view is that row.</summary>
    /// <remarks>The stride between panels stays the same, and so does <see cref="Rows"/>.</remarks>
    public Panels From(int row) => new(Data + ((nint)row * Width), Rows, Columns);

    /// <summary>A view of some adjacent panels.</summary>
    public Panels Slice(int panel, int count) => new(At(panel, 0), Rows, count * Width);
}

/// <summary>Zeroed memory outside the garbage collector, aligned to a cache line.</summary>
internal sealed unsafe class PanelBuffer : IDisposable
{
    private const nuint CacheLine = 64;

    private static long s_liveBytes;

    private float* _data;

    /// <summary>Bytes of all live buffers, for memory tests.</summary>
    public static long LiveBytes => Interlocked.Read(ref s_liveBytes);

    /// <summary>Memory for a number of floats.</summary>
    public PanelBuffer(long floats)
    {
        Length = Math.Max(floats, 1);
        nuint bytes = checked((nuint)Length * sizeof(float));
        _data = (float*)NativeMemory.AlignedAlloc(bytes, CacheLine);
        NativeMemory.Clear(_data, bytes);
        Interlocked.Add(ref s_liveBytes, (long)bytes);
    }

    /// <summary>Memory for a matrix with padded columns.</summary>
    public PanelBuffer(long rows, int columns)
        : this(rows * Panels.Pad(columns)) => (Rows, Columns) = (checked((int)rows), Panels.Pad(columns));

    ~PanelBuffer() => Free();

    /// <summary>Number of floats.</summary>
    public long Length { get; }

    /// <summary>The memory.</summary>
    public float* Data => _data is not null ? _data : throw new ObjectDisposedException(nameof(PanelBuffer));

    /// <summary>The memory as the matrix it was allocated for.</summary>
    public Panels Matrix => new(Data, Rows, Columns);

    private int Rows { get; }

    private int Columns { get; }

    /// <summary>The buffer itself if it is large enough; else frees it and returns a larger one.</summary>
    public static PanelBuffer Grow(PanelBuffer buffer, long floats)
    {
        if (buffer.Length >= floats)
            return buffer;
        buffer.Dispose();
        return new PanelBuffer(floats);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (_data is null)
            return;
        NativeMemory.AlignedFree(_data);
        _data = null;
        Interlocked.Add(ref s_liveBytes, -Length * sizeof(float));
    }
}
