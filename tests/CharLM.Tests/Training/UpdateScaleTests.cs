using CharLM.Models.Fused;
using CharLM.Models.Fused.Threads;
using CharLM.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Tests.Training;

/// <summary>Clipping leaves no state behind; and the steps of a schedule are counted from the start of the run.</summary>
public sealed unsafe class UpdateScaleTests
{
    [Fact]
    public void Step_WithoutClippingAfterAClippedOne_TakesTheWholeGradient()
    {
        using DisposeScope scope = NewDisposeScope();
        using var holder = new OneWeight([0, 0]);
        using var raw = new RawWeights(holder);
        using var workers = new Workers(1);
        using var update = new FusedOptimizer(raw, workers, OptimizerKind.Sgd, 1);
        var gradient = new Span<float>(raw["weight"].Gradient, 2);
        (gradient[0], gradient[1]) = (30, 40);
        update.Clip(5);
        update.Step();
        Assert.Equal([-3f, -4f], holder.Values);
        (gradient[0], gradient[1]) = (1, 2);
        update.Step();
        Assert.Equal([-4f, -6f], holder.Values);
    }

    // Whatever the warm-up, epochs are those of the run.
    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(7.5)]
    public void RateAt_StepAfterWarmUp_CountsTheEpochsOfTheRun(double warmUp)
    {
        var schedule = new Schedule(new ScheduleConfig
        {
            Kind = ScheduleKind.Step,
            StepEpochs = 10,
            Factor = 0.5,
            WarmUpEpochs = warmUp
        }, 0.8, 40);
        Assert.Equal([0.8, 0.4, 0.4, 0.2, 0.1], new[] { 9.99, 10, 19.99, 20, 30 }.Select(schedule.RateAt),
            (a, b) => Math.Abs(a - b) < 1e-12);
    }
}
