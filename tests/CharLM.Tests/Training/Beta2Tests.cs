using CharLM.Models;
using CharLM.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Tests.Training;

/// <summary>Adam's second decay, against the formulas of Kingma and Ba (2015) and of Loshchilov and Hutter (2019) in plain numbers.</summary>
public sealed class Beta2Tests
{
    private const double Rate = 0.05, Beta1 = 0.9, Epsilon = 1e-8;
    private const int Length = 50;

    [Theory]
    [InlineData(OptimizerKind.Adam, 0.99, 0.0)]
    [InlineData(OptimizerKind.Adam, 0.5, 0.3)]
    [InlineData(OptimizerKind.AdamW, 0.99, 0.3)]
    [InlineData(OptimizerKind.AdamW, 0.9999, 0.0)]
    public void Step_WithBeta2_IsThePlainFormula(OptimizerKind kind, double beta2, double decay)
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(8);
        float[] begin = FloatArray.Of(randn(Length));
        float[][] gradients = [.. Enumerable.Range(0, 6).Select(_ => FloatArray.Of(randn(Length)))];

        float[] expected = ByFormula(kind, begin, gradients, beta2, decay);
        AssertClose(expected, OneWeight.ByTensors(
            weight => new TorchOptimizer(kind, [weight], Rate, decay, beta2: beta2), begin, gradients));
        AssertClose(expected, OneWeight.ByFused(
            (raw, workers) => new FusedOptimizer(raw, workers, kind, Rate, decay, beta2: beta2), begin, gradients));
        // The decay exceeds rounding errors: PyTorch's default gives other weights.
        Assert.True(expected.Zip(ByFormula(kind, begin, gradients, 0.999, decay)).Max(pair => Math.Abs(pair.First - pair.Second)) > 5e-5);
    }

    [Theory]
    [InlineData(Implementation.Fused)]
    [InlineData(Implementation.BuiltIn)]
    [InlineData(Implementation.Custom)]
    public void Create_ConfigWithBeta2_HandsItOn(Implementation implementation)
    {
        Assert.Equal(AfterThreeSteps(0.999), AfterThreeSteps(new TrainerConfig().Beta2));
        Assert.NotEqual(AfterThreeSteps(0.999), AfterThreeSteps(0.9));

        float[] AfterThreeSteps(double beta2) => OneWeight.AfterThreeSteps(
            implementation, new TrainerConfig { Optimizer = OptimizerKind.AdamW, LearningRate = 0.1, Beta2 = beta2 });
    }

    [Fact]
    public void Errors_Beta2ThatCannotBe_SaysWhy()
    {
        Assert.Equal(["beta2 is for the optimizers adam and adamw, not for sgd"], new TrainerConfig { Beta2 = 0.9 }.Errors());
        Assert.All(new[] { 0, 1, -0.1, double.NaN }, wrong => Assert.Equal([$"beta2 must be above 0 and below 1, not {wrong}"],
            new TrainerConfig { Optimizer = OptimizerKind.AdamW, Beta2 = wrong }.Errors()));
    }

    private static float[] ByFormula(OptimizerKind kind, float[] begin, float[][] gradients, double beta2, double decay)
    {
        double[] w = [.. begin.Select(value => (double)value)], m = new double[Length], v = new double[Length];
        for (int t = 1; t <= gradients.Length; t++)
        {
            for (int i = 0; i < Length; i++)
            {
                double g = gradients[t - 1][i];
                if (kind == OptimizerKind.AdamW)
                    w[i] -= Rate * decay * w[i];
                else
                    g += decay * w[i];
                m[i] = (Beta1 * m[i]) + ((1 - Beta1) * g);
                v[i] = (beta2 * v[i]) + ((1 - beta2) * g * g);
                w[i] -= Rate * m[i] / (1 - Math.Pow(Beta1, t)) / (Math.Sqrt(v[i] / (1 - Math.Pow(beta2, t))) + Epsilon);
            }
        }
        return [.. w.Select(value => (float)value)];
    }

    private static void AssertClose(float[] expected, float[] actual) =>
        Assert.Equal(expected, actual, (a, b) => Math.Abs(a - b) < 2e-5);
}
