using CharLM.Batching;
using CharLM.Tokenization;

namespace CharLM.Tests.Batching;

public sealed class DocumentIteratorTests
{
    private const int End = 1;

    // Every document is read once, from its beginning; each row continues where it ended unless the state is reset.
    [Theory]
    [InlineData(SamplingOrder.Sequential, 4, 5)]
    [InlineData(SamplingOrder.Sequential, 3, 64)]
    [InlineData(SamplingOrder.Random, 4, 40)]
    public void Plan_Documents_AreReadOnceEach(SamplingOrder order, int batchSize, int numSteps)
    {
        int[][] documents = [.. Enumerable.Range(0, 37).Select(i => Enumerable.Repeat(2 + i, 1 + (i * i % 23)).ToArray())];
        int[] stream = Stream(documents);
        MinibatchIterator iterator = MinibatchIterator.Create(order, stream, batchSize, numSteps, 3, End);
        for (int epoch = 0; epoch < 3; epoch++)
        {
            EpochPlan plan = iterator.Plan(epoch);
            var read = new List<List<int>>();
            List<int>[] rows = [];
            for (int batch = 0; batch < plan.NumBatches; batch++)
            {
                int steps = plan.StepsOf(batch), count = plan.RowsOf(batch);
                Assert.True(count <= batchSize && steps <= numSteps);
                int[] inputs = new int[count * steps], targets = new int[count * steps];
                plan.Fill(stream, batch, inputs, targets);
                if (plan.BeginsAnew(batch))
                {
                    read.AddRange(rows);
                    rows = [.. Enumerable.Range(0, count).Select(_ => new List<int> { End })];
                }
                for (int place = 0; place < targets.Length; place++)
                {
                    if (targets[place] == Minibatch.NoTarget)
                        continue;
                    Assert.Equal(rows[place / steps][^1], inputs[place]);
                    rows[place / steps].Add(targets[place]);
                }
            }
            read.AddRange(rows);
            Assert.Equal(documents.Select(Whole).Order(StringComparer.Ordinal), read.Select(row => string.Join(' ', row)).Order(StringComparer.Ordinal));
            Assert.True(plan.BeginsAnew(plan.NumBatches));
        }
        Assert.NotEqual(Targets(iterator, 0), Targets(iterator, 1));

        static string Whole(int[] document) => $"{End} {string.Join(' ', document)} {End}";
    }

    [Fact]
    public void Of_DocumentThatNoIntCounts_IsWhole()
    {
        const long Length = int.MaxValue + 10L;
        Assert.Equal([new DocumentPart(0, Length - 1)], DocumentList.Of(new Repeated(Length), End));
    }

    [Fact]
    public void Plan_NamesOfLikeLength_HardlyWasteAStep()
    {
        var random = new Random(4);
        int[] stream = Stream([.. Enumerable.Range(0, 3000).Select(_ => Enumerable.Repeat(2, random.Next(2, 14)).ToArray())]);
        EpochPlan plan = MinibatchIterator.Create(SamplingOrder.Sequential, stream, 32, 16, 0, End).Plan(0);
        long steps = Enumerable.Range(0, plan.NumBatches).Sum(batch => (long)plan.RowsOf(batch) * plan.StepsOf(batch));
        Assert.Equal(stream.Length - 1, plan.NumTokens);
        Assert.InRange((double)steps / plan.NumTokens, 1, 1.05);
    }

    // One file much longer than the others still fills the rows of a minibatch.
    [Fact]
    public void Plan_OneLongDocument_IsCutIntoRows()
    {
        int[] stream = Stream([[.. Enumerable.Repeat(2, 8000)], [3, 3]]);
        EpochPlan plan = MinibatchIterator.Create(SamplingOrder.Sequential, stream, 8, 10, 0, End).Plan(0);
        Assert.InRange(plan.NumBatches, 100, 115);
    }

    private static int[] Stream(int[][] documents) => [End, .. documents.SelectMany(document => document.Append(End))];

    private static int[] Targets(MinibatchIterator iterator, int epoch)
    {
        EpochPlan plan = iterator.Plan(epoch);
        return [.. Enumerable.Range(0, plan.NumBatches).SelectMany(batch =>
        {
            int[] inputs = new int[plan.RowsOf(batch) * plan.StepsOf(batch)], targets = new int[inputs.Length];
            plan.Fill(iterator.Tokens, batch, inputs, targets);
            return targets;
        })];
    }

    // One token, over and over.
    private sealed class Repeated(long length) : TokenSource
    {
        public override long Length => length;

        protected override void Read(long start, Span<int> destination) => destination.Fill(End + 1);
    }
}
