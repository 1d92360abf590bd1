using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace CharLM.Models.Fused.Gemm;

/// <summary>Copies between torch's row-major matrices and panels.</summary>
internal static unsafe class Packing
{
    private const int Block = 4;

    /// <summary>Copies rows into rows of panels; columns beyond the source's stay zero.</summary>
    /// <param name="source">[rows, columns], row-major.</param>
    /// <param name="columns">Columns of the source.</param>
    /// <param name="target">The panels, starting at the target of the first row.</param>
    /// <param name="rows">Number of rows to copy.</param>
    public static void CopyRows(float* source, int columns, Panels target, int rows)
    {
        for (int column = 0; column < columns; column += Panels.Width)
        {
            float* from = source + column, to = target.At(column / Panels.Width, 0);
            int width = Math.Min(Panels.Width, columns - column);
            for (int row = 0; row < rows; row++, from += columns, to += Panels.Width)
                Copy(from, to, width);
        }
    }

    /// <summary>Copies rows of panels into row-major rows.</summary>
    public static void CopyRowsBack(Panels source, float* target, int columns, int rows)
    {
        for (int column = 0; column < columns; column += Panels.Width)
        {
            float* from = source.At(column / Panels.Width, 0), to = target + column;
            int width = Math.Min(Panels.Width, columns - column);
            for (int row = 0; row < rows; row++, from += Panels.Width, to += columns)
                Copy(from, to, width);
        }
    }

    /// <summary>Copies the sums of some blocks of rows of panels into row-major rows.</summary>
    /// <param name="source">The panels, starting at the first block.</param>
    /// <param name="blocks">Number of blocks, one or two.</param>
    /// <param name="distance">Rows from one block to the next.</param>
    /// <param name="target">[rows, columns], row-major.</param>
    /// <param name="columns">Columns of the target.</param>
    /// <param name="rows">Number of rows.</param>
    public static void CopySumsBack(Panels source, int blocks, int distance, float* target, int columns, int rows)
    {
        if (blocks == 1)
        {
            CopyRowsBack(source, target, columns, rows);
            return;
        }
        float* sums = stackalloc float[Panels.Width];
        for (int column = 0; column < columns; column += Panels.Width)
        {
            float* from = source.At(column / Panels.Width, 0), more = source.At(column / Panels.Width, distance), to = target + column;
            int width = Math.Min(Panels.Width, columns - column);
            for (int row = 0; row < rows; row++, from += Panels.Width, more += Panels.Width, to += columns)
            {
                Vector512<float> sum = Vector512.Load(from) + Vector512.Load(more);
                if (width == Panels.Width)
                {
                    Vector512.Store(sum, to);
                    continue;
                }
                Vector512.Store(sum, sums);
                new ReadOnlySpan<float>(sums, width).CopyTo(new Span<float>(to, width));
            }
        }
    }

    /// <summary>Copies rows into columns of panels: transposes a matrix.</summary>
    /// <param name="source">[rows, columns], row-major.</param>
    /// <param name="columns">Columns of the source, rows of the target.</param>
    /// <param name="target">The panels, starting at the panel whose first column receives the first row.</param>
    /// <param name="rows">Number of rows to copy.</param>
    public static void Transpose(float* source, int columns, Panels target, int rows)
    {
        for (int row = 0; row < rows; row += Block)
        {
            float* to = target.At(row / Panels.Width, 0) + (row % Panels.Width);
            float* from = source + ((nint)row * columns);
            int column = 0;
            if (row + Block <= rows)
            {
                for (; column + Block <= columns; column += Block)
                    TransposeBlock(from + column, columns, to + ((nint)column * Panels.Width));
            }
            for (; column < columns; column++)
            {
                for (int some = 0; some < Math.Min(Block, rows - row); some++)
                    to[((nint)column * Panels.Width) + some] = from[((nint)some * columns) + column];
            }
        }
    }

    // Transposes a 4 x 4 block: interleaves rows a with c and b with d, then the two results.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeBlock(float* from, int columns, float* to)
    {
        Vector128<float> a = Vector128.Load(from), b = Vector128.Load(from + columns);
        Vector128<float> c = Vector128.Load(from + (2 * (nint)columns)), d = Vector128.Load(from + (3 * (nint)columns));
        Vector128<float> ac0 = ZipLow(a, c), ac2 = ZipHigh(a, c), bd0 = ZipLow(b, d), bd2 = ZipHigh(b, d);
        Vector128.Store(ZipLow(ac0, bd0), to);
        Vector128.Store(ZipHigh(ac0, bd0), to + Panels.Width);
        Vector128.Store(ZipLow(ac2, bd2), to + (2 * Panels.Width));
        Vector128.Store(ZipHigh(ac2, bd2), to + (3 * Panels.Width));
    }

    private static Vector128<float> ZipLow(Vector128<float> x, Vector128<float> y) =>
        Sse.IsSupported ? Sse.UnpackLow(x, y)
        : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipLow(x, y)
        : Vector128.Create(x[0], y[0], x[1], y[1]);

    private static Vector128<float> ZipHigh(Vector128<float> x, Vector128<float> y) =>
        Sse.IsSupported ? Sse.UnpackHigh(x, y)
        : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipHigh(x, y)
        : Vector128.Create(x[2], y[2], x[3], y[3]);

    /// <summary>Copies a panel's width of floats, inline, since a call would cost more than the copy.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void CopyLine(float* source, float* target) => Vector512.Store(Vector512.Load(source), target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy(float* source, float* target, int count)
    {
        if (count == Panels.Width)
            CopyLine(source, target);
        else
            new ReadOnlySpan<float>(source, count).CopyTo(new Span<float>(target, count));
    }
}
