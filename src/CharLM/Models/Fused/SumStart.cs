using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace CharLM.Models.Fused;

/// <summary>
/// What the sums of a product begin with: biases, what tokens give, what was added up before, or nothing. Read into the registers
/// of a tile where the tile would read its result, so that none of it is written first.
/// </summary>
internal readonly unsafe struct SumStart
{
    private readonly Panels _table;
    private readonly int* _rows;
    private readonly int _tableStep, _rowStep;

    private SumStart(Panels table, int* rows, int tableStep, int rowStep)
    {
        _table = table;
        _rows = rows;
        _tableStep = tableStep;
        _rowStep = rowStep;
    }

    // Memory of the program itself, which nothing moves.
    private static ReadOnlySpan<int> InOrder => [0, 1, 2, 3, 4, 5, 6, 7];

    private static ReadOnlySpan<int> TheFirst => [0, 0, 0, 0, 0, 0, 0, 0];

    private static ReadOnlySpan<float> Zeros => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    /// <summary>Nothing.</summary>
    public static SumStart Zero => SameForAll(new Panels((float*)Address(Zeros), rows: 0, Panels.Granularity));

    /// <summary>What is in a matrix of the result's shape, as a rule the result itself: the product is added.</summary>
    public static SumStart With(Panels sums) => new(sums, (int*)Address(InOrder), Panels.Width, 0);

    /// <summary>The same for all rows.</summary>
    /// <param name="row">[1, columns].</param>
    public static SumStart SameForAll(Panels row) => new(row, (int*)Address(TheFirst), 0, 0);

    /// <summary>A row of a table for each row.</summary>
    /// <param name="table">[any, columns].</param>
    /// <param name="rows">The table's row for each row of the result; does not move.</param>
    public static SumStart Gathered(Panels table, int* rows) => new(table, rows, 0, 1);

    /// <summary>Where a tile begins: row r of it starts from row <c>rows[r]</c> of what is returned.</summary>
    /// <param name="panel">Panel of the result.</param>
    /// <param name="lane">Column within the panel.</param>
    /// <param name="row">First row of the tile.</param>
    /// <param name="rows">Receives the rows, as many as the largest tile has.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float* At(int panel, int lane, int row, out int* rows)
    {
        rows = _rows + (row * _rowStep);
        return _table.At(panel, 0) + lane + ((nint)row * _tableStep);
    }

    private static void* Address<T>(ReadOnlySpan<T> constants) => Unsafe.AsPointer(ref MemoryMarshal.GetReference(constants));
}
