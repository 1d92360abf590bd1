using CharLM.Evaluation;
using CharLM.Randomness;

namespace CharLM.Tests.Evaluation;

public sealed class BlockBootstrapTests
{
    [Fact]
    public void OfMean_IndependentValues_IsAsWideAsTheNormalInterval()
    {
        // Uniform on [0, 1): the standard deviation of the mean of n is sqrt(1/12/n), and 95 % lie within 1.96 of them.
        const int Count = 10_000;
        var random = new RandomStream(7);
        float[] values = [.. Enumerable.Range(0, Count).Select(_ => (float)random.NextDouble())];
        double mean = values.Average(value => (double)value), expected = 2 * 1.96 * Math.Sqrt(1.0 / 12 / Count);
        Interval interval = BlockBootstrap.OfMean(values, samples: 4000);
        Assert.InRange(mean, interval.Low, interval.High);
        Assert.InRange((interval.High - interval.Low) / expected, 0.9, 1.1);
    }

    [Fact]
    public void OfMean_NeighboursAlike_IsWiderThanTokenByToken()
    {
        // Runs of 50 equal values carry the information of 1/50 of the tokens: the interval is sqrt(50) times as wide.
        var random = new RandomStream(7);
        float[] values = [.. Enumerable.Range(0, 400).SelectMany(_ => Enumerable.Repeat((float)random.NextDouble(), 50))];
        Interval single = BlockBootstrap.OfMean(values, samples: 2000, blockLength: 1),
            blocks = BlockBootstrap.OfMean(values, samples: 2000, blockLength: 500);
        Assert.InRange((blocks.High - blocks.Low) / (single.High - single.Low), 5.5, 8.5);
    }

    [Fact]
    public void OfMean_OneValueOrOneBlock_HasNoWidth()
    {
        Assert.Equal(new Interval(3, 3), BlockBootstrap.OfMean([3f]));
        Interval whole = BlockBootstrap.OfMean([1f, 2f, 6f], blockLength: 3);
        Assert.Equal((3, 3), (whole.Low, whole.High));
    }

    // One value of 20 is 1. On a ring half of all blocks of 10 contain it, wherever it is: two blocks contain it 0, 1 or 2 times in a
    // quarter, a half and a quarter of all texts. Without a ring, only one of 11 blocks would contain the first value: never twice.
    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(19)]
    public void OfMean_ValueAtAnyPlace_IsDrawnAlike(int place)
    {
        var values = new float[20];
        values[place] = 1;
        Interval interval = BlockBootstrap.OfMean(values, samples: 2000, blockLength: 10);
        Assert.Equal((0, 0.1), (interval.Low, interval.High));
    }

    // A text of 5 is drawn as a block of 4 plus one value: the block contains the value 10 in 4 of 5 texts, the rest in 1 of 5.
    [Fact]
    public void OfMean_LastBlock_IsCutToTheLengthOfTheText()
    {
        Interval interval = BlockBootstrap.OfMean([0f, 0f, 0f, 0f, 10f], samples: 2000, blockLength: 4);
        Assert.Equal((0, 4), (interval.Low, interval.High));
    }

    [Fact]
    public void OfMean_SameSeed_IsTheSame()
    {
        float[] values = [.. Enumerable.Range(0, 500).Select(i => (float)(i * i % 17))];
        Assert.Equal(BlockBootstrap.OfMean(values, seed: 3), BlockBootstrap.OfMean(values, seed: 3));
        Assert.NotEqual(BlockBootstrap.OfMean(values, seed: 3), BlockBootstrap.OfMean(values, seed: 4));
    }

    [Fact]
    public void OfMean_Nothing_Throws() => Assert.Throws<ArgumentException>(() => BlockBootstrap.OfMean([]));
}
