using CharLM.Batching;
using CharLM.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Tests.Batching;

public sealed class PaddedBatchTests
{
    private static readonly ReadOnlyMemory<int>[] Sequences = [new[] { 5, 6, 7 }, new[] { 8 }];

    [Fact]
    public void Create_DifferentLengths_PadsBehindTheEnd()
    {
        using DisposeScope scope = NewDisposeScope();
        var batch = new PaddedBatch(Sequences, padding: 9);
        Assert.Equal((2, 3, 4), (batch.BatchSize, batch.NumSteps, batch.NumTokens));
        Assert.Equal([3, 1], batch.Lengths);
        Assert.True(batch.Ids().eq(tensor(new long[] { 5, 6, 7, 8, 9, 9 }, [2, 3])).all().item<bool>());
        Assert.True(batch.Mask().eq(tensor(new[] { true, true, true, true, false, false }, [2, 3])).all().item<bool>());
    }

    [Fact]
    public void Create_EmptySequence_IsRefused() =>
        Assert.Contains("sequence 1 has 0 tokens, but must have 1 to 3",
            Assert.Throws<ArgumentException>(() => new PaddedBatch([Sequences[0], default])).Message, StringComparison.Ordinal);

    [Fact]
    public void Create_SequenceOverTheSteps_IsRefused() =>
        Assert.Contains("sequence 0 has 3 tokens, but must have 1 to 2",
            Assert.Throws<ArgumentException>(() => new PaddedBatch(Sequences, numSteps: 2)).Message, StringComparison.Ordinal);

    [Fact]
    public void Create_NoSequence_IsRefused() => Assert.Throws<ArgumentException>(() => new PaddedBatch([]));

    [Fact]
    public void CrossEntropy_Padding_CountsForNothing()
    {
        using DisposeScope scope = NewDisposeScope();
        var batch = new PaddedBatch(Sequences, numSteps: 5);
        Tensor logits = randn(5, 2, 10).requires_grad_(true);

        Tensor loss = MaskedLoss.CrossEntropy(logits, batch);
        loss.backward();

        // Token by token, from the definition: -log softmax of the target.
        Tensor log = logits.detach().log_softmax(-1);
        double sum = log[0, 0, 5].ToDouble() + log[1, 0, 6].ToDouble() + log[2, 0, 7].ToDouble() + log[0, 1, 8].ToDouble();
        Assert.Equal(-sum / 4, loss.ToDouble(), 1e-5);
        Assert.Equal(0, logits.grad!.narrow(0, 3, 2).abs().max().ToDouble());
        Assert.Equal(0, logits.grad![1, 1].abs().max().ToDouble());
        Assert.NotEqual(0, logits.grad![1, 0].abs().max().ToDouble());
    }
}
