using CharLM.Models.Fused.Threads;

namespace CharLM.Tests.Models.Fused;

/// <summary>The choice of workers on a simulated machine, with a clock that the test moves.</summary>
public class WorkerChoiceTests
{
    private readonly Clock _clock = new();

    [Theory]
    [InlineData(1.0, 0.5, 2)] // two workers are twice as fast
    [InlineData(1.0, 1.7, 1)] // two threads of one core, or a small minibatch
    public void FasterNumberIsUsed(double one, double two, int faster)
    {
        var choice = new ThreadTuner(2, isFixed: false, _clock);
        Run(choice, 100, workers => workers == 1 ? one : two);
        Assert.InRange(Run(choice, 1000, workers => workers == 1 ? one : two)[faster], 950, 1000);
    }

    [Fact]
    public void MostWorkersTakePartEvenIfTheyAreNoPowerOfTwo()
    {
        var choice = new ThreadTuner(6, isFixed: false, _clock);
        Dictionary<int, int> used = Run(choice, 2000, workers => 1.0 / workers);
        Assert.Equal([1, 2, 4, 6], used.Keys.Order());
        Assert.InRange(used[6], 1700, 2000);
    }

    // The first calls mostly measure the JIT compiler.
    [Fact]
    public void SlowStartIsForgotten()
    {
        var choice = new ThreadTuner(2, isFixed: false, _clock);
        int call = 0;
        double Seconds(int workers) => (call++ < 7 ? 10.0 : 1.0) * (workers == 1 ? 1.0 : 0.6);
        Run(choice, 200, Seconds);
        Assert.InRange(Run(choice, 1000, Seconds)[2], 950, 1000);
    }

    [Fact]
    public void NeighbourWhoTakesTheOtherProcessorIsNoticedAndSoIsHisLeaving()
    {
        var choice = new ThreadTuner(2, isFixed: false, _clock);
        Run(choice, 5000, workers => workers == 1 ? 1.0 : 0.5);
        Run(choice, 5000, workers => workers == 1 ? 1.0 : 1.5);
        Assert.InRange(Run(choice, 1000, workers => workers == 1 ? 1.0 : 1.5)[1], 950, 1000);
        Run(choice, 5000, workers => workers == 1 ? 1.0 : 0.5);
        Assert.InRange(Run(choice, 1000, workers => workers == 1 ? 1.0 : 0.5)[2], 950, 1000);
    }

    // During one try, everything takes three times as long.
    [Theory]
    [InlineData(1.0, 0.5, 2)]
    [InlineData(1.0, 1.5, 1)]
    public void NeighbourWhoComesForAMomentChangesNothing(double one, double two, int faster)
    {
        for (int begin = 0; begin < 40; begin++)
        {
            var choice = new ThreadTuner(2, isFixed: false, _clock);
            Run(choice, 500, workers => workers == 1 ? one : two);
            int call = 0;
            Dictionary<int, int> used = Run(
                choice, 2000, workers => (call++ - 400 - begin is >= 0 and < 4 ? 3 : 1) * (workers == 1 ? one : two));
            Assert.InRange(used[faster], 1900, 2000);
        }
    }

    // In the long run, contests cost no more than a hundredth, whatever the difference.
    [Theory]
    [InlineData(1.0, 0.5)]
    [InlineData(1.0, 2.0)]
    [InlineData(0.00001, 0.00001)]
    public void TryingIsCheap(double one, double two)
    {
        var choice = new ThreadTuner(2, isFixed: false, _clock);
        Run(choice, 1000, workers => workers == 1 ? one : two);
        TimeSpan begin = _clock.Now;
        Run(choice, 20_000, workers => workers == 1 ? one : two);
        double best = 20_000 * Math.Min(one, two);
        Assert.InRange((_clock.Now - begin).TotalSeconds / best, 1, 1.01);
    }

    [Fact]
    public void FixedNumberIsAlwaysUsed()
    {
        var choice = new ThreadTuner(3, isFixed: true, _clock);
        Assert.Equal([3], Run(choice, 100, workers => workers).Keys);
    }

    [Fact]
    public void SingleSequenceHasOneWorker()
    {
        var choice = new ThreadTuner(4, isFixed: false, _clock);
        for (int call = 0; call < 50; call++)
        {
            Assert.Equal(1, choice.Begin(batch: 1, steps: 35));
            choice.End();
        }
    }

    [Fact]
    public void EachShapeHasItsOwnChoice()
    {
        var choice = new ThreadTuner(2, isFixed: false, _clock);
        for (int call = 0; call < 500; call++)
        {
            Run(choice, 1, workers => workers == 1 ? 1.0 : 0.5, batch: 32);
            Run(choice, 1, workers => workers == 1 ? 1.0 : 3.0, batch: 2);
        }
        Assert.InRange(Run(choice, 100, workers => workers == 1 ? 1.0 : 0.5, batch: 32)[2], 90, 100);
        Assert.InRange(Run(choice, 100, workers => workers == 1 ? 1.0 : 3.0, batch: 2)[1], 90, 100);
    }

    // How often each number of workers was used, given the seconds that a call takes with it.
    private Dictionary<int, int> Run(ThreadTuner choice, int calls, Func<int, double> seconds, int batch = 32)
    {
        Dictionary<int, int> used = [];
        for (int call = 0; call < calls; call++)
        {
            int workers = choice.Begin(batch, steps: 35);
            used[workers] = used.GetValueOrDefault(workers) + 1;
            _clock.Now += TimeSpan.FromSeconds(seconds(workers));
            choice.End();
        }
        return used;
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
