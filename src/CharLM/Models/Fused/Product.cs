namespace CharLM.Models.Fused;

/// <summary>Matrix products over panels, tile by tile.</summary>
internal static unsafe class Product
{
    // Rows of the depth of a weight gradient that are worked off before the next: two panels of so many rows (32 KiB) stay
    // in the first-level cache while all gates pass by.
    private const int GradientDepth = 256;

    /// <summary>C += A B, for some rows.</summary>
    /// <param name="a">[rows, depth].</param>
    /// <param name="b">[depth, columns].</param>
    /// <param name="c">[rows, columns].</param>
    /// <param name="rows">Rows of A and C that take part.</param>
    public static void MultiplyAdd<L>(Panels a, Panels b, Panels c, RowGrid rows)
        where L : struct, ILanes<L>
    {
        // Two panels of B stay in the first-level cache while all rows pass by.
        for (int panel = 0; panel < c.Count; panel += 2)
        {
            for (int column = 0; column < Panels.Granularity; column += 2 * L.Count)
            {
                float* b0 = Column(b, panel, column), b1 = Column(b, panel, column + L.Count);
                float* c0 = Column(c, panel, column), c1 = Column(c, panel, column + L.Count);
                for (int step = 0; step < rows.Steps; step++)
                {
                    for (int row = 0; row < rows.Count;)
                    {
                        nint place = ((nint)rows.First(step) + row) * Panels.Width;
                        row += Rows<L, Tile.ByRow>(rows.Count - row, a.Data + place, a.Count, a.Stride, Panels.Width, b0, b1, c0 + place, c1 + place);
                    }
                }
            }
        }
    }

    /// <summary>C += A^T B: the gradient of weights.</summary>
    /// <param name="a">[depth, rows].</param>
    /// <param name="b">[depth, columns].</param>
    /// <param name="c">[rows, columns].</param>
    /// <param name="depth">Rows of A and B that take part, from the first on.</param>
    public static void TransposedMultiplyAdd<L>(Panels a, Panels b, Panels c, int depth)
        where L : struct, ILanes<L>
    {
        for (int from = 0; from < depth; from += GradientDepth)
        {
            int some = Math.Min(GradientDepth, depth - from);
            for (int panel = 0; panel < c.Count; panel += 2)
            {
                for (int column = 0; column < Panels.Granularity; column += 2 * L.Count)
                {
                    float* b0 = Column(b.From(from), panel, column), b1 = Column(b.From(from), panel, column + L.Count);
                    float* c0 = Column(c, panel, column), c1 = Column(c, panel, column + L.Count);
                    for (int row = 0; row < a.Columns;)
                    {
                        nint place = (nint)row * Panels.Width;
                        float* rows = a.At(row / Panels.Width, from) + (row % Panels.Width);
                        row += Rows<L, Tile.ByColumn>(a.Columns - row, rows, 1, 0, some, b0, b1, c0 + place, c1 + place);
                    }
                }
            }
        }
    }

    private static float* Column(Panels m, int panel, int column) => m.At(panel + (column / Panels.Width), 0) + (column % Panels.Width);

    // One tile of as many rows as there are, at most as many as fit; returns how many.
    private static int Rows<L, TOperand>(int rows, float* a, int blocks, nint blockStride, int depth, float* b0, float* b1, float* c0, float* c1)
        where L : struct, ILanes<L>
        where TOperand : struct, Tile.IOperand
    {
        if (L.TileRows >= 8 && rows >= 8)
        {
            Tile.MultiplyAdd<L, Tile.Eight, TOperand>(a, blocks, blockStride, depth, b0, b1, c0, c1, Panels.Width);
            return 8;
        }
        if (rows >= 4)
        {
            Tile.MultiplyAdd<L, Tile.Four, TOperand>(a, blocks, blockStride, depth, b0, b1, c0, c1, Panels.Width);
            return 4;
        }
        if (rows >= 2)
        {
            Tile.MultiplyAdd<L, Tile.Two, TOperand>(a, blocks, blockStride, depth, b0, b1, c0, c1, Panels.Width);
            return 2;
        }
        Tile.MultiplyAdd<L, Tile.One, TOperand>(a, blocks, blockStride, depth, b0, b1, c0, c1, Panels.Width);
        return 1;
    }
}
