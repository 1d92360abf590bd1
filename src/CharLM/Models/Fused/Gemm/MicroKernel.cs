using System.Runtime.CompilerServices;
using CharLM.Models.Fused.Simd;

namespace CharLM.Models.Fused.Gemm;

/// <summary>
/// The one kernel behind all products: a block of the result, up to 8 rows by 2 registers, stays in registers over the whole depth of
/// the product.
/// </summary>
/// <remarks>
/// <para>
/// C[row, 0..1] = S[row, 0..1] + sum over k of A[row, k] * B[k, 0..1], where S is the start of the sums. For each k, two registers of B
/// are loaded once and multiplied by each of 8 numbers of A. That is 16 independent multiply-adds for 10 loads, so the multipliers are
/// never idle and never wait. On machines with 16 registers (AVX2, SSE, NEON) the block has 4 rows.
/// </para>
/// <para>
/// A is read directly from panels, in either direction (<see cref="IOperand"/>): by rows (A) or by columns (A transposed, for weight
/// gradients). <see cref="IRows"/> gives versions for fewer rows; the compiler removes the code that they do not need.
/// </para>
/// </remarks>
internal static unsafe class MicroKernel
{
    /// <summary>The number of rows of a tile.</summary>
    internal interface IRows
    {
        static abstract int Count { get; }
    }

    /// <summary>The direction in which the first operand is read.</summary>
    internal interface IOperand
    {
        /// <summary>Distance between rows of the tile, in floats.</summary>
        static abstract int RowStride { get; }

        /// <summary>Distance between values of k, in floats.</summary>
        static abstract int DepthStride { get; }
    }

    /// <summary>Computes a tile of a product.</summary>
    /// <param name="a">A[0, 0].</param>
    /// <param name="blocks">Number of blocks; the depth of the product is <paramref name="blocks"/> * <paramref name="depth"/>.</param>
    /// <param name="blockStride">Distance between blocks of A, in floats.</param>
    /// <param name="depth">Values of k per block.</param>
    /// <param name="b0">First register of B's row 0; rows follow each other at the width of a panel.</param>
    /// <param name="b1">Second register of B's row 0.</param>
    /// <param name="s0">First register of row 0 of the table that the sums start from.</param>
    /// <param name="s1">Second register of that row.</param>
    /// <param name="starts">The table's row for each row of the tile.</param>
    /// <param name="c0">First register of C's row 0; rows follow each other at the width of a panel.</param>
    /// <param name="c1">Second register of C's row 0.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply<L, TRows, TOperand>(
        float* a, int blocks, nint blockStride, int depth, float* b0, float* b1, float* s0, float* s1, int* starts, float* c0, float* c1)
        where L : struct, ISimdVector<L>
        where TRows : struct, IRows
        where TOperand : struct, IOperand
    {
        (L c00, L c01) = Start<L>(s0, s1, starts[0]);
        L c10 = default, c11 = default, c20 = default, c21 = default, c30 = default, c31 = default;
        L c40 = default, c41 = default, c50 = default, c51 = default, c60 = default, c61 = default, c70 = default, c71 = default;
        if (TRows.Count > 1)
            (c10, c11) = Start<L>(s0, s1, starts[1]);
        if (TRows.Count > 2)
        {
            (c20, c21) = Start<L>(s0, s1, starts[2]);
            (c30, c31) = Start<L>(s0, s1, starts[3]);
        }
        if (TRows.Count > 4)
        {
            (c40, c41) = Start<L>(s0, s1, starts[4]);
            (c50, c51) = Start<L>(s0, s1, starts[5]);
            (c60, c61) = Start<L>(s0, s1, starts[6]);
            (c70, c71) = Start<L>(s0, s1, starts[7]);
        }

        for (int block = 0; block < blocks; block++)
        {
            float* p = a;
            for (int k = 0; k < depth; k++)
            {
                L w0 = L.Load(b0), w1 = L.Load(b1);
                L x = L.All(p[0]);
                L.AddProduct(ref c00, x, w0);
                L.AddProduct(ref c01, x, w1);
                if (TRows.Count > 1)
                {
                    x = L.All(p[TOperand.RowStride]);
                    L.AddProduct(ref c10, x, w0);
                    L.AddProduct(ref c11, x, w1);
                }
                if (TRows.Count > 2)
                {
                    x = L.All(p[2 * TOperand.RowStride]);
                    L.AddProduct(ref c20, x, w0);
                    L.AddProduct(ref c21, x, w1);
                    x = L.All(p[3 * TOperand.RowStride]);
                    L.AddProduct(ref c30, x, w0);
                    L.AddProduct(ref c31, x, w1);
                }
                if (TRows.Count > 4)
                {
                    x = L.All(p[4 * TOperand.RowStride]);
                    L.AddProduct(ref c40, x, w0);
                    L.AddProduct(ref c41, x, w1);
                    x = L.All(p[5 * TOperand.RowStride]);
                    L.AddProduct(ref c50, x, w0);
                    L.AddProduct(ref c51, x, w1);
                    x = L.All(p[6 * TOperand.RowStride]);
                    L.AddProduct(ref c60, x, w0);
                    L.AddProduct(ref c61, x, w1);
                    x = L.All(p[7 * TOperand.RowStride]);
                    L.AddProduct(ref c70, x, w0);
                    L.AddProduct(ref c71, x, w1);
                }
                p += TOperand.DepthStride;
                b0 += Panels.Width;
                b1 += Panels.Width;
            }
            a += blockStride;
        }

        L.Store(c00, c0);
        L.Store(c01, c1);
        if (TRows.Count > 1)
        {
            L.Store(c10, c0 + Panels.Width);
            L.Store(c11, c1 + Panels.Width);
        }
        if (TRows.Count > 2)
        {
            L.Store(c20, c0 + (2 * Panels.Width));
            L.Store(c21, c1 + (2 * Panels.Width));
            L.Store(c30, c0 + (3 * Panels.Width));
            L.Store(c31, c1 + (3 * Panels.Width));
        }
        if (TRows.Count > 4)
        {
            L.Store(c40, c0 + (4 * Panels.Width));
            L.Store(c41, c1 + (4 * Panels.Width));
            L.Store(c50, c0 + (5 * Panels.Width));
            L.Store(c51, c1 + (5 * Panels.Width));
            L.Store(c60, c0 + (6 * Panels.Width));
            L.Store(c61, c1 + (6 * Panels.Width));
            L.Store(c70, c0 + (7 * Panels.Width));
            L.Store(c71, c1 + (7 * Panels.Width));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (L First, L Second) Start<L>(float* s0, float* s1, int row)
        where L : struct, ISimdVector<L> => (L.Load(s0 + ((nint)row * Panels.Width)), L.Load(s1 + ((nint)row * Panels.Width)));

    /// <summary>8 rows.</summary>
    internal readonly struct Eight : IRows
    {
        public static int Count => 8;
    }

    /// <summary>4 rows.</summary>
    internal readonly struct Four : IRows
    {
        public static int Count => 4;
    }

    /// <summary>2 rows.</summary>
    internal readonly struct Two : IRows
    {
        public static int Count => 2;
    }

    /// <summary>1 row.</summary>
    internal readonly struct One : IRows
    {
        public static int Count => 1;
    }

    /// <summary>A: rows are a panel's width apart, values of k adjacent.</summary>
    internal readonly struct ByRow : IOperand
    {
        public static int RowStride => Panels.Width;

        public static int DepthStride => 1;
    }

    /// <summary>A transposed: rows are adjacent, values of k a panel's width apart.</summary>
    internal readonly struct ByColumn : IOperand
    {
        public static int RowStride => 1;

        public static int DepthStride => Panels.Width;
    }
}
