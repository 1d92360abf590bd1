using CharLM.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Tests.Training;

public sealed class UpdateTests
{
    private static Parameter Weight(params float[] values)
    {
        var parameter = new Parameter(tensor(values));
        (parameter * parameter).sum().backward(); // gradient 2 w
        return parameter;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Clip_LongGradients_ScalesAllToTheBoundTogether(bool scratch)
    {
        using DisposeScope scope = NewDisposeScope();
        Parameter one = Weight(3), two = Weight(0, 4); // gradients 6, (0, 8): norm 10
        using IOptimizer update = scratch ? new ScratchSgd([one, two], 1) : new TorchOptimizer(OptimizerKind.Sgd, [one, two], 1);

        Assert.Equal(10, update.Clip(5), 5);
        Assert.Equal(3, one.grad![0].ToDouble(), 5);
        Assert.Equal(4, two.grad![1].ToDouble(), 5);
        Assert.Equal(5, update.Clip(5), 5);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Clip_ByValue_CutsEveryValueOffAndTellsTheNormBefore(bool scratch)
    {
        using DisposeScope scope = NewDisposeScope();
        Parameter one = Weight(3), two = Weight(-0.5f, -4); // gradients 6, (-1, -8)
        using IOptimizer update = scratch ? new ScratchSgd([one, two], 1) : new TorchOptimizer(OptimizerKind.Sgd, [one, two], 1);

        Assert.Equal(Math.Sqrt(101), update.Clip(5, ClippingKind.Value), 4);
        Assert.Equal([5f], one.grad!.data<float>().ToArray());
        Assert.Equal([-1f, -5f], two.grad!.data<float>().ToArray());
    }

    [Theory]
    [InlineData(20, 4)] // short gradients are lengthened
    [InlineData(1, 0.2)]
    [InlineData(0, 1)] // 0 leaves them alone
    public void Clip_Rescale_GivesEveryGradientTheSameNorm(double bound, double factor)
    {
        using DisposeScope scope = NewDisposeScope();
        Parameter weight = Weight(1.5f, 2); // gradient (3, 4): norm 5
        using var update = new ScratchSgd([weight], 1);
        Assert.Equal(5, update.Clip(bound, ClippingKind.Rescale), 5);
        Assert.Equal([3 * factor, 4 * factor], weight.grad!.data<float>().ToArray().Select(value => (double)value), (a, b) =>
            Math.Abs(a - b) < 1e-5);
    }

    [Theory]
    [InlineData(true, 20)]
    [InlineData(true, 0)]
    [InlineData(false, 20)]
    [InlineData(false, 0)]
    public void Clip_ShortGradientsOrNoBound_LeavesThemAlone(bool scratch, double bound)
    {
        using DisposeScope scope = NewDisposeScope();
        Parameter weight = Weight(3, 4);
        using IOptimizer update = scratch ? new ScratchSgd([weight], 1) : new TorchOptimizer(OptimizerKind.Sgd, [weight], 1);
        Assert.Equal(10, update.Clip(bound), 5);
        Assert.Equal([6f, 8f], weight.grad!.data<float>().ToArray());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Step_Sgd_SubtractsLearningRateTimesGradient(bool scratch)
    {
        using DisposeScope scope = NewDisposeScope();
        Parameter weight = Weight(1, -2);
        using IOptimizer update = scratch ? new ScratchSgd([weight], 0.25) : new TorchOptimizer(OptimizerKind.Sgd, [weight], 0.25);
        update.Step();
        Assert.Equal([0.5f, -1f], weight.data<float>().ToArray()); // w - 0.25 * 2 w
        update.LearningRate = 0.5;
        update.Step();
        Assert.Equal([-0.5f, 1f], weight.data<float>().ToArray());
        update.ZeroGradients();
        update.Step();
        Assert.Equal([-0.5f, 1f], weight.data<float>().ToArray());
    }

    [Theory]
    [InlineData(OptimizerKind.Adam, 0.9)]
    [InlineData(OptimizerKind.AdamW, 0.9)] // TorchSharp's weight decay defaults to 0
    [InlineData(OptimizerKind.RmsProp, 0.0)]
    public void Step_AdaptiveOptimizer_TakesThePublishedFirstStep(OptimizerKind kind, double expected)
    {
        using DisposeScope scope = NewDisposeScope();
        Parameter weight = Weight(1);
        using var update = new TorchOptimizer(kind, [weight], 0.1);
        update.Step();
        // Adam's first step is lr * sign(g); RMSProp's is lr * g / sqrt(0.01 g^2) = 10 lr.
        Assert.Equal(expected, weight[0].ToDouble(), 5);
    }
}
