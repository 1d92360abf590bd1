using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace CharLM.Models.Fused.Gemm;

/// <summary>
/// A matrix in panels: 16 columns side by side, row under row, then the next 16 columns. Both operands and the result of
/// every product have this layout, so that each is read and written in whole cache lines, whichever way it is used.
/// </summary>
/// <remarks>Element (row, column) is <c>Data[(column / 16 * Rows + row) * 16 + column % 16]</c>. A view: it owns nothing.</remarks>
/// <param name="data">The first element, on a cache line.</param>
/// <param name="rows">Rows of every panel.</param>
/// <param name="columns">Columns, a multiple of 32.</param>
internal readonly unsafe struct Panels(float* data, int rows, int columns)
{
    /// <summary>Columns of a panel: one cache line of floats.</summary>
    public const int Width = 16;

    /// <summary>Columns are padded with zeros to a multiple of this: two panels, the width of the widest tile.</summary>
    public const int Granularity = 2 * Width;

    /// <summary>The first element.</summary>
    public float* Data { get; } = data;

    /// <summary>Rows of every panel.</summary>
    public int Rows { get; } = rows;

    /// <summary>Columns, padding included.</summary>
    public int Columns { get; } = columns;

    /// <summary>Panels side by side.</summary>
    public int Count => Columns / Width;

    /// <summary>From one panel to the next, in floats.</summary>
    public nint Stride => (nint)Rows * Width;

    /// <summary>All elements.</summary>
    public Span<float> Span => new(Data, checked(Rows * Columns));

    /// <summary>Columns with padding.</summary>
    public static int Pad(int columns) => (columns + Granularity - 1) / Granularity * Granularity;

    /// <summary>Row <paramref name="row"/> of a panel: 16 floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float* At(int panel, int row) => Data + (panel * Stride) + ((nint)row * Width);

    /// <summary>The same matrix from a row on: row 0 of the view is that row.</summary>
    /// <remarks>The stride between panels stays, so that <see cref="Rows"/> does, too.</remarks>
    public Panels From(int row) => new(Data + ((nint)row * Width), Rows, Columns);

    /// <summary>Some panels side by side.</summary>
    public Panels Slice(int panel, int count) => new(At(panel, 0), Rows, count * Width);
}

/// <summary>Zeroed memory outside the garbage collector, on a cache line.</summary>
internal sealed unsafe class PanelBuffer : IDisposable
{
    private const nuint CacheLine = 64;

    private static long _liveBytes;

    private float* _data;

    /// <summary>Bytes of all buffers that are not freed: what the kernels hold, for tests of memory.</summary>
    public static long LiveBytes => Interlocked.Read(ref _liveBytes);

    /// <summary>Memory for a number of floats.</summary>
    public PanelBuffer(long floats)
    {
        Length = Math.Max(floats, 1);
        nuint bytes = checked((nuint)Length * sizeof(float));
        _data = (float*)NativeMemory.AlignedAlloc(bytes, CacheLine);
        NativeMemory.Clear(_data, bytes);
        Interlocked.Add(ref _liveBytes, (long)bytes);
    }

    /// <summary>Memory for a matrix, its columns padded.</summary>
    public PanelBuffer(long rows, int columns)
        : this(rows * Panels.Pad(columns)) => (Rows, Columns) = (checked((int)rows), Panels.Pad(columns));

    ~PanelBuffer() => Free();

    /// <summary>Floats.</summary>
    public long Length { get; }

    /// <summary>The memory.</summary>
    public float* Data => _data is not null ? _data : throw new ObjectDisposedException(nameof(PanelBuffer));

    /// <summary>The memory as the matrix it was made for.</summary>
    public Panels Matrix => new(Data, Rows, Columns);

    private int Rows { get; }

    private int Columns { get; }

    /// <summary>The buffer itself when it is large enough, else a larger one in its place; the old one is freed.</summary>
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
        Interlocked.Add(ref _liveBytes, -Length * sizeof(float));
    }
}
