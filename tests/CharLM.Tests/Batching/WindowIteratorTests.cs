using CharLM.Batching;
using CharLM.Tokenization;

namespace CharLM.Tests.Batching;

public sealed class WindowIteratorTests
{
    private static TokenSource Places(int length) => Enumerable.Range(0, length).ToArray();

    [Fact]
    public void Epoch_Windows_BeginAtEveryTokenOnceAndLeaveAPartialMinibatch()
    {
        var iterator = new WindowIterator(Places(30), batchSize: 8, numSteps: 5, seed: 1);
        var starts = new List<long>();
        var sizes = new List<long>();
        foreach (Minibatch minibatch in iterator.Epoch(0))
        {
            using (minibatch)
            {
                sizes.Add(minibatch.Inputs.shape[0]);
                long[] inputs = minibatch.Inputs.data<long>().ToArray();
                foreach (long[] row in inputs.Chunk(5))
                {
                    starts.Add(row[0]);
                    Assert.Equal(Enumerable.Range((int)row[0], 5).Select(place => (long)place), row);
                }
                Assert.Equal(inputs.Select(place => place + 1), minibatch.Targets.data<long>().ToArray());
            }
        }
        Assert.Equal([8L, 8, 8, 1], sizes);
        Assert.Equal(Enumerable.Range(0, 25).Select(place => (long)place), starts.Order());
    }

    [Fact]
    public void Create_OneWindow_IsEnough()
    {
        Assert.Equal(1, new WindowIterator(Places(6), 1024, 5, seed: 0).Plan(0).NumBatches);
        Assert.Throws<CorpusTooShortException>(() => new WindowIterator(Places(5), 1024, 5, seed: 0));
    }
}
