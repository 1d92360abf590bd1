using System.Runtime.InteropServices;
using CharLM.Models.Fused.Gemm;
using CharLM.Models.Fused.Simd;

namespace CharLM.Tests.Models.Fused;

public sealed unsafe class BlockedGemmTests
{
    public static TheoryData<LaneWidth, int, int, int> Shapes
    {
        get
        {
            var shapes = new TheoryData<LaneWidth, int, int, int>();
            foreach (LaneWidth width in new[] { LaneWidth.Wide, LaneWidth.Medium, LaneWidth.Portable })
            {
                foreach ((int rows, int depth, int columns) in new[] { (1, 1, 1), (2, 5, 3), (3, 16, 17), (7, 33, 32), (8, 32, 31),
                    (9, 40, 64), (13, 7, 100), (40, 300, 45), (21, 600, 33) })
                    shapes.Add(width, rows, depth, columns);
            }
            return shapes;
        }
    }

    private static double[,] Random(int rows, int columns, int seed)
    {
        var random = new Random(seed);
        var matrix = new double[rows, columns];
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
                matrix[row, column] = (float)((random.NextDouble() * 2) - 1);
        }
        return matrix;
    }

    private static PanelBuffer ToPanels(double[,] matrix)
    {
        var buffer = new PanelBuffer(matrix.GetLength(0), matrix.GetLength(1));
        for (int row = 0; row < matrix.GetLength(0); row++)
        {
            for (int column = 0; column < matrix.GetLength(1); column++)
                buffer.Matrix.At(column / Panels.Width, row)[column % Panels.Width] = (float)matrix[row, column];
        }
        return buffer;
    }

    private static void AssertEqual(double[,] expected, Panels actual)
    {
        for (int row = 0; row < expected.GetLength(0); row++)
        {
            for (int column = 0; column < expected.GetLength(1); column++)
                Assert.Equal(expected[row, column], actual.At(column / Panels.Width, row)[column % Panels.Width], 1e-4);
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void MultiplyAdd_AnyShape_EqualsTheDefinition(LaneWidth width, int rows, int depth, int columns)
    {
        double[,] a = Random(rows, depth, 1), b = Random(depth, columns, 2), c = Random(rows, columns, 3);
        using PanelBuffer pa = ToPanels(a), pc = ToPanels(c), pb = Padded(b, Panels.Pad(depth));
        var grid = RowGrid.All(rows);
        switch (width)
        {
            case LaneWidth.Wide: BlockedGemm.MultiplyAdd<SimdVector512>(pa.Matrix, grid, pb.Matrix, pc.Matrix, grid); break;
            case LaneWidth.Medium: BlockedGemm.MultiplyAdd<SimdVector256>(pa.Matrix, grid, pb.Matrix, pc.Matrix, grid); break;
            default: BlockedGemm.MultiplyAdd<SimdVector128>(pa.Matrix, grid, pb.Matrix, pc.Matrix, grid); break;
        }
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                for (int k = 0; k < depth; k++)
                    c[row, column] += a[row, k] * b[k, column];
            }
        }
        AssertEqual(c, pc.Matrix);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Multiply_WithRowsOfATable_StartsFromThem(LaneWidth width, int rows, int depth, int columns)
    {
        double[,] a = Random(rows, depth, 1), b = Random(depth, columns, 2), table = Random(5, columns, 3), same = Random(1, columns, 4);
        int[] places = GC.AllocateArray<int>(Math.Max(rows, 8), pinned: true);
        for (int row = 0; row < rows; row++)
            places[row] = (row * 7) % 5;
        using PanelBuffer pa = ToPanels(a), pb = Padded(b, Panels.Pad(depth)), pt = ToPanels(table), ps = ToPanels(same),
            pc = new(rows, columns);
        foreach ((SumStart start, Func<int, int, double> expected) in new (SumStart, Func<int, int, double>)[]
        {
            (SumStart.Zero, (_, _) => 0),
            (SumStart.SameForAll(ps.Matrix), (_, column) => same[0, column]),
            (SumStart.Gathered(pt.Matrix, (int*)Marshal.UnsafeAddrOfPinnedArrayElement(places, 0)), (row, column) =>
                table[places[row], column]),
        })
        {
            pc.Matrix.Span.Fill(float.NaN); // must not be read
            var grid = RowGrid.All(rows);
            switch (width)
            {
                case LaneWidth.Wide: BlockedGemm.Multiply<SimdVector512>(pa.Matrix, grid, pb.Matrix, pc.Matrix, grid, start); break;
                case LaneWidth.Medium: BlockedGemm.Multiply<SimdVector256>(pa.Matrix, grid, pb.Matrix, pc.Matrix, grid, start); break;
                default: BlockedGemm.Multiply<SimdVector128>(pa.Matrix, grid, pb.Matrix, pc.Matrix, grid, start); break;
            }
            var sums = new double[rows, columns];
            for (int row = 0; row < rows; row++)
            {
                for (int column = 0; column < columns; column++)
                {
                    sums[row, column] = expected(row, column);
                    for (int k = 0; k < depth; k++)
                        sums[row, column] += a[row, k] * b[k, column];
                }
            }
            AssertEqual(sums, pc.Matrix);
        }
    }

    // The depth is the steps of all sequences: one sequence, a strip that is not full, several strips; before or after each step.
    [Theory]
    [MemberData(nameof(Shapes))]
    public void TransposedMultiply_AnyShape_EqualsTheDefinition(LaneWidth width, int rows, int depth, int columns)
    {
        foreach ((int batch, bool afterA, bool afterB) in new[] { (1, false, false), (5, false, true), (8, true, true), (19, false, true) })
        {
            var layout = new RowLayout(batch, (depth + batch - 1) / batch);
            double[,] a = Random(layout.Rows, rows, 1), b = Random(layout.Rows, columns, 2), c = new double[rows, columns];
            using PanelBuffer pa = ToPanels(a), pb = ToPanels(b), pc = new(Panels.Pad(rows), columns);
            pc.Matrix.Span.Fill(float.NaN); // must not be read
            switch (width)
            {
                case LaneWidth.Wide:
                    BlockedGemm.TransposedMultiply<SimdVector512>(pa.Matrix, afterA, pb.Matrix, afterB, pc.Matrix, layout.All);
                    break;
                case LaneWidth.Medium:
                    BlockedGemm.TransposedMultiply<SimdVector256>(pa.Matrix, afterA, pb.Matrix, afterB, pc.Matrix, layout.All);
                    break;
                default:
                    BlockedGemm.TransposedMultiply<SimdVector128>(pa.Matrix, afterA, pb.Matrix, afterB, pc.Matrix, layout.All);
                    break;
            }
            foreach ((int step, int sequence) in Places(layout))
            {
                int ofA = layout.Row(step + (afterA ? 1 : 0), sequence), ofB = layout.Row(step + (afterB ? 1 : 0), sequence);
                for (int row = 0; row < rows; row++)
                {
                    for (int column = 0; column < columns; column++)
                        c[row, column] += a[ofA, row] * b[ofB, column];
                }
            }
            AssertEqual(c, pc.Matrix);
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 9)]
    [InlineData(8, 3)]
    [InlineData(20, 4)]
    [InlineData(33, 2)]
    public void Row_AnyMinibatch_IsADifferentOneForEachStepOfEachSequence(int batch, int steps)
    {
        var layout = new RowLayout(batch, steps);
        int[] before = [.. Places(layout).Select(place => layout.Row(place.Step, place.Sequence))];
        int[] last = [.. Enumerable.Range(0, batch).Select(sequence => layout.Row(steps, sequence))];
        Assert.Equal(Enumerable.Range(0, layout.Rows), before.Concat(last).Order());
        foreach (bool after in new[] { false, true })
        {
            Assert.Equal(
                Places(layout).Select(place => layout.Row(place.Step + (after ? 1 : 0), place.Sequence)).Order(),
                Enumerable.Range(0, layout.Strips).Select(strip => layout.Run(strip, after))
                    .SelectMany(run => Enumerable.Range(run.First, run.Count)));
        }
    }

    [Theory]
    [InlineData(20, 5, 0, 20, 0, 5)]
    [InlineData(20, 5, 8, 12, 2, 3)]
    [InlineData(20, 5, 4, 9, 1, 1)]
    [InlineData(3, 4, 1, 2, 0, 4)]
    [InlineData(16, 4, 8, 0, 0, 4)]
    public void Pieces_AnyGrid_AreItsRows(int batch, int steps, int begin, int count, int firstStep, int some)
    {
        var layout = new RowLayout(batch, steps);
        foreach (int after in new[] { 0, 1 })
        {
            var grid = new RowGrid(layout, begin, count, some, firstStep);
            var rows = new List<(int, int)>();
            foreach (RowPiece piece in (after == 1 ? grid.After : grid).Pieces)
            {
                for (int step = 0; step < some; step++)
                    rows.AddRange(Enumerable.Range(0, piece.Count).Select(i => (piece.Row(step) + i, piece.Sequence + i)));
            }
            Assert.Equal(
                Places(layout).Where(place => place.Step >= firstStep && place.Step < firstStep + some
                        && place.Sequence >= begin && place.Sequence < begin + count)
                    .Select(place => (layout.Row(place.Step + after, place.Sequence), place.Sequence)).Order(),
                rows.Order());
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(4, 4)]
    [InlineData(16, 32)]
    [InlineData(7, 9)]
    [InlineData(33, 50)]
    public void Transpose_AnyShape_GoesThereAndBack(int rows, int columns)
    {
        float[] source = [.. Enumerable.Range(1, rows * columns).Select(i => (float)i)];
        using var transposed = new PanelBuffer(columns, rows);
        using var copied = new PanelBuffer(rows, columns);
        var back = new float[source.Length];
        fixed (float* from = source, to = back)
        {
            Packing.Transpose(from, columns, transposed.Matrix, rows);
            Packing.CopyRows(from, columns, copied.Matrix, rows);
            Packing.CopyRowsBack(copied.Matrix, to, columns, rows);
        }
        Assert.Equal(source, back);
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
                Assert.Equal(source[(row * columns) + column], transposed.Matrix.At(row / Panels.Width, column)[row % Panels.Width]);
        }
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(2, 3, 16)]
    [InlineData(2, 17, 37)]
    [InlineData(1, 17, 37)]
    public void CopySumsBack_AnyShape_AddsTheBlocks(int blocks, int rows, int columns)
    {
        const int Distance = 20;
        using var source = new PanelBuffer(blocks * Distance, columns);
        Panels panels = source.Matrix;
        for (int i = 0; i < source.Length; i++)
            source.Data[i] = i;
        var sums = new float[rows * columns];
        fixed (float* to = sums)
            Packing.CopySumsBack(panels, blocks, Distance, to, columns, rows);
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                float expected = Enumerable.Range(0, blocks)
                    .Sum(block => panels.At(column / Panels.Width, (block * Distance) + row)[column % Panels.Width]);
                Assert.Equal(expected, sums[(row * columns) + column]);
            }
        }
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(7, 2)]
    [InlineData(8, 3)]
    [InlineData(32, 2)]
    [InlineData(33, 4)]
    [InlineData(5, 16)]
    public void Share_AnyBatch_CoversEveryRowOnce(int batch, int workers)
    {
        var seen = new int[batch];
        for (int worker = 0; worker < workers; worker++)
        {
            RowGrid share = RowGrid.Share(new RowLayout(batch, 3), worker, workers);
            for (int row = share.Begin; row < share.Begin + share.Count; row++)
                seen[row]++;
        }
        Assert.All(seen, count => Assert.Equal(1, count));
    }

    private static IEnumerable<(int Step, int Sequence)> Places(RowLayout layout) =>
        Enumerable.Range(0, layout.Steps).SelectMany(step => Enumerable.Range(0, layout.Batch).Select(sequence => (step, sequence)));

    private static PanelBuffer Padded(double[,] matrix, int rows)
    {
        var padded = new double[rows, matrix.GetLength(1)];
        for (int row = 0; row < matrix.GetLength(0); row++)
        {
            for (int column = 0; column < matrix.GetLength(1); column++)
                padded[row, column] = matrix[row, column];
        }
        return ToPanels(padded);
    }
}
