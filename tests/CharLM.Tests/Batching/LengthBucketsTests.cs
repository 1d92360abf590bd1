using CharLM.Batching;
using CharLM.Randomness;

namespace CharLM.Tests.Batching;

/// <summary>Minibatches of sequences of similar length.</summary>
public sealed class LengthBucketsTests
{
    // 1 to 40, mixed.
    private static int[] Lengths(int count) => [.. Enumerable.Range(0, count).Select(i => 1 + (i * 7919 % 40))];

    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 3)]
    [InlineData(64, 64)]
    [InlineData(1000, 8)]
    [InlineData(401, 8)] // one more than a pool of 50 minibatches
    public void Plan_AnyNumber_HasEachExampleOnceAndNoMinibatchTooLarge(int count, int batchSize)
    {
        int[][] batches = LengthBuckets.Plan(Lengths(count), batchSize, new RandomStream(1));
        Assert.Equal(Enumerable.Range(0, count), batches.SelectMany(batch => batch).Order());
        Assert.All(batches, batch => Assert.InRange(batch.Length, 1, batchSize));
        Assert.Equal((count + batchSize - 1) / batchSize, batches.Length);
    }

    [Fact]
    public void Plan_MixedLengths_PadsLittle()
    {
        int[] lengths = Lengths(1000);
        int[][] batches = LengthBuckets.Plan(lengths, 8, new RandomStream(2));
        int padded = batches.Sum(batch => batch.Length * batch.Max(example => lengths[example]));
        // Randomly shuffled minibatches of 8 would be padded to about 36 of 40, by 75 %.
        Assert.InRange((double)padded / lengths.Sum(), 1, 1.05);
    }

    // Otherwise every epoch would begin with short sequences and end with long ones.
    [Fact]
    public void Plan_Minibatches_ComeInNoOrderOfLength()
    {
        int[] lengths = Lengths(400);
        for (int seed = 0; seed < 5; seed++)
        {
            int[] longest = [.. LengthBuckets.Plan(lengths, 8, new RandomStream(seed))
                .Select(batch => batch.Max(example => lengths[example]))];
            int falls = longest.Zip(longest.Skip(1)).Count(pair => pair.Second < pair.First);
            Assert.InRange(falls, 10, 39); // of 49 steps, half on average
        }
    }

    [Fact]
    public void Plan_OtherNumbers_MixesAnew()
    {
        int[] lengths = Lengths(200);
        string Plan(long seed) => string.Join(' ', LengthBuckets.Plan(lengths, 8, new RandomStream(seed)).SelectMany(batch => batch));
        Assert.Equal(Plan(3), Plan(3));
        Assert.NotEqual(Plan(3), Plan(4));
        // Examples are combined differently each time.
        Assert.NotEqual(
            LengthBuckets.Plan(lengths, 8, new RandomStream(3)).Select(batch => string.Join(' ', batch.Order())).Order(),
            LengthBuckets.Plan(lengths, 8, new RandomStream(4)).Select(batch => string.Join(' ', batch.Order())).Order());
    }
}
