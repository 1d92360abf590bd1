using CharLM.Randomness;

namespace CharLM.Tests.Randomness;

public sealed class RandomStreamTests
{
    [Fact]
    public void Create_SameThree_GivesTheSameNumbers()
    {
        var one = new RandomStream(7, "x", 3);
        var two = new RandomStream(7, "x", 3);
        for (int i = 0; i < 100; i++)
            Assert.Equal(one.NextBits(), two.NextBits());
    }

    [Theory]
    [InlineData(8, "x", 3)]
    [InlineData(7, "y", 3)]
    [InlineData(7, "x", 4)]
    [InlineData(7, "", 3)]
    public void Create_AnotherSeedPurposeOrNumber_GivesOthers(long seed, string purpose, long number) =>
        Assert.NotEqual(new RandomStream(7, "x", 3).NextBits(), new RandomStream(seed, purpose, number).NextBits());

    [Fact]
    public void Next_ManyDraws_AreUniform()
    {
        const int Bound = 7, Draws = 70_000;
        var random = new RandomStream(1);
        var seen = new int[Bound];
        for (int i = 0; i < Draws; i++)
            seen[random.Next(Bound)]++;
        double chiSquare = seen.Sum(count => Math.Pow(count - (Draws / Bound), 2) / (Draws / Bound));
        Assert.InRange(chiSquare, 0, 22.46); // 6 degrees of freedom, one in a thousand
    }

    [Fact]
    public void NextDouble_ManyDraws_HaveMeanAndVarianceOfTheUniform()
    {
        var random = new RandomStream(2);
        double[] draws = [.. Enumerable.Range(0, 100_000).Select(_ => random.NextDouble())];
        Assert.All(draws, draw => Assert.InRange(draw, 0, 1 - 1e-17));
        Assert.Equal(0.5, draws.Average(), 0.005);
        Assert.Equal(1.0 / 12, draws.Select(draw => Math.Pow(draw - 0.5, 2)).Average(), 0.002);
    }

    [Fact]
    public void Shuffle_Items_GivesEveryOrderEquallyOften()
    {
        var orders = new Dictionary<string, int>();
        for (int i = 0; i < 24_000; i++)
        {
            char[] items = ['a', 'b', 'c', 'd'];
            new RandomStream(5, "shuffle", i).Shuffle(items.AsSpan());
            string order = new(items);
            orders[order] = orders.GetValueOrDefault(order) + 1;
        }
        Assert.Equal(24, orders.Count);
        Assert.InRange(orders.Values.Sum(count => Math.Pow(count - 1000, 2) / 1000), 0, 49.73); // 23 degrees of freedom, one in a thousand
    }
}
