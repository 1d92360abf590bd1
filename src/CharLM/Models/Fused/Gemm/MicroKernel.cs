using System.Runtime.CompilerServices;
using CharLM.Models.Fused.Simd;

namespace CharLM.Models.Fused.Gemm;

/// <summary>
/// The one kernel behind all products: a tile of the result, 8 rows by 2 registers or 4 rows by 3, stays in registers over the whole
/// depth of the product.
/// </summary>
/// <remarks>
/// <para>
/// C[row, ..] = S[row, ..] + sum over k of A[row, k] * B[k, ..], where S is the start of the sums. For each k, two registers of B are
/// loaded once and multiplied by each of 8 numbers of A. That is 16 independent multiply-adds for 10 loads, so the multipliers are never
/// idle and never wait. With 16 registers (AVX2, SSE) there is room for 4 rows by 3 registers, 12 multiply-adds for 7 loads.
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
    /// <param name="third">The third one, if there is one; only with up to 4 rows.</param>
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
        private L _c00, _c01, _c02, _c10, _c11, _c12, _c20, _c21, _c22, _c30, _c31, _c32;
        private L _c40, _c41, _c50, _c51, _c60, _c61, _c70, _c71;

        /// <summary>Begins with the rows of a table.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Start(int* rows, Column first, Column second, Column third)
        {
            (_c00, _c01) = (first.Start<L>(rows[0]), second.Start<L>(rows[0]));
            if (TRegisters.Count > 2)
                _c02 = third.Start<L>(rows[0]);
            if (TRows.Count > 1)
            {
                (_c10, _c11) = (first.Start<L>(rows[1]), second.Start<L>(rows[1]));
                if (TRegisters.Count > 2)
                    _c12 = third.Start<L>(rows[1]);
            }
            if (TRows.Count > 2)
            {
                (_c20, _c21) = (first.Start<L>(rows[2]), second.Start<L>(rows[2]));
                if (TRegisters.Count > 2)
                    _c22 = third.Start<L>(rows[2]);
                (_c30, _c31) = (first.Start<L>(rows[3]), second.Start<L>(rows[3]));
                if (TRegisters.Count > 2)
                    _c32 = third.Start<L>(rows[3]);
            }
            if (TRows.Count > 4)
            {
                (_c40, _c41) = (first.Start<L>(rows[4]), second.Start<L>(rows[4]));
                (_c50, _c51) = (first.Start<L>(rows[5]), second.Start<L>(rows[5]));
                (_c60, _c61) = (first.Start<L>(rows[6]), second.Start<L>(rows[6]));
                (_c70, _c71) = (first.Start<L>(rows[7]), second.Start<L>(rows[7]));
            }
        }

        /// <summary>Adds the products of one value of k, so many places after the pointers.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(float* a, float* b0, float* b1, float* b2, int place)
        {
            L w0 = L.Load(b0 + (place * Panels.Width)), w1 = L.Load(b1 + (place * Panels.Width));
            L w2 = TRegisters.Count > 2 ? L.Load(b2 + (place * Panels.Width)) : default;
            a += place * TOperand.DepthStride;
            L x = L.All(a[0]);
            L.AddProduct(ref _c00, x, w0);
            L.AddProduct(ref _c01, x, w1);
            if (TRegisters.Count > 2)
                L.AddProduct(ref _c02, x, w2);
            if (TRows.Count > 1)
            {
                x = L.All(a[TOperand.RowStride]);
                L.AddProduct(ref _c10, x, w0);
                L.AddProduct(ref _c11, x, w1);
                if (TRegisters.Count > 2)
                    L.AddProduct(ref _c12, x, w2);
            }
            if (TRows.Count > 2)
            {
                x = L.All(a[2 * TOperand.RowStride]);
                L.AddProduct(ref _c20, x, w0);
                L.AddProduct(ref _c21, x, w1);
                if (TRegisters.Count > 2)
                    L.AddProduct(ref _c22, x, w2);
                x = L.All(a[3 * TOperand.RowStride]);
                L.AddProduct(ref _c30, x, w0);
                L.AddProduct(ref _c31, x, w1);
                if (TRegisters.Count > 2)
                    L.AddProduct(ref _c32, x, w2);
            }
            if (TRows.Count > 4)
            {
                x = L.All(a[4 * TOperand.RowStride]);
                L.AddProduct(ref _c40, x, w0);
                L.AddProduct(ref _c41, x, w1);
                x = L.All(a[5 * TOperand.RowStride]);
                L.AddProduct(ref _c50, x, w0);
                L.AddProduct(ref _c51, x, w1);
                x = L.All(a[6 * TOperand.RowStride]);
                L.AddProduct(ref _c60, x, w0);
                L.AddProduct(ref _c61, x, w1);
                x = L.All(a[7 * TOperand.RowStride]);
                L.AddProduct(ref _c70, x, w0);
                L.AddProduct(ref _c71, x, w1);
            }
        }

        /// <summary>Writes the sums.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Store(Column first, Column second, Column third)
        {
            first.Store(0, _c00);
            second.Store(0, _c01);
            if (TRegisters.Count > 2)
                third.Store(0, _c02);
            if (TRows.Count > 1)
            {
                first.Store(1, _c10);
                second.Store(1, _c11);
                if (TRegisters.Count > 2)
                    third.Store(1, _c12);
            }
            if (TRows.Count > 2)
            {
                first.Store(2, _c20);
                second.Store(2, _c21);
                if (TRegisters.Count > 2)
                    third.Store(2, _c22);
                first.Store(3, _c30);
                second.Store(3, _c31);
                if (TRegisters.Count > 2)
                    third.Store(3, _c32);
            }
            if (TRows.Count > 4)
            {
                first.Store(4, _c40);
                second.Store(4, _c41);
                first.Store(5, _c50);
                second.Store(5, _c51);
                first.Store(6, _c60);
                second.Store(6, _c61);
                first.Store(7, _c70);
                second.Store(7, _c71);
            }
        }
    }

    /// <summary>The columns of B, S and C that a register of the tile's rows holds; rows follow each other at the width of a panel.</summary>
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
