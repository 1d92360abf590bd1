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
        // These columns of B stay in a cache for all rows.
        for (Tiles<L> tiles = Tiles<L>.First(c); tiles.Any; tiles = tiles.Next())
        {
            var columns = new TileColumns<L>(b, c, start, tiles);
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
                        row += columns.Multiply<MicroKernel.ByRow>(
                            piece.Count - row, values + ((nint)row * Panels.Width), a.Count, a.Stride, Panels.Width, first + row);
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
            for (Tiles<L> tiles = Tiles<L>.First(c); tiles.Any; tiles = tiles.Next())
            {
                var columns = new TileColumns<L>(b.From(from), c, start, tiles);
                for (int row = 0; row < a.Columns;)
                    row += columns.Multiply<MicroKernel.ByColumn>(
                        a.Columns - row, a.At(row / Panels.Width, from) + (row % Panels.Width), 1, 0, some, row);
            }
        }
    }

    /// <summary>Divides the columns of a result among tiles of 2 or 3 registers.</summary>
    /// <param name="Register">The tile's first register.</param>
    /// <param name="All">Registers of a row of the result, an even number.</param>
    private readonly record struct Tiles<L>(int Register, int All)
        where L : struct, ISimdVector<L>
    {
        public bool Any => Register < All;

        /// <summary>Registers of the tile. One is never left alone.</summary>
        public int Count => L.TileRegisters == 3 && All - Register is not (2 or 4) ? 3 : 2;

        public static Tiles<L> First(in Panels c) => new(0, c.Columns / L.Count);

        public Tiles<L> Next() => this with { Register = Register + Count };
    }

    /// <summary>The columns of a product that the registers of a tile cover.</summary>
    private readonly struct TileColumns<L>
        where L : struct, ISimdVector<L>
    {
        private readonly MicroKernel.Column _first, _second, _third;
        private readonly SumStart.RowOf _start;
        private readonly bool _hasThree;

        public TileColumns(in Panels b, in Panels c, in SumStart start, Tiles<L> tile)
        {
            _hasThree = tile.Count == 3;
            _first = ColumnOf(b, c, start, tile.Register);
            _second = ColumnOf(b, c, start, tile.Register + 1);
            _third = _hasThree ? ColumnOf(b, c, start, tile.Register + 2) : _second;
            _start = start.Rows;
        }

        /// <summary>Computes one tile, with as many of the remaining rows as fit.</summary>
        /// <returns>The number of its rows.</returns>
        public int Multiply<TOperand>(int rows, float* a, int blocks, nint blockStride, int depth, int row)
            where TOperand : struct, MicroKernel.IOperand
        {
            nint s = _start.Offset(row), c = (nint)row * Panels.Width;
            int* starts = _start.Rows(row);
            MicroKernel.Column first = _first.From(s, c), second = _second.From(s, c), third = _third.From(s, c);
            if (L.TileRegisters == 3 && _hasThree)
                return Multiply<MicroKernel.Three, TOperand>(rows, a, blocks, blockStride, depth, starts, first, second, third);
            return Multiply<MicroKernel.Two, TOperand>(rows, a, blocks, blockStride, depth, starts, first, second, third);
        }

        private static int Multiply<TRegisters, TOperand>(
            int rows, float* a, int blocks, nint blockStride, int depth, int* starts, MicroKernel.Column first, MicroKernel.Column second,
            MicroKernel.Column third)
            where TRegisters : struct, MicroKernel.ISize
            where TOperand : struct, MicroKernel.IOperand
        {
            if (L.TileRows >= 8 && rows >= 8)
            {
                MicroKernel.Multiply<L, MicroKernel.Eight, TRegisters, TOperand>(
                    a, blocks, blockStride, depth, starts, first, second, third);
                return 8;
            }
            if (rows >= 4)
            {
                MicroKernel.Multiply<L, MicroKernel.Four, TRegisters, TOperand>(
                    a, blocks, blockStride, depth, starts, first, second, third);
                return 4;
            }
            if (rows >= 2)
            {
                MicroKernel.Multiply<L, MicroKernel.Two, TRegisters, TOperand>(
                    a, blocks, blockStride, depth, starts, first, second, third);
                return 2;
            }
            MicroKernel.Multiply<L, MicroKernel.One, TRegisters, TOperand>(a, blocks, blockStride, depth, starts, first, second, third);
            return 1;
        }

        private static MicroKernel.Column ColumnOf(in Panels b, in Panels c, in SumStart start, int register)
        {
            int panel = register * L.Count / Panels.Width, lane = register * L.Count % Panels.Width;
            return new(b.At(panel, 0) + lane, start.Table.At(panel, 0) + lane, c.At(panel, 0) + lane);
        }
    }
}
