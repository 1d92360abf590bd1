using static TorchSharp.torch;

namespace CharLM.Models;

/// <summary>
/// Reads sequences of different lengths with any recurrent layers, each row to its own end: rows are sorted by descending length, and
/// finished rows drop out. Nothing is computed for padding, so no result can depend on it.
/// </summary>
/// <remarks>
/// <para>
/// The contract is that of TensorFlow's dynamic_rnn: outputs past a row's length are zero, and its final state is the one after its
/// last real step. torch's packed sequences do the same, but only for torch.nn's layers.
/// </para>
/// <para>Thread safety: any number of threads.</para>
/// </remarks>
internal static class VariableLengths
{
    /// <summary>Reads forwards.</summary>
    /// <param name="layer">Forward-only layers.</param>
    /// <param name="inputs">[num_steps, batch, input].</param>
    /// <param name="state">The state before the first step.</param>
    /// <param name="lengths">Real steps of each row, 1 to num_steps.</param>
    /// <returns>The last layer's hidden states [num_steps, batch, hidden], and each row's state after its last real step.</returns>
    /// <exception cref="ArgumentException">A length is outside its range.</exception>
    public static (Tensor Outputs, RecurrentState State) Sequence(
        IRecurrentLayer layer, Tensor inputs, RecurrentState state, ReadOnlySpan<long> lengths)
    {
        ArgumentNullException.ThrowIfNull(layer);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(state);
        long steps = inputs.shape[0];
        Check(lengths, inputs);
        if (!lengths.ContainsAnyExcept(steps))
            return layer.Sequence(inputs, state);

        (long[] sorted, long[] order, long[] back) = ByFallingLength(lengths.ToArray());
        Tensor toSorted = tensor(order, device: inputs.device), toOriginal = tensor(back, device: inputs.device);
        inputs = inputs.index_select(1, toSorted);
        state = Select(state, toSorted);

        var outputs = new List<Tensor>();                                          // [some steps, batch, hidden]
        var ended = new List<RecurrentState>();                                    // The longest rows end last.
        long rows = sorted.Length;
        for (long step = 0; rows > 0;)
        {
            long end = sorted[rows - 1];
            (Tensor some, state) = layer.Sequence(inputs.narrow(0, step, end - step).narrow(1, 0, rows), state);
            outputs.Add(rows == sorted.Length ? some
                : cat([some, some.new_zeros([end - step, sorted.Length - rows, some.shape[2]])], dim: 1));
            long going = rows;
            while (going > 0 && sorted[going - 1] == end)
                going--;
            ended.Add(Narrow(state, going, rows - going));
            if (going > 0)
                state = Narrow(state, 0, going);
            (rows, step) = (going, end);
        }
        if (sorted[0] < steps)
            outputs.Add(outputs[0].new_zeros([steps - sorted[0], sorted.Length, outputs[0].shape[2]]));
        ended.Reverse();
        var last = new RecurrentState(
            cat([.. ended.Select(one => one.Hidden)], dim: 1),
                state.Cell is null ? null : cat([.. ended.Select(one => one.Cell!)], dim: 1));
        return (cat(outputs, dim: 0).index_select(1, toOriginal), Select(last, toOriginal));
    }

    /// <summary>Reverses each row within its length; padding stays in place.</summary>
    /// <param name="inputs">[num_steps, batch, any].</param>
    /// <param name="lengths">Real steps of each row.</param>
    /// <returns>[num_steps, batch, any].</returns>
    public static Tensor Reverse(Tensor inputs, ReadOnlySpan<long> lengths)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        Check(lengths, inputs);
        long steps = inputs.shape[0], batch = inputs.shape[1], size = inputs.shape[2];
        var places = new long[steps * batch];
        for (int step = 0; step < steps; step++)
        {
            for (int row = 0; row < batch; row++)
                places[(step * batch) + row] = ((step < lengths[row] ? lengths[row] - 1 - step : step) * batch) + row;
        }
        return inputs.reshape(-1, size).index_select(0, tensor(places, device: inputs.device)).reshape(steps, batch, size);
    }

    private static void Check(ReadOnlySpan<long> lengths, Tensor inputs)
    {
        if (lengths.Length != inputs.shape[1])
            throw new ArgumentException($"{inputs.shape[1]} rows have {lengths.Length} lengths", nameof(lengths));
        foreach (long length in lengths)
        {
            if (length < 1 || length > inputs.shape[0])
                throw new ArgumentException(
                    $"a row of {inputs.shape[0]} steps must have 1 to {inputs.shape[0]} real ones, not {length}", nameof(lengths));
        }
    }

    // The sorted lengths, the row at each sorted position, and the sorted position of each row.
    private static (long[] Sorted, long[] Order, long[] Back) ByFallingLength(long[] lengths)
    {
        long[] order = [.. Enumerable.Range(0, lengths.Length).OrderByDescending(row => lengths[row]).Select(row => (long)row)];
        var back = new long[order.Length];
        for (int place = 0; place < order.Length; place++)
            back[order[place]] = place;
        return ([.. order.Select(row => lengths[row])], order, back);
    }

    private static RecurrentState Select(RecurrentState state, Tensor rows) =>
        new(state.Hidden.index_select(1, rows), state.Cell?.index_select(1, rows));

    private static RecurrentState Narrow(RecurrentState state, long first, long rows) =>
        new(state.Hidden.narrow(1, first, rows), state.Cell?.narrow(1, first, rows));
}
