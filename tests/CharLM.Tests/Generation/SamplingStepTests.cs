using CharLM.Generation;

namespace CharLM.Tests.Generation;

public sealed class SamplingStepTests
{
    // Probabilities of tokens 1 to 5; token 0 is <unk>.
    private static readonly double[] Probabilities = [0.4, 0.25, 0.2, 0.1, 0.05];

    private static float[] Logits => [5, .. Probabilities.Select(probability => (float)Math.Log(probability))];

    public static TheoryData<SamplingStep[], double[]> Distributions => new()
    {
        { [], [0.4, 0.25, 0.2, 0.1, 0.05] },
        { [new SamplingStep.TopK(2)], [0.4, 0.25, 0, 0, 0] },
        { [new SamplingStep.TopK(99)], [0.4, 0.25, 0.2, 0.1, 0.05] },
        { [new SamplingStep.TopP(0.6)], [0.4, 0.25, 0, 0, 0] }, // 0.4 is not enough
        { [new SamplingStep.TopP(0.7)], [0.4, 0.25, 0.2, 0, 0] },
        { [new SamplingStep.TopP(1)], [0.4, 0.25, 0.2, 0.1, 0.05] },
        { [new SamplingStep.TopP(1e-9)], [0.4, 0, 0, 0, 0] },
        { [new SamplingStep.MinP(0.3)], [0.4, 0.25, 0.2, 0, 0] }, // at least 0.12
        { [new SamplingStep.MinP(1)], [0.4, 0, 0, 0, 0] },
        // The order of application is fixed: of the 3 most probable tokens, those that make up 0.7 of 0.85.
        { [new SamplingStep.TopP(0.7), new SamplingStep.TopK(3)], [0.4, 0.25, 0, 0, 0] },
        { [new SamplingStep.MinP(0.6), new SamplingStep.TopP(0.9), new SamplingStep.TopK(4)], [0.4, 0.25, 0, 0, 0] },
    };

    // Chi-square at one in a thousand, by degrees of freedom.
    private static readonly double[] Critical = [0, 10.83, 13.82, 16.27, 18.47];

    [Theory, MemberData(nameof(Distributions))]
    public void Choose_Steps_DrawFromTheDistributionThatTheyDescribe(SamplingStep[] steps, double[] weights)
    {
        const int Draws = 50_000;
        foreach (double temperature in (double[])[1, 0.7])
        {
            // At another temperature top-p and min-p see other probabilities, so only top-k is compared.
            if (temperature != 1 && steps.Any(step => step is not SamplingStep.TopK))
                continue;
            var sampler = new TokenSampler(Sampling.Of([.. steps, new SamplingStep.Temperature(temperature)]), 5);
            var seen = new int[6];
            for (int i = 0; i < Draws; i++)
                seen[sampler.Choose(Logits)]++;
            double[] tempered = [.. weights.Select(weight => Math.Pow(weight, 1 / temperature))];
            double chiSquare = 0;
            for (int i = 0; i < weights.Length; i++)
            {
                double expected = Draws * tempered[i] / tempered.Sum();
                if (expected == 0)
                    Assert.Equal(0, seen[i + 1]);
                else
                    chiSquare += Math.Pow(seen[i + 1] - expected, 2) / expected;
            }
            Assert.Equal(0, seen[0]);
            Assert.InRange(chiSquare, 0, Critical[weights.Count(weight => weight > 0) - 1]);
        }
    }

    [Fact]
    public void Choose_RepetitionPenalty_DividesPositiveAndMultipliesNegativeLogits()
    {
        var sampler = new TokenSampler(Sampling.Of(new SamplingStep.RepetitionPenalty(2, 2)), 0);
        sampler.Remember(1);
        float[] logits = [0, 3, 2, -1];
        Assert.Equal(2, sampler.Choose(logits));
        Assert.Equal([float.NegativeInfinity, 1.5f, 2, -1], logits);
        sampler.Remember(2);
        sampler.Remember(3); // 1 has left the window
        logits = [0, 3, 2, -1];
        Assert.Equal(1, sampler.Choose(logits));
        Assert.Equal([float.NegativeInfinity, 3, 1, -2], logits);
    }

    [Fact]
    public void Choose_RepetitionPenaltyOverTheWholeText_ForgetsNothing()
    {
        var sampler = new TokenSampler(Sampling.Of(new SamplingStep.RepetitionPenalty(10, 0)), 0);
        sampler.Remember(1);
        for (int i = 0; i < 1000; i++)
            sampler.Remember(2);
        Assert.Equal(3, sampler.Choose(new float[] { 0, 3, 3, 1 }));
    }

    [Fact]
    public void Faults_ManyAtOnce_AreAllNamed()
    {
        string[] errors = [.. Sampling.Errors(
            [new SamplingStep.TopK(0), new SamplingStep.TopP(1.5), new SamplingStep.MinP(0), new SamplingStep.RepetitionPenalty(-1, -5),
                new SamplingStep.Temperature(double.NaN), new SamplingStep.TopK(3)])];
        Assert.Equal(
            ["top-k must", "top-p must", "min-p must", "repetition-penalty must", "repetition-window must", "temperature must",
                "top-k is given 2 times"],
            errors.Select(error => string.Join(' ', error.Split(' ')[..(error.Contains("given", StringComparison.Ordinal) ? 5 : 2)])));
        Assert.Contains("nothing is drawn", Assert.Single(Sampling.Errors([new SamplingStep.TopP(0.5)])), StringComparison.Ordinal);
    }
}
