using System.Runtime.InteropServices;

namespace CharLM.Models.Fused.Gemm;

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
