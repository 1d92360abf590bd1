using CharLM.Generation;

namespace CharLM.Tests.Generation;

public sealed class TokenSamplerTests
{
    private static float[] Logits => [9f, 0.1f, 2f, -1f, 1f];

    [Fact]
    public void Choose_Greedy_TakesTheHighestButNeverUnknown() =>
        Assert.Equal(2, new TokenSampler(Sampling.Greedy, 0).Choose(Logits));

    [Theory]
    [InlineData(0.5)]
    [InlineData(1)]
    [InlineData(3)]
    public void Choose_Temperature_FollowsTheSoftmaxWithoutUnknown(double temperature)
    {
        const int Draws = 50_000;
        var sampler = new TokenSampler(Sampling.AtTemperature(temperature), 11);
        var seen = new int[5];
        for (int i = 0; i < Draws; i++)
            seen[sampler.Choose(Logits)]++;

        double[] weights = [0, .. Logits.Skip(1).Select(logit => Math.Exp(logit / temperature))];
        double[] expected = [.. weights.Select(weight => Draws * weight / weights.Sum())];
        Assert.Equal(0, seen[0]);
        // 3 degrees of freedom, one in a thousand
        Assert.InRange(Enumerable.Range(1, 4).Sum(id => Math.Pow(seen[id] - expected[id], 2) / expected[id]), 0, 16.27);
    }

    [Fact]
    public void Choose_SameSeed_GivesTheSameDraws()
    {
        int[] Draw(long seed)
        {
            var sampler = new TokenSampler(Sampling.AtTemperature(1), seed);
            return [.. Enumerable.Range(0, 50).Select(_ => sampler.Choose(Logits))];
        }
        Assert.Equal(Draw(1), Draw(1));
        Assert.NotEqual(Draw(1), Draw(2));
    }

    [Fact]
    public void Choose_TinyTemperature_DoesNotOverflow() =>
        Assert.Equal(2, new TokenSampler(Sampling.AtTemperature(1e-300), 0).Choose(Logits));

    [Fact]
    public void Choose_NothingToChoose_Throws()
    {
        Assert.Throws<GenerationException>(() => new TokenSampler(Sampling.Greedy, 0).Choose(new float[1]));
        Assert.Throws<GenerationException>(() => new TokenSampler(Sampling.Greedy, 0).Choose(new float[] { 0, float.NaN, 1 }));
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void AtTemperature_OutsideTheRange_Throws(double temperature) =>
        Assert.Throws<InvalidConfigException>(() => Sampling.AtTemperature(temperature));
}
