using System.Runtime.CompilerServices;
using CharLM.Models.Fused.Simd;

namespace CharLM.Models.Fused.Gemm;

/// <summary>
/// The one kernel behind all products: a tile of the result, 8 or 4 rows by 3 or 2 registers, stays in registers over the whole depth of
/// the product.
/// </summary>
/// <remarks>
/// <para>
/// C[row, ..] = S[row, ..] + sum over k of A[row, k] * B[k, ..], where S is the start of the sums. For each k, three registers of B are
/// loaded once and multiplied by each of 8 numbers of A. That is 24 independent multiply-adds for 11 loads, so the multipliers are never
/// idle and never wait. With 16 registers (AVX2) there is room for 4 rows by 3 registers, 12 multiply-adds for 7 loads.
/// </para>
/// <para>
/// A is read directly from panels, in either direction (<see cref="IOperand"/>): by rows (A) or by columns (A transposed, for weight
/// gradients). <see cref="ISize"/> gives versions for fewer rows; the compiler removes the code that they do not need.
/// </para>
/// </remarks>
internal static unsafe class MicroKernel
{
    /// <summary>The number of rows of a tile, or of registers in each.</summary>
    internal interface ISize
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
    /// <param name="starts">The row of the table that the sums start from, for each row of the tile.</param>
    /// <param name="first">The tile's first register in each row.</param>
    /// <param name="second">The second one.</param>
    /// <param name="third">The third one, if there is one.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply<L, TRows, TRegisters, TOperand>(
        float* a, int blocks, nint blockStride, int depth, int* starts, Column first, Column second, Column third)
        where L : struct, ISimdVector<L>
        where TRows : struct, ISize
        where TRegisters : struct, ISize
        where TOperand : struct, IOperand
    {
        Sums<L, TRows, TRegisters, TOperand> sums = default;
        sums.Start(starts, first, second, third);
        float* b0 = first.B, b1 = second.B, b2 = third.B;
        for (int block = 0; block < blocks; block++)
        {
            float* p = a;
            int k = 0;
            // Four at a time, since the loop itself takes a fifth of the instructions.
            for (; k <= depth - 4; k += 4)
            {
                sums.Add(p, b0, b1, b2, place: 0);
                sums.Add(p, b0, b1, b2, place: 1);
                sums.Add(p, b0, b1, b2, place: 2);
                sums.Add(p, b0, b1, b2, place: 3);
                p += 4 * TOperand.DepthStride;
                b0 += 4 * Panels.Width;
                b1 += 4 * Panels.Width;
                b2 += 4 * Panels.Width;
            }
            for (; k < depth; k++)
            {
                sums.Add(p, b0, b1, b2, place: 0);
                p += TOperand.DepthStride;
                b0 += Panels.Width;
                b1 += Panels.Width;
                b2 += Panels.Width;
            }
            a += blockStride;
        }
        sums.Store(first, second, third);
    }

    /// <summary>The sums of a tile; the compiler keeps those that the tile has in registers.</summary>
    private struct Sums<L, TRows, TRegisters, TOperand>
        where L : struct, ISimdVector<L>
        where TRows : struct, ISize
        where TRegisters : struct, ISize
        where TOperand : struct, IOperand
    {
        private Row<L, TRegisters> _0, _1, _2, _3, _4, _5, _6, _7;

        /// <summary>Begins with the rows of a table.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Start(int* rows, Column first, Column second, Column third)
        {
            _0.Start(rows[0], first, second, third);
            if (TRows.Count > 1)
                _1.Start(rows[1], first, second, third);
            if (TRows.Count > 2)
            {
                _2.Start(rows[2], first, second, third);
                _3.Start(rows[3], first, second, third);
            }
            if (TRows.Count > 4)
            {
                _4.Start(rows[4], first, second, third);
                _5.Start(rows[5], first, second, third);
                _6.Start(rows[6], first, second, third);
                _7.Start(rows[7], first, second, third);
            }
        }

        /// <summary>Adds the products of one value of k, so many places after the pointers.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(float* a, float* b0, float* b1, float* b2, int place)
        {
            L w0 = L.Load(b0 + (place * Panels.Width)), w1 = L.Load(b1 + (place * Panels.Width));
            L w2 = TRegisters.Count > 2 ? L.Load(b2 + (place * Panels.Width)) : default;
            a += place * TOperand.DepthStride;
            _0.Add(L.All(a[0]), w0, w1, w2);
            if (TRows.Count > 1)
                _1.Add(L.All(a[TOperand.RowStride]), w0, w1, w2);
            if (TRows.Count > 2)
            {
                _2.Add(L.All(a[2 * TOperand.RowStride]), w0, w1, w2);
                _3.Add(L.All(a[3 * TOperand.RowStride]), w0, w1, w2);
            }
            if (TRows.Count > 4)
            {
                _4.Add(L.All(a[4 * TOperand.RowStride]), w0, w1, w2);
                _5.Add(L.All(a[5 * TOperand.RowStride]), w0, w1, w2);
                _6.Add(L.All(a[6 * TOperand.RowStride]), w0, w1, w2);
                _7.Add(L.All(a[7 * TOperand.RowStride]), w0, w1, w2);
            }
        }

        /// <summary>Writes the sums.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Store(Column first, Column second, Column third)
        {
            _0.Store(0, first, second, third);
            if (TRows.Count > 1)
                _1.Store(1, first, second, third);
            if (TRows.Count > 2)
            {
                _2.Store(2, first, second, third);
                _3.Store(3, first, second, third);
            }
            if (TRows.Count > 4)
            {
                _4.Store(4, first, second, third);
                _5.Store(5, first, second, third);
                _6.Store(6, first, second, third);
                _7.Store(7, first, second, third);
            }
        }
    }

    /// <summary>The sums of a tile's row.</summary>
    private struct Row<L, TRegisters>
        where L : struct, ISimdVector<L>
        where TRegisters : struct, ISize
    {
        private L _first, _second, _third;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Start(int row, Column first, Column second, Column third)
        {
            (_first, _second) = (first.Start<L>(row), second.Start<L>(row));
            if (TRegisters.Count > 2)
                _third = third.Start<L>(row);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(L x, L w0, L w1, L w2)
        {
            L.AddProduct(ref _first, x, w0);
            L.AddProduct(ref _second, x, w1);
            if (TRegisters.Count > 2)
                L.AddProduct(ref _third, x, w2);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Store(int row, Column first, Column second, Column third)
        {
            first.Store(row, _first);
            second.Store(row, _second);
            if (TRegisters.Count > 2)
                third.Store(row, _third);
        }
    }

    /// <summary>
    /// The columns of B, S and C that a register of the tile's rows holds; rows follow each other at the width of a panel.
    /// </summary>
    /// <param name="b">B's row 0.</param>
    /// <param name="s">Row 0 of the table that the sums start from.</param>
    /// <param name="c">Row 0 of the tile in C.</param>
    internal readonly struct Column(float* b, float* s, float* c)
    {
        private readonly float* _s = s, _c = c;

        /// <summary>B's row 0.</summary>
        public readonly float* B = b;

        /// <summary>The start of a sum.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public L Start<L>(int row)
            where L : struct, ISimdVector<L> => L.Load(_s + ((nint)row * Panels.Width));

        /// <summary>Writes a sum.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Store<L>(int row, L sum)
            where L : struct, ISimdVector<L> => L.Store(sum, _c + ((nint)row * Panels.Width));

        /// <summary>The same columns from other rows of the table and of C on.</summary>
        public Column From(nint s, nint c) => new(B, _s + s, _c + c);
    }

    /// <summary>8.</summary>
    internal readonly struct Eight : ISize
    {
        public static int Count => 8;
    }

    /// <summary>4.</summary>
    internal readonly struct Four : ISize
    {
        public static int Count => 4;
    }

    /// <summary>3.</summary>
    internal readonly struct Three : ISize
    {
        public static int Count => 3;
    }

    /// <summary>2.</summary>
    internal readonly struct Two : ISize
    {
        public static int Count => 2;
    }

    /// <summary>1.</summary>
    internal readonly struct One : ISize
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
