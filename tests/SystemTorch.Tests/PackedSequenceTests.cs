namespace SystemTorch.Tests;

public class PackedSequenceTests
{
    [Fact]
    public void Pack_SortedSequences_LaysThemOutStepByStep()
    {
        using DisposeScope scope = NewDisposeScope();
        var packed = nn.utils.rnn.pack_sequence([tensor(new float[] { 1, 2, 3 }), tensor(new float[] { 4, 5 }), tensor(new float[] { 6 })]);
        Engine.AssertClose([1, 4, 6, 2, 5, 3], packed.data);
        Assert.Equal([3L, 2, 1], packed.batch_sizes.data<long>().ToArray());
    }

    [Fact]
    public void Pack_UnsortedThenPad_RestoresOrderAndLengths()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor[] sequences = [full(2, 1f), full(4, 2f), full(1, 3f)];
        var packed = nn.utils.rnn.pack_sequence(sequences, enforce_sorted: false);

        var (padded, lengths) = nn.utils.rnn.pad_packed_sequence(packed, batch_first: true, padding_value: -1);

        Engine.AssertClose([1, 1, -1, -1, 2, 2, 2, 2, 3, -1, -1, -1], padded);
        Assert.Equal([2L, 4, 1], lengths.data<long>().ToArray());
    }

    [Fact]
    public void Pack_UnsortedButEnforced_IsRefused() =>
        Assert.Throws<System.Runtime.InteropServices.ExternalException>(() => nn.utils.rnn.pack_sequence([ones(1), ones(2)]));

    [Fact]
    public void PadSequence_DifferentLengths_FillsUp()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor padded = nn.utils.rnn.pad_sequence([ones(2), ones(3)], batch_first: true, padding_value: 9);
        Engine.AssertClose([1, 1, 9, 1, 1, 1], padded);
    }

    [Fact]
    public void PadPackedSequence_TotalLength_PadsFurther()
    {
        using DisposeScope scope = NewDisposeScope();
        var packed = nn.utils.rnn.pack_sequence([ones(2), ones(1)]);
        Assert.Equal([5L, 2], nn.utils.rnn.pad_packed_sequence(packed, total_length: 5).Item1.shape);
    }

    [Fact]
    public void Lstm_OverAPackedSequence_StopsEachAtItsLength()
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(1);
        using var lstm = nn.LSTM(2, 3);
        Tensor[] sequences = [randn(2, 2), randn(5, 2), randn(3, 2)];
        var packed = nn.utils.rnn.pack_sequence(sequences, enforce_sorted: false);

        var (output, h_n, c_n) = lstm.call(packed);

        Tensor padded = nn.utils.rnn.pad_packed_sequence(output).Item1;
        for (int i = 0; i < sequences.Length; i++)
        {
            var (alone, h, c) = lstm.call(sequences[i].unsqueeze(1));
            Engine.AssertClose(alone.squeeze(1), padded.select(1, i).narrow(0, 0, sequences[i].shape[0]));
            Engine.AssertClose(h.squeeze(1), h_n.select(1, i));
            Engine.AssertClose(c.squeeze(1), c_n.select(1, i));
        }
    }

    [Fact]
    public void Gru_OverAPackedSequenceWithAState_TakesTheStateInItsOwnOrder()
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(2);
        using var gru = nn.GRU(2, 3);
        Tensor[] sequences = [randn(2, 2), randn(4, 2)];
        Tensor h0 = randn(1, 2, 3);

        var (_, h_n) = gru.call(nn.utils.rnn.pack_sequence(sequences, enforce_sorted: false), h0);

        for (int i = 0; i < sequences.Length; i++)
        {
            var (_, h) = gru.call(sequences[i].unsqueeze(1), h0.narrow(1, i, 1).contiguous());
            Engine.AssertClose(h.squeeze(1), h_n.select(1, i));
        }
    }
}
