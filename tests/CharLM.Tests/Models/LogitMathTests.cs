using CharLM.Generation;
using CharLM.Models;

namespace CharLM.Tests.Models;

/// <summary>Logits of any magnitude: only their differences count, and nothing overflows.</summary>
public sealed class LogitMathTests
{
    // exp overflows float32 at 88.7 and float64 at 709.8.
    public static TheoryData<float> Heights => [0, 100, -100, 1000, -1000, 30_000, -30_000];

    // 11 logits, which give a whole vector and a remainder for any register width.
    private static readonly double[] Weights = [1, 5, 2, 0.5, 3, 1, 1, 0.25, 4, 2, 0.75];

    private static float[] Logits(float height) => [.. Weights.Select(weight => (float)(height + Math.Log(weight)))];

    [Theory]
    [MemberData(nameof(Heights))]
    public void LogSumExp_AnyHeight_IsTheHeightAndTheLogarithmOfTheSum(float height)
    {
        Assert.Equal(height + Math.Log(Weights.Sum()), LogitMath.LogSumExp(Logits(height)), 1e-2);
        // Equal logits are exact inputs.
        Assert.Equal(height + Math.Log(3), LogitMath.LogSumExp([height, height, height]), 1e-9);
    }

    [Fact]
    public void LogSumExp_WithoutFiniteLogits_IsTheHighest()
    {
        Assert.Equal(float.NegativeInfinity, LogitMath.LogSumExp([float.NegativeInfinity, float.NegativeInfinity]));
        Assert.Equal(float.PositiveInfinity, LogitMath.LogSumExp([0, float.PositiveInfinity]));
        Assert.Equal(7, LogitMath.LogSumExp([float.NegativeInfinity, 7]));
    }

    [Theory]
    [MemberData(nameof(Heights))]
    public void Exponentials_AnyHeight_AreThoseOfTheDistancesToTheHighest(float height)
    {
        float[] logits = Logits(height), weights = new float[logits.Length];
        double sum = LogitMath.Exponentials(logits, LogitMath.Highest(logits), weights);
        Assert.Equal([.. Weights.Select(weight => weight / 5)], weights.Select(weight => (double)weight).ToArray(),
            (a, b) => Math.Abs(a - b) < 5e-3 * a);
        Assert.Equal(weights.Sum(weight => (double)weight), sum, 1e-5);
    }

    [Theory]
    [MemberData(nameof(Heights))]
    public void Choose_AnyHeight_DrawsWhatLowLogitsDraw(float height)
    {
        // Sums of powers of two as logits, whose differences are exact at every magnitude in the list.
        float[] low = [0, 1, 0.5f, -1, 0.25f, 2, -0.5f, 1.5f, 0, -2, 0.75f];
        int[] Draw(float above, SamplingStep[] steps)
        {
            var sampler = new TokenSampler(Sampling.Of([new SamplingStep.Temperature(0.5), .. steps]), 3);
            return [.. Enumerable.Range(0, 60).Select(_ => sampler.Choose(low.Select(logit => logit + above).ToArray()))];
        }
        foreach (SamplingStep[] steps in (SamplingStep[][])[[], [new SamplingStep.TopP(0.8)], [new SamplingStep.MinP(0.2)],
            [new SamplingStep.TopK(4)]])
            Assert.Equal(Draw(0, steps), Draw(height, steps));
        Assert.True(Draw(height, []).Distinct().Count() > 2);
    }
}
