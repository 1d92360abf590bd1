using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace CharLM.Models.Fused.Gemm;

/// <summary>
/// The start of a product's sums: biases, the tokens' contributions, earlier sums, or zero. A tile loads it directly into its registers,
/// so that it need not be written to the result first.
/// </summary>
internal readonly unsafe struct SumStart
{
    private SumStart(Panels table, RowOf rows)
    {
        Table = table;
        Rows = rows;
    }

    /// <summary>The rows that sums start from.</summary>
    public Panels Table { get; }

    /// <summary>The table's row for each row of the result.</summary>
    public RowOf Rows { get; }

    // Constants in the program's image, which never move.
    private static ReadOnlySpan<int> InOrder => [0, 1, 2, 3, 4, 5, 6, 7];

    private static ReadOnlySpan<int> TheFirst => [0, 0, 0, 0, 0, 0, 0, 0];

    private static ReadOnlySpan<float> Zeros => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    /// <summary>Zero.</summary>
    public static SumStart Zero => SameForAll(new Panels((float*)Address(Zeros), rows: 0, Panels.Granularity));

    /// <summary>A matrix of the result's shape, usually the result itself, to which the product is then added.</summary>
    public static SumStart With(Panels sums) => new(sums, new RowOf((int*)Address(InOrder), Panels.Width, 0));

    /// <summary>The same row for all rows.</summary>
    /// <param name="row">[1, columns].</param>
    public static SumStart SameForAll(Panels row) => new(row, new RowOf((int*)Address(TheFirst), 0, 0));

    /// <summary>A row of a table for each row.</summary>
    /// <param name="table">[any, columns].</param>
    /// <param name="rows">The table's row for each row of the result, in memory that does not move.</param>
    public static SumStart Gathered(Panels table, int* rows) => new(table, new RowOf(rows, 0, 1));

    private static void* Address<T>(ReadOnlySpan<T> constants) => Unsafe.AsPointer(ref MemoryMarshal.GetReference(constants));

    /// <summary>The table's row for each row of a result.</summary>
    internal readonly struct RowOf(int* rows, int tableStep, int rowStep)
    {
        private readonly int* _rows = rows;
        private readonly int _tableStep = tableStep, _rowStep = rowStep;

        /// <summary>The offset in the table for a tile that begins at a row.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public nint Offset(int row) => (nint)row * _tableStep;

        /// <summary>The table's rows for a tile that begins at a row.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public int* Rows(int row) => _rows + ((nint)row * _rowStep);
    }
}
