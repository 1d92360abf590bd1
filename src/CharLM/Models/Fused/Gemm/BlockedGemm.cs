using CharLM.Models.Fused.Simd;

namespace CharLM.Models.Fused.Gemm;

/// <summary>Matrix products over panels, tile by tile.</summary>
internal static unsafe class BlockedGemm
{
    // Greatest depth of one block of a weight gradient: two panels of B of this many rows (32 KiB) stay in the first-level cache for all
    // gates.
    private const int MostGradientDepth = 256;

    // Panels of A per block of a product: deeper products read and write C again, but B, two panels of 512 rows, stays in a cache.
    private const int DepthPanels = 32;

    /// <summary>C += A B, for some rows.</summary>
    /// <inheritdoc cref="Multiply"/>
    public static void MultiplyAdd<L>(in Panels a, in RowGrid rowsOfA, in Panels b, in Panels c, in RowGrid rows)
        where L : struct, ISimdVector<L> => Multiply<L>(a, rowsOfA, b, c, rows, SumStart.With(c));

    /// <summary>C = S + A B, for some rows.</summary>
    /// <param name="a">[rows, depth].</param>
    /// <param name="rowsOfA">The rows of A that correspond to those of C.</param>
    /// <param name="b">[depth, columns].</param>
    /// <param name="c">[rows, columns].</param>
    /// <param name="rows">The rows of C and S to compute.</param>
    /// <param name="start">S, the start of the sums.</param>
    public static void Multiply<L>(in Panels a, in RowGrid rowsOfA, in Panels b, in Panels c, in RowGrid rows, in SumStart start)
        where L : struct, ISimdVector<L>
    {
        int from = 0;
        do
        {
            int some = Math.Min(DepthPanels, a.Count - from);
            MultiplyBlock<L>(
                a.Slice(from, some), rowsOfA, b.From(from * Panels.Width), c, rows, from == 0 ? start : SumStart.With(c));
            from += DepthPanels;
        }
        while (from < a.Count);
    }

    private static void MultiplyBlock<L>(
        in Panels a, in RowGrid rowsOfA, in Panels b, in Panels c, in RowGrid rows, in SumStart start)
        where L : struct, ISimdVector<L>
    {
        // Two panels of B stay in the first-level cache for all rows.
        for (int panel = 0; panel < c.Count; panel += 2)
        {
            for (int column = 0; column < Panels.Granularity; column += 2 * L.Count)
            {
                var pair = new ColumnPair<L>(b, c, start, panel, column);
                RowPieces pieces = rowsOfA.Pieces;
                foreach (RowPiece piece in rows.Pieces)
                {
                    pieces.MoveNext();
                    RowPiece pieceOfA = pieces.Current;
                    for (int step = 0; step < rows.Steps; step++)
                    {
                        int first = piece.Row(step);
                        float* values = a.Data + ((nint)pieceOfA.Row(step) * Panels.Width);
                        for (int row = 0; row < piece.Count;)
                            row += pair.MicroKernel<MicroKernel.ByRow>(
                                piece.Count - row, values + ((nint)row * Panels.Width), a.Count, a.Stride, Panels.Width, first + row);
                    }
                }
            }
        }
    }

    /// <summary>C = A^T B over some rows of a minibatch: their gradient of weights.</summary>
    /// <param name="a">[depth, rows].</param>
    /// <param name="afterA">Whether to take A's rows after each step instead of those before it.</param>
    /// <param name="b">[depth, columns].</param>
    /// <param name="afterB">The same for B.</param>
    /// <param name="c">[rows, columns].</param>
    /// <param name="rows">The rows of A and B.</param>
    public static void TransposedMultiply<L>(in Panels a, bool afterA, in Panels b, bool afterB, in Panels c, in RowStrips rows)
        where L : struct, ISimdVector<L>
    {
        for (int strip = rows.Begin; strip < rows.End; strip++)
        {
            (int first, int depth) = rows.Layout.Run(strip, afterA);
            TransposedMultiply<L>(a.From(first), b.From(rows.Layout.Run(strip, afterB).First), c, depth, strip == rows.Begin);
        }
    }

    private static void TransposedMultiply<L>(in Panels a, in Panels b, in Panels c, int depth, bool isFirst)
        where L : struct, ISimdVector<L>
    {
        int blocks = (depth + MostGradientDepth - 1) / MostGradientDepth;
        for (int block = 0; block < blocks; block++)
        {
            int from = depth * block / blocks, some = (depth * (block + 1) / blocks) - from;
            SumStart start = isFirst && from == 0 ? SumStart.Zero : SumStart.With(c);
            for (int panel = 0; panel < c.Count; panel += 2)
            {
                for (int column = 0; column < Panels.Granularity; column += 2 * L.Count)
                {
                    var pair = new ColumnPair<L>(b.From(from), c, start, panel, column);
                    for (int row = 0; row < a.Columns;)
                        row += pair.MicroKernel<MicroKernel.ByColumn>(
                            a.Columns - row, a.At(row / Panels.Width, from) + (row % Panels.Width), 1, 0, some, row);
                }
            }
        }
    }

    /// <summary>The columns of a product that two registers cover.</summary>
    private readonly ref struct ColumnPair<L>
        where L : struct, ISimdVector<L>
    {
        private readonly float* _b0, _b1, _c0, _c1, _s0, _s1;
        private readonly SumStart.RowOf _start;

        public ColumnPair(in Panels b, in Panels c, in SumStart start, int panel, int column)
        {
            int panel0 = panel + (column / Panels.Width), lane0 = column % Panels.Width;
            int panel1 = panel + ((column + L.Count) / Panels.Width), lane1 = (column + L.Count) % Panels.Width;
            _b0 = b.At(panel0, 0) + lane0;
            _b1 = b.At(panel1, 0) + lane1;
            _c0 = c.At(panel0, 0) + lane0;
            _c1 = c.At(panel1, 0) + lane1;
            _s0 = start.Table.At(panel0, 0) + lane0;
            _s1 = start.Table.At(panel1, 0) + lane1;
            _start = start.Rows;
        }

        /// <summary>Computes one tile, with as many of the remaining rows as fit.</summary>
        /// <returns>The number of its rows.</returns>
        public int MicroKernel<TOperand>(int rows, float* a, int blocks, nint blockStride, int depth, int row)
            where TOperand : struct, MicroKernel.IOperand
        {
            nint place = (nint)row * Panels.Width;
            nint offset = _start.Offset(row);
            float* s0 = _s0 + offset, s1 = _s1 + offset;
            int* starts = _start.Rows(row);
            if (L.MicroKernelRows >= 8 && rows >= 8)
            {
                Fused.Gemm.MicroKernel.Multiply<L, MicroKernel.Eight,
                    TOperand>(a, blocks, blockStride, depth, _b0, _b1, s0, s1, starts, _c0 + place, _c1 + place);
                return 8;
            }
            if (rows >= 4)
            {
                Fused.Gemm.MicroKernel.Multiply<L, MicroKernel.Four,
                    TOperand>(a, blocks, blockStride, depth, _b0, _b1, s0, s1, starts, _c0 + place, _c1 + place);
                return 4;
            }
            if (rows >= 2)
            {
                Fused.Gemm.MicroKernel.Multiply<L, MicroKernel.Two,
                    TOperand>(a, blocks, blockStride, depth, _b0, _b1, s0, s1, starts, _c0 + place, _c1 + place);
                return 2;
            }
            Fused.Gemm.MicroKernel.Multiply<L, MicroKernel.One,
                TOperand>(a, blocks, blockStride, depth, _b0, _b1, s0, s1, starts, _c0 + place, _c1 + place);
            return 1;
        }
    }
}
