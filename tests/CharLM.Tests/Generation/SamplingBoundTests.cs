using CharLM.Generation;

namespace CharLM.Tests.Generation;

/// <summary>Tokens exactly at the bound of a step.</summary>
public sealed class SamplingBoundTests
{
    /// <summary>
    /// The fewest tokens that together reach the mass (Holtzman et al. 2020); on a tie, those first in the vocab.
    /// </summary>
    [Theory]
    [InlineData(0.5, 2, 1)]
    [InlineData(0.51, 2, 2)]
    [InlineData(0.25, 4, 1)]
    [InlineData(0.5, 4, 2)]
    [InlineData(0.75, 4, 3)]
    [InlineData(1.0, 4, 4)]
    public void TopP_EqualLogits_KeepsTheFewestThatReachTheMass(double mass, int equals, int kept)
    {
        float[] logits = [9, .. Enumerable.Repeat(0.5f, equals), float.NegativeInfinity];
        Assert.Equal(Enumerable.Range(1, kept), Drawn(logits, new SamplingStep.TopP(mass)));
    }

    [Theory]
    [InlineData(1, new[] { 2 })]
    [InlineData(2, new[] { 1, 2 })]
    [InlineData(3, new[] { 1, 2, 4 })]
    [InlineData(4, new[] { 1, 2, 3, 4 })]
    public void TopK_EqualLogits_KeepsThoseThatComeFirst(int count, int[] kept) =>
        Assert.Equal(kept, Drawn([9, 0.25f, 0.5f, 0, 0.25f], new SamplingStep.TopK(count)));

    // "At least as probable" includes the bound itself.
    [Fact]
    public void MinP_EqualLogits_AllReachTheWhole() =>
        Assert.Equal([1, 3], Drawn([9, 0.5f, 0.25f, 0.5f], new SamplingStep.MinP(1)));

    private static int[] Drawn(float[] logits, SamplingStep step)
    {
        var sampler = new TokenSampler(Sampling.Of(step, new SamplingStep.Temperature(1)), 1);
        return [.. Enumerable.Range(0, 200).Select(_ => sampler.Choose([.. logits])).Distinct().Order()];
    }
}
