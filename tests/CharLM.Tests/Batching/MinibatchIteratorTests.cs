using CharLM.Batching;
using CharLM.Tokenization;
using FsCheck;
using FsCheck.Fluent;

namespace CharLM.Tests.Batching;

public sealed class MinibatchIteratorTests
{
    // A text whose token at position i is i, so that a minibatch shows where it was read.
    private static TokenSource Places(int length) => Enumerable.Range(0, length).ToArray();

    private static List<(long[] Inputs, long[] Targets)> Read(MinibatchIterator iterator, int epoch)
    {
        var read = new List<(long[], long[])>();
        foreach (Minibatch minibatch in iterator.Epoch(epoch))
        {
            using (minibatch)
            {
                Assert.Equal([iterator.BatchSize, iterator.NumSteps], minibatch.Inputs.shape);
                Assert.Equal([iterator.BatchSize, iterator.NumSteps], minibatch.Targets.shape);
                read.Add((minibatch.Inputs.data<long>().ToArray(), minibatch.Targets.data<long>().ToArray()));
            }
        }
        return read;
    }

    private static Gen<(int Batch, int Steps, int Extra, int Epoch)> Shapes =>
        from batch in Gen.Choose(1, 6)
        from steps in Gen.Choose(1, 9)
        from extra in Gen.Choose(0, 200)
        from epoch in Gen.Choose(0, 50)
        select (batch, steps, extra, epoch);

    [Theory]
    [InlineData(SamplingOrder.Sequential)]
    [InlineData(SamplingOrder.Random)]
    public void Epoch_AnyShape_TargetsAreInputsShiftedByOne(SamplingOrder order) => Prop.ForAll(Shapes.ToArbitrary(), shape =>
    {
        MinibatchIterator iterator = MinibatchIterator.Create(
            order, Places(shape.Batch * shape.Steps + 1 + shape.Extra), shape.Batch, shape.Steps, seed: 3);
        List<(long[] Inputs, long[] Targets)> epoch = Read(iterator, shape.Epoch);
        Assert.NotEmpty(epoch);
        Assert.All(epoch, minibatch => Assert.Equal(minibatch.Inputs.Select(place => place + 1), minibatch.Targets));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Sequential_AnyShape_UsesTheTokensOfTheBooksFormula() => Prop.ForAll(Shapes.ToArbitrary(), shape =>
    {
        int length = shape.Batch * shape.Steps + 1 + shape.Extra;
        List<(long[] Inputs, long[] Targets)> epoch = Read(
            new SequentialIterator(Places(length), shape.Batch, shape.Steps, seed: 3), shape.Epoch);

        // num_tokens = (len - offset - 1) // batch_size * batch_size; num_batches = num_tokens / batch_size // num_steps
        int offset = (int)epoch[0].Inputs[0];
        int rowLength = (length - offset - 1) / shape.Batch;
        Assert.InRange(offset, 0, shape.Steps);
        Assert.Equal(rowLength / shape.Steps, epoch.Count);
        for (int batch = 0; batch < epoch.Count; batch++)
        {
            for (int row = 0; row < shape.Batch; row++)
            {
                IEnumerable<long> expected = Enumerable.Range(offset + row * rowLength + batch * shape.Steps, shape.Steps)
                    .Select(place => (long)place);
                Assert.Equal(expected, epoch[batch].Inputs.Skip(row * shape.Steps).Take(shape.Steps));
            }
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Random_AnyShape_UsesTheTokensOfTheBooksFormulaOnce() => Prop.ForAll(Shapes.ToArbitrary(), shape =>
    {
        int length = shape.Batch * shape.Steps + 1 + shape.Extra;
        List<(long[] Inputs, long[] Targets)> epoch = Read(
            new RandomIterator(Places(length), shape.Batch, shape.Steps, seed: 3), shape.Epoch);

        // num_subseqs = (len - 1) // num_steps after the offset; num_batches = num_subseqs // batch_size
        long[] starts = [.. epoch.SelectMany(minibatch => minibatch.Inputs.Chunk(shape.Steps)).Select(row => row[0])];
        long offset = starts[0] % shape.Steps;
        int pieces = (length - (int)offset - 1) / shape.Steps;
        Assert.Equal(pieces / shape.Batch * shape.Batch, starts.Length);
        Assert.Equal(starts.Length, starts.Distinct().Count());
        Assert.All(starts, start => Assert.Equal(offset, start % shape.Steps));
        Assert.All(epoch.SelectMany(minibatch => minibatch.Inputs.Chunk(shape.Steps)), row =>
            Assert.Equal(Enumerable.Range((int)row[0], shape.Steps).Select(place => (long)place), row));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Sequential_Rows_GoOnFromMinibatchToMinibatch()
    {
        List<(long[] Inputs, long[] Targets)> epoch = Read(new SequentialIterator(Places(1000), 4, 7, seed: 1), epoch: 0);
        for (int batch = 1; batch < epoch.Count; batch++)
        {
            for (int row = 0; row < 4; row++)
                Assert.Equal(epoch[batch - 1].Inputs[row * 7 + 6] + 1, epoch[batch].Inputs[row * 7]);
        }
    }

    [Theory]
    [InlineData(SamplingOrder.Sequential)]
    [InlineData(SamplingOrder.Random)]
    public void Epoch_SameSeed_IsTheSameWhateverWasReadBefore(SamplingOrder order)
    {
        MinibatchIterator one = MinibatchIterator.Create(order, Places(500), 3, 5, seed: 9);
        MinibatchIterator two = MinibatchIterator.Create(order, Places(500), 3, 5, seed: 9);
        _ = Read(one, 0);
        Assert.Equal(Read(one, 7).Select(minibatch => minibatch.Inputs), Read(two, 7).Select(minibatch => minibatch.Inputs));
        Assert.NotEqual(Read(one, 7)[0].Inputs, Read(MinibatchIterator.Create(order, Places(500), 3, 5, seed: 10), 7)[0].Inputs);
    }

    [Theory]
    [InlineData(SamplingOrder.Sequential, 6)]
    [InlineData(SamplingOrder.Random, 5)]
    public void Epoch_ManyEpochs_DrawEveryOffsetOfTheBook(SamplingOrder order, int offsets)
    {
        MinibatchIterator iterator = MinibatchIterator.Create(order, Places(500), 3, 5, seed: 9);
        IEnumerable<long> drawn = Enumerable.Range(0, 400)
            .Select(epoch => Enumerable.Range(0, iterator.Plan(epoch).NumBatches)
                .Min(batch => Enumerable.Range(0, 3).Min(row => iterator.Plan(epoch).Start(batch, row))));
        Assert.Superset(Enumerable.Range(0, offsets).Select(offset => (long)offset).ToHashSet(), drawn.ToHashSet());
    }

    [Theory]
    [InlineData(SamplingOrder.Sequential)]
    [InlineData(SamplingOrder.Random)]
    public void Create_TextOfOneMinibatch_IsEnoughAndOneTokenLessIsNot(SamplingOrder order)
    {
        for (int epoch = 0; epoch < 20; epoch++)
            Assert.Equal(1, MinibatchIterator.Create(order, Places(13), 3, 4, seed: 0).Plan(epoch).NumBatches);
        var e = Assert.Throws<CorpusTooShortException>(() => MinibatchIterator.Create(order, Places(12), 3, 4, seed: 0));
        Assert.Contains("12 tokens", e.Message, StringComparison.Ordinal);
        Assert.Contains("13", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_HugeMinibatch_DoesNotOverflow() =>
        Assert.Throws<CorpusTooShortException>(() => new SequentialIterator(Places(100), 65_536, 65_536, seed: 0));
}
