using CharLM.Workbench.Runs;

namespace CharLM.Tests.Workbench.Runs;

/// <summary>How often checkpoints are written, with a clock that only the test moves.</summary>
public sealed class CheckpointPaceTests
{
    // The seconds of a save, and the longest time in which work can be lost: a minute, if 2 % of it is enough for saving.
    [Theory]
    [InlineData(0.0, 0.01, 60)]
    [InlineData(0.02, 0.5, 60)]
    [InlineData(0.5, 0.5, 60)]
    [InlineData(1.0, 4, 60)]
    [InlineData(5.0, 1, 50 * 5 + 2)]
    [InlineData(120.0, 10, 50 * 120 + 20)]
    public void IsDueAfterStep_Automatic_LosesAMinuteAtMostAndTakesTwoPercent(double save, double step, double mostLost)
    {
        var clock = new Clock();
        var pace = new CheckpointPace(CheckpointInterval.Automatic, clock);
        double saving = 0, lost = 0, longest = 0;
        int saves = 0;
        while (clock.Seconds < 20_000)
        {
            clock.Seconds += step;
            lost += step;
            longest = Math.Max(longest, lost);
            if (!pace.IsDueAfterStep(1))
                continue;
            pace.Write(() => clock.Seconds += save);
            lost = save;
            // The duration of the first save is not known in advance.
            if (++saves > 1)
                saving += save;
        }
        Assert.InRange(longest, 50, mostLost);
        Assert.InRange(saving / clock.Seconds, 0, 0.02);
        Assert.True(saves > 2);
    }

    // Every epoch is the best.
    [Theory]
    [InlineData(0.001, 0.1)]
    [InlineData(0.2, 0.01)]
    [InlineData(0.5, 3)]
    public void HasTimeForBest_EveryEpochTheBest_TakesTwoPercentWithTheCheckpoints(double save, double epoch)
    {
        var clock = new Clock();
        var pace = new CheckpointPace(CheckpointInterval.Automatic, clock);
        double saving = 0, lost = 0;
        int best = 0;
        while (clock.Seconds < 20_000)
        {
            clock.Seconds += epoch;
            lost += epoch;
            Assert.InRange(lost, 0, 60);
            if (pace.HasTimeForBest)
                pace.WriteBest(() => Save(ref saving));
            if (pace.IsDueAfterEpoch(1))
            {
                best++;
                pace.WriteBest(() => Save(ref saving));
                pace.Write(() => Save(ref saving));
                lost = 0;
            }
        }
        Assert.InRange((saving - (4 * save)) / clock.Seconds, 0, 0.0301); // including the best one saved with every checkpoint
        Assert.True(best > 2);

        void Save(ref double sum)
        {
            clock.Seconds += save;
            sum += save;
        }
    }

    [Fact]
    public void IsDue_Intervals_AreThoseThatWereAskedFor()
    {
        var clock = new Clock();
        bool[] Steps(CheckpointInterval every) =>
            [.. Enumerable.Range(1, 4).Select(step => new CheckpointPace(every, clock).IsDueAfterStep(step))];
        bool[] Epochs(CheckpointInterval every) =>
            [.. Enumerable.Range(1, 4).Select(epoch => new CheckpointPace(every, clock).IsDueAfterEpoch(epoch))];
        Assert.Equal([false, true, false, true], Steps(CheckpointInterval.Steps(2)));
        Assert.Equal([false, false, false, false], Epochs(CheckpointInterval.Steps(2)));
        Assert.Equal([false, true, false, true], Epochs(CheckpointInterval.Epochs(2)));
        Assert.Equal([false, false, false, false], Steps(CheckpointInterval.Epochs(2)));
        Assert.Equal([false, false, false, false], Epochs(CheckpointInterval.Epochs(0)));

        var minutes = new CheckpointPace(CheckpointInterval.Minutes(2), clock);
        clock.Seconds += 119;
        Assert.False(minutes.IsDueAfterStep(1));
        clock.Seconds += 1;
        Assert.True(minutes.IsDueAfterStep(2));
    }

    private sealed class Clock : TimeProvider
    {
        public double Seconds { get; set; }

        public override long TimestampFrequency => 1_000_000;

        public override long GetTimestamp() => (long)(Seconds * TimestampFrequency);
    }
}
