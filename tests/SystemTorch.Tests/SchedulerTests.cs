namespace SystemTorch.Tests;

public class SchedulerTests
{
    public static TheoryData<string, Func<optim.Optimizer, optim.lr_scheduler.LRScheduler>, Func<int, double>> Schedules => new()
    {
        { "StepLR", o => optim.lr_scheduler.StepLR(o, 3, 0.5), epoch => Math.Pow(0.5, epoch / 3) },
        { "MultiStepLR", o => optim.lr_scheduler.MultiStepLR(o, [2, 5], 0.1), epoch => Math.Pow(0.1, epoch >= 5 ? 2 : epoch >= 2 ? 1 : 0) },
        { "ConstantLR", o => optim.lr_scheduler.ConstantLR(o, 0.5, 4), epoch => epoch < 4 ? 0.5 : 1 },
        { "LinearLR", o => optim.lr_scheduler.LinearLR(o, 0.25, 1, 4), epoch => 0.25 + (0.75 * Math.Min(epoch, 4) / 4) },
        { "ExponentialLR", o => optim.lr_scheduler.ExponentialLR(o, 0.9), epoch => Math.Pow(0.9, epoch) },
        { "CosineAnnealingLR", o => optim.lr_scheduler.CosineAnnealingLR(o, 5, 0.1), epoch => (0.1 + (1.9 * (1 + Math.Cos(Math.PI * epoch / 5)) / 2)) / 2 },
        { "LambdaLR", o => optim.lr_scheduler.LambdaLR(o, epoch => 1.0 / (1 + epoch)), epoch => 1.0 / (1 + epoch) },
        { "MultiplicativeLR", o => optim.lr_scheduler.MultiplicativeLR(o, _ => 0.8), epoch => Math.Pow(0.8, epoch) },
    };

    [Theory]
    [MemberData(nameof(Schedules))]
    public void Step_EveryEpoch_FollowsTheFormula(string name, Func<optim.Optimizer, optim.lr_scheduler.LRScheduler> make, Func<int, double> factor)
    {
        Assert.NotEmpty(name);
        using Parameter parameter = new(ones(1));
        using var optimizer = optim.SGD([parameter], 2.0);
        optim.lr_scheduler.LRScheduler schedule = make(optimizer);
        for (int epoch = 0; epoch < 12; epoch++)
        {
            Assert.Equal(2.0 * factor(epoch), optimizer.ParamGroups.Single().LearningRate, 1e-9);
            Assert.Equal([optimizer.ParamGroups.Single().LearningRate], schedule.get_last_lr());
            schedule.step();
        }
    }

    [Fact]
    public void ReduceLROnPlateau_NoImprovement_ReducesAfterItsPatience()
    {
        using Parameter parameter = new(ones(1));
        using var optimizer = optim.SGD([parameter], 1.0);
        var schedule = optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor: 0.5, patience: 2);
        double[] losses = [1.0, 0.9, 0.9, 0.9, 0.9, 0.8, 0.8, 0.8, 0.8];
        double[] rates = [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25];
        foreach (var (loss, rate) in losses.Zip(rates))
        {
            schedule.step(loss);
            Assert.Equal(rate, optimizer.ParamGroups.Single().LearningRate);
        }
    }
}
