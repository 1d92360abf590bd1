using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace CharLM.Models.Fused.Gemm;

/// <summary>
/// What the sums of a product begin with: biases, what tokens give, what was added up before, or nothing. Read into the registers
/// of a tile where the tile would read its result, so that none of it is written first.
/// </summary>
internal readonly unsafe struct SumStart
{
    private SumStart(Panels table, RowOf rows)
    {
        Table = table;
        Rows = rows;
    }

    /// <summary>Holds the rows that sums start from.</summary>
    public Panels Table { get; }

    /// <summary>Which rows these are.</summary>
    public RowOf Rows { get; }

    // Memory of the program itself, which nothing moves.
    private static ReadOnlySpan<int> InOrder => [0, 1, 2, 3, 4, 5, 6, 7];

    private static ReadOnlySpan<int> TheFirst => [0, 0, 0, 0, 0, 0, 0, 0];

    private static ReadOnlySpan<float> Zeros => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    /// <summary>Nothing.</summary>
    public static SumStart Zero => SameForAll(new Panels((float*)Address(Zeros), rows: 0, Panels.Granularity));

    /// <summary>What is in a matrix of the result's shape, as a rule the result itself: the product is added.</summary>
    public static SumStart With(Panels sums) => new(sums, new RowOf((int*)Address(InOrder), Panels.Width, 0));

    /// <summary>The same for all rows.</summary>
    /// <param name="row">[1, columns].</param>
    public static SumStart SameForAll(Panels row) => new(row, new RowOf((int*)Address(TheFirst), 0, 0));

    /// <summary>A row of a table for each row.</summary>
    /// <param name="table">[any, columns].</param>
    /// <param name="rows">The table's row for each row of the result; does not move.</param>
    public static SumStart Gathered(Panels table, int* rows) => new(table, new RowOf(rows, 0, 1));

    private static void* Address<T>(ReadOnlySpan<T> constants) => Unsafe.AsPointer(ref MemoryMarshal.GetReference(constants));

    /// <summary>Which row of the table each row of a result starts from.</summary>
    internal readonly struct RowOf(int* rows, int tableStep, int rowStep)
    {
        private readonly int* _rows = rows;
        private readonly int _tableStep = tableStep, _rowStep = rowStep;

        /// <summary>What a tile that begins at a row adds to addresses in the table.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public nint Offset(int row) => (nint)row * _tableStep;

        /// <summary>The table's rows for a tile that begins at a row.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public int* Rows(int row) => _rows + ((nint)row * _rowStep);
    }
}
