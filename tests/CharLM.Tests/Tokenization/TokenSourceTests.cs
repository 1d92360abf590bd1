using CharLM.Batching;
using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Models.NGram;
using CharLM.Randomness;
using CharLM.Tokenization;
using CharLM.Training;

namespace CharLM.Tests.Tokenization;

/// <summary>A text of any length whose ids are computed on demand.</summary>
internal sealed class ComputedSource(long length, Func<long, int> idAt) : TokenSource
{
    public override long Length => length;

    protected override void Read(long start, Span<int> destination)
    {
        for (int i = 0; i < destination.Length; i++)
            destination[i] = idAt(start + i);
    }
}

public sealed class TokenSourceTests
{
    // More than twice the range of an int.
    private const long Vast = (2L << 31) + 12_345;
    private const int Period = 1_000_003;

    private static readonly TokenSource Endless = new ComputedSource(Vast, place => (int)(place % Period));

    public static TheoryData<TokenSource> Sources => new(
        Enumerable.Range(0, 100).ToArray(), new ComputedSource(100, place => (int)place),
        new ComputedSource(300, place => (int)place - 100).Slice(100, 150).Slice(0, 100));

    [Theory]
    [MemberData(nameof(Sources))]
    public void Slice_OfASlice_HasTheIdsOfItsPlaces(TokenSource source)
    {
        Assert.Equal((100, false), (source.Length, source.IsEmpty));
        Assert.Equal(Enumerable.Range(0, 100), source.ToArray());
        TokenSource part = source.Slice(20).Slice(10, 30);
        Assert.Equal(Enumerable.Range(30, 30), part.ToArray());
        var ids = new int[4];
        part.CopyTo(26, ids);
        Assert.Equal([56, 57, 58, 59], ids);
        Assert.Equal((1, 0), (part.Count(30), part.Count(60)));
        Assert.True(source.Slice(100).IsEmpty);
    }

    [Theory]
    [MemberData(nameof(Sources))]
    public void CopyTo_PlacesThatItHasNot_IsRefused(TokenSource source)
    {
        TokenSource part = source.Slice(20, 30);
        Assert.Throws<ArgumentOutOfRangeException>(() => part.CopyTo(27, new int[4]));
        Assert.Throws<ArgumentOutOfRangeException>(() => part.CopyTo(-1, new int[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => part.Slice(31));
        Assert.Throws<ArgumentOutOfRangeException>(() => part.Slice(5, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => part.Slice(1, long.MaxValue));
    }

    [Fact]
    public void Blocks_OfASourceThatIsNotInMemory_AreAllOfItOnce()
    {
        TokenSource source = new ComputedSource(200_000, place => (int)(place % 7));
        Assert.Equal(Enumerable.Range(0, 200_000).Select(place => place % 7),
            source.Blocks().SelectMany(block => block.ToArray()));
        Assert.Equal(28_572, source.Count(2));
    }

    // Longer than any array: the positions of its last minibatches exceed an int.
    [Fact]
    public void Sequential_SourceLongerThanAnInt_IsReadToItsEnd()
    {
        const int Rows = 4, Steps = 100;
        var iterator = new SequentialIterator(Endless, Rows, Steps, seed: 1);
        EpochPlan plan = iterator.Plan(0);
        long rowLength = (Vast - 1 - plan.Start(0, 0)) / Rows;
        Assert.Equal(rowLength / Steps, plan.NumBatches);
        var inputs = new int[Rows * Steps];
        var targets = new int[Rows * Steps];
        plan.Fill(Endless, plan.NumBatches - 1, inputs, targets);
        for (int row = 0; row < Rows; row++)
        {
            long begin = plan.Start(0, 0) + (row * rowLength) + ((rowLength / Steps - 1) * Steps);
            Assert.Equal(begin, plan.Start(plan.NumBatches - 1, row));
            for (int step = 0; step < Steps; step++)
            {
                Assert.Equal((begin + step) % Period, inputs[(row * Steps) + step]);
                Assert.Equal((begin + step + 1) % Period, targets[(row * Steps) + step]);
            }
        }
        Assert.InRange(plan.Start(plan.NumBatches - 1, Rows - 1), Vast - (2 * Rows * Steps), Vast - Steps - 1);
    }

    // No array can hold this many windows.
    [Theory]
    [InlineData(SamplingOrder.Windows)]
    [InlineData(SamplingOrder.Random)]
    public void Plan_SourceLongerThanAnInt_ReachesAllOfIt(SamplingOrder order)
    {
        MinibatchIterator iterator = MinibatchIterator.Create(order, Endless, batchSize: 1024, numSteps: 3, seed: 1);
        EpochPlan plan = iterator.Plan(0), other = iterator.Plan(1);
        long windows = order == SamplingOrder.Windows ? Vast - 3 : (Vast - 1 - (plan.Start(0, 0) % 3)) / 3 / 1024 * 1024;
        Assert.Equal((windows, (windows + 1023) / 1024), (plan.TotalRows, plan.NumBatches));
        int last = plan.NumBatches - 1;
        long[] starts = [.. new[] { 0, 1, last - 1 }.SelectMany(batch => Enumerable.Range(0, 1024).Select(row => plan.Start(batch, row)))];
        Assert.Equal(starts.Length, starts.Distinct().Count());
        Assert.All(starts, start => Assert.InRange(start, 0, Vast - 4));
        // Evenly over the text: of 3,072 draws, a quarter in each quarter of it, within six standard deviations.
        Assert.All(starts.GroupBy(start => start * 4 / Vast), quarter => Assert.InRange(quarter.Count(), 768 - 144, 768 + 144));
        Assert.NotEqual(plan.Start(last, 0), other.Start(last, 0));
        var inputs = new int[1024 * 3];
        var targets = new int[1024 * 3];
        plan.Fill(Endless, last, inputs, targets);
        for (int row = 0; row < plan.RowsOf(last); row++)
            Assert.Equal((plan.Start(last, row) + 3) % Period, targets[(row * 3) + 2]);
    }

    // All readers get the same results whether a text is in memory or not.
    [Fact]
    public void AllReaders_SourceThatIsNotInMemory_GiveTheNumbersOfTheSameIdsInMemory()
    {
        int[] ids = [.. Enumerable.Range(0, 1500).Select(i => 1 + (i * i % 7 * (i % 5) % 4))];
        var computed = new ComputedSource(ids.Length, place => ids[place]);
        var vocab = new Vocab([new("a", 1), new("b", 1), new("c", 1), new("\n", 1)]);
        foreach (SamplingOrder order in Enum.GetValues<SamplingOrder>())
            Assert.Equal(Trained(order, ids), Trained(order, computed));
        using NGramModel model = NGramModel.Train(computed, 3, vocab.Count);
        Assert.Equal(NGramModel.Train(ids, 3, vocab.Count).NGrams, model.NGrams);
        foreach (var config in new EvaluationConfig[] { new() { Rows = 3, WarmUp = 20 }, new() { ResetEvery = 50 }, new() { WindowLength = 8 } })
        {
            TokenSurprisals inMemory = Evaluator.Surprisals(model, ids, config), other = Evaluator.Surprisals(model, computed, config);
            Assert.Equal(inMemory.Targets.ToArray(), other.Targets.ToArray());
            Assert.Equal(inMemory.Nats.ToArray(), other.Nats.ToArray());
            Assert.Equal(inMemory.Guesses.ToArray(), other.Guesses.ToArray());
        }
        TextSketch sketch = TextSketch.Of(ids, vocab, TokenKind.Word), same = TextSketch.Of(computed, vocab, TokenKind.Word);
        Assert.Equal(sketch.Pack(), same.Pack());
        Assert.Equal(sketch.ShareOf(ids, vocab), same.ShareOf(computed, vocab));

        double Trained(SamplingOrder order, TokenSource tokens)
        {
            TorchSharp.torch.manual_seed(1);
            using var network = new LanguageModel(new ModelConfig { NumHiddens = 8 }, vocab.Count);
            using var trainer = new Trainer(
                network, new TrainerConfig { NumEpochs = 1, BatchSize = 8, NumSteps = 10, Sampling = order }, tokens);
            return trainer.TrainEpoch(0).Train.Total;
        }
    }
}

public sealed class RandomOrderTests
{
    // Both stored and computed orders contain each item exactly once.
    [Theory]
    [InlineData(0, 100)]
    [InlineData(1, 0)]
    [InlineData(2, 0)]
    [InlineData(5, 0)]
    [InlineData(1000, 0)]
    [InlineData(4096, 0)]
    [InlineData(4097, 0)]
    [InlineData(1000, 1000)]
    public void Order_AnyCount_HasEveryItemOnce(int count, int mostHeld)
    {
        var order = new RandomOrder(count, new RandomStream(3), mostHeld);
        Assert.Equal(count, order.Count);
        Assert.Equal(Enumerable.Range(0, count).Select(item => (long)item), Items(order).Order());
    }

    // Every order of 4 items is about equally frequent: chi-square over 24 orders.
    [Fact]
    public void Order_ThatIsComputed_IsEveryOrderAboutAsOften()
    {
        const int Draws = 12_000;
        var random = new RandomStream(5);
        double[] counts = [.. Enumerable.Range(0, Draws).Select(_ => string.Concat(Items(new RandomOrder(4, random, mostHeld: 0))))
            .CountBy(order => order).Select(entry => (double)entry.Value)];
        Assert.Equal(24, counts.Length);
        Assert.InRange(counts.Sum(count => Math.Pow(count - (Draws / 24.0), 2) / (Draws / 24.0)), 0, 49.73); // 23 degrees, one in a thousand
    }

    private static IEnumerable<long> Items(RandomOrder order) =>
        Enumerable.Range(0, (int)order.Count).Select(place => order[place]);
}
