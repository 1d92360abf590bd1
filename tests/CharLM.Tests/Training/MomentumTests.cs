using CharLM.Models;
using CharLM.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Tests.Training;

/// <summary>SGD with momentum and Nesterov's, against TorchSharp's own SGD and torch's documented formula in plain numbers.</summary>
public sealed class MomentumTests
{
    private const double Rate = 0.05;
    private const int Length = 50;

    [Theory]
    [InlineData(0.9, false, 0.0)]
    [InlineData(0.9, true, 0.0)]
    [InlineData(0.5, false, 0.3)]
    [InlineData(0.5, true, 0.3)]
    public void Step_WithMomentum_IsTorchSharpsAndThePlainFormula(double momentum, bool nesterov, double decay)
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(8);
        float[] begin = FloatArray.Of(randn(Length));
        float[][] gradients = [.. Enumerable.Range(0, 6).Select(_ => FloatArray.Of(randn(Length)))];

        float[] expected = ByFormula(begin, gradients, momentum, nesterov, decay);
        var own = new Parameter(tensor(begin).clone());
        using OptimizerHelper torchs = optim.SGD([own], Rate, momentum, weight_decay: decay, nesterov: nesterov);
        foreach (float[] gradient in gradients)
        {
            own.grad = tensor(gradient).clone();
            torchs.step();
        }
        AssertClose(expected, FloatArray.Of(own));
        AssertClose(expected, OneWeight.ByTensors(
            weight => new TorchOptimizer(OptimizerKind.Sgd, [weight], Rate, decay, momentum, nesterov), begin, gradients));
        AssertClose(expected, OneWeight.ByTensors(weight => new ScratchSgd([weight], Rate, decay, momentum, nesterov), begin, gradients));
        AssertClose(expected, OneWeight.ByFused(
            (raw, workers) => new FusedOptimizer(raw, workers, OptimizerKind.Sgd, Rate, decay, momentum, nesterov), begin, gradients));
    }

    [Theory]
    [InlineData(Implementation.Fused)]
    [InlineData(Implementation.BuiltIn)]
    [InlineData(Implementation.Custom)]
    public void Create_ConfigWithMomentum_HandsItOn(Implementation implementation)
    {
        float[] plain = AfterThreeSteps(0, false), heavy = AfterThreeSteps(0.9, false), nesterov = AfterThreeSteps(0.9, true);
        Assert.NotEqual(plain, heavy);
        Assert.NotEqual(heavy, nesterov);

        float[] AfterThreeSteps(double momentum, bool looksAhead) => OneWeight.AfterThreeSteps(
            implementation, new TrainerConfig { LearningRate = 0.1, Momentum = momentum, Nesterov = looksAhead });
    }

    [Fact]
    public void Errors_MomentumThatCannotBe_SaysWhy()
    {
        Assert.Equal(["momentum is for the optimizer sgd, not for adam"],
            new TrainerConfig { Optimizer = OptimizerKind.Adam, Momentum = 0.9 }.Errors());
        Assert.Equal(["nesterov changes how momentum acts: give --momentum above 0, too"], new TrainerConfig { Nesterov = true }.Errors());
        Assert.All(new[] { -0.1, 1, double.NaN }, wrong => Assert.Equal(
            [$"momentum must be at least 0 and below 1, not {wrong}"], new TrainerConfig { Momentum = wrong }.Errors()));
    }

    // torch.optim.SGD's documentation, with dampening 0.
    private static float[] ByFormula(float[] begin, float[][] gradients, double momentum, bool nesterov, double decay)
    {
        double[] w = [.. begin.Select(value => (double)value)], b = new double[Length];
        for (int t = 0; t < gradients.Length; t++)
        {
            for (int i = 0; i < Length; i++)
            {
                double g = gradients[t][i] + (decay * w[i]);
                b[i] = t == 0 ? g : (momentum * b[i]) + g;
                w[i] -= Rate * (nesterov ? g + (momentum * b[i]) : b[i]);
            }
        }
        return [.. w.Select(value => (float)value)];
    }

    private static void AssertClose(float[] expected, float[] actual) =>
        Assert.Equal(expected, actual, (a, b) => Math.Abs(a - b) < 1e-5);
}
