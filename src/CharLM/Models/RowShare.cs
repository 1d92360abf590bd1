namespace CharLM.Models;

/// <summary>
/// Some rows of a minibatch that is not learned at once: part by part to save memory, or by several processes. Together the shares give
/// the loss and the gradients of the whole.
/// </summary>
/// <param name="First">The first row.</param>
/// <param name="Count">Number of rows; 0 if there are fewer rows than shares.</param>
/// <param name="Of">Rows of the whole minibatch.</param>
internal readonly record struct RowShare(int First, int Count, int Of)
{
    /// <summary>All rows of a minibatch.</summary>
    public static RowShare All(int rows) => new(0, rows, rows);

    /// <summary>One of several shares of this one, whose sizes differ by a row at most.</summary>
    /// <param name="index">Which, from 0.</param>
    /// <param name="count">Number of shares.</param>
    public RowShare Part(int index, int count)
    {
        int begin = (int)((long)Count * index / count), end = (int)((long)Count * (index + 1) / count);
        return this with { First = First + begin, Count = end - begin };
    }

    /// <summary>Where a row stands in the whole minibatch at a step, step by step.</summary>
    /// <param name="step">The step.</param>
    /// <param name="row">The row of this share.</param>
    public long InWhole(int step, int row) => ((long)step * Of) + First + row;
}
