using System.Runtime.InteropServices;

namespace CharLM.Models.Fused;

/// <summary>Zeroed memory outside the garbage collector, on a cache line.</summary>
internal sealed unsafe class PanelBuffer : IDisposable
{
    private const nuint CacheLine = 64;

    private float* _data;

    /// <summary>Memory for a number of floats.</summary>
    public PanelBuffer(long floats)
    {
        Length = Math.Max(floats, 1);
        nuint bytes = checked((nuint)Length * sizeof(float));
        _data = (float*)NativeMemory.AlignedAlloc(bytes, CacheLine);
        NativeMemory.Clear(_data, bytes);
    }

    /// <summary>Memory for a matrix, its columns padded.</summary>
    public PanelBuffer(long rows, int columns)
        : this(rows * Panels.Pad(columns)) => (Rows, Columns) = (checked((int)rows), Panels.Pad(columns));

    ~PanelBuffer() => NativeMemory.AlignedFree(_data);

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
        NativeMemory.AlignedFree(_data);
        _data = null;
        GC.SuppressFinalize(this);
    }
}
