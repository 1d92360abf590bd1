using CharLM.Training;

namespace CharLM.Tests.Training;

public sealed class ScheduleTests
{
    private static double[] Rates(ScheduleConfig config, params double[] epochs)
    {
        var schedule = new Schedule(config, 0.5, 100);
        return [.. epochs.Select(schedule.RateAt)];
    }

    [Fact]
    public void RateAt_Constant_Stays() => Assert.Equal([0.5, 0.5, 0.5], Rates(new ScheduleConfig(), 0, 50, 99.9));

    [Fact]
    public void RateAt_Step_IsMultipliedAfterEverySoManyEpochs() =>
        Assert.Equal([0.5, 0.5, 0.05, 0.05, 0.005],
            Rates(new ScheduleConfig { Kind = ScheduleKind.Step, StepEpochs = 10, Factor = 0.1 }, 0, 9.99, 10, 19, 20), (a, b) =>
                Math.Abs(a - b) < 1e-12);

    [Fact]
    public void RateAt_Cosine_FallsAlongHalfACosine()
    {
        double[] rates = Rates(new ScheduleConfig { Kind = ScheduleKind.Cosine, EndFraction = 0.2 }, 0, 25, 50, 100);
        Assert.Equal([0.5, 0.5 * (0.2 + (0.8 * (0.5 + (Math.Sqrt(2) / 4)))), 0.5 * 0.6, 0.1], rates, (a, b) => Math.Abs(a - b) < 1e-12);
    }

    [Fact]
    public void RateAt_WarmUp_RisesFromZeroAndThenGoesItsWay()
    {
        double[] rates = Rates(new ScheduleConfig { Kind = ScheduleKind.Cosine, WarmUpEpochs = 4 }, 1, 2, 4, 52, 100);
        Assert.Equal([0.125, 0.25, 0.5, 0.25, 0], rates, (a, b) => Math.Abs(a - b) < 1e-12);
    }

    [Fact]
    public void EpochEnded_Plateau_LowersAfterSoManyEpochsWithoutABetterOne()
    {
        var schedule = new Schedule(
            new ScheduleConfig { Kind = ScheduleKind.Plateau, PlateauEpochs = 2, Factor = 0.5, EndFraction = 0.3 }, 1, 100);
        var rates = new List<double>();
        foreach (double nats in new[] { 3.0, 2, 2.5, 2.1, 1.9, 2, 2, 2, 2 })
        {
            schedule.EpochEnded(nats);
            rates.Add(schedule.RateAt(0));
        }
        Assert.Equal([1, 1, 1, 0.5, 0.5, 0.5, 0.3, 0.3, 0.3], rates);
    }

    [Theory]
    [InlineData(ScheduleKind.Constant)]
    [InlineData(ScheduleKind.Step)]
    [InlineData(ScheduleKind.Cosine)]
    public void EpochEnded_NoPlateau_RemembersNothing(ScheduleKind kind)
    {
        var schedule = new Schedule(new ScheduleConfig { Kind = kind, PlateauEpochs = 1 }, 1, 100);
        for (int epoch = 0; epoch < 9; epoch++)
            schedule.EpochEnded(2);
        Assert.Equal(Schedule.Memory.Fresh, schedule.State);
    }

    [Fact]
    public void Faults_Config_AreAllNamed() =>
        Assert.Equal(5, new ScheduleConfig { WarmUpEpochs = -1, StepEpochs = 0, PlateauEpochs = 0, Factor = 1, EndFraction = 2 }.Errors()
            .Count());
}
