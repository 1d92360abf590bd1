using CharLM.Models.Fused.Threads;

namespace CharLM.Tests.Models.Fused;

public sealed class WorkersTests
{
    [Theory]
    [InlineData(1, 5)]
    [InlineData(2, 1)]
    [InlineData(2, 100)]
    [InlineData(5, 33)]
    public void Run_Tasks_DoesEachOnce(int count, int tasks)
    {
        using var workers = new Workers(count);
        var done = new int[tasks];
        for (int round = 1; round <= 200; round++)
        {
            workers.Run(count, tasks, task => Interlocked.Increment(ref done[task]));
            Assert.All(done, times => Assert.Equal(round, times)); // no task is still running when Run returns
        }
    }

    [Fact]
    public void Run_Tasks_EachWorkerBeginsWithItsShare()
    {
        using var workers = new Workers(2);
        for (int round = 0; round < 20; round++)
        {
            // Both wait for each other in their first task, so that neither can take the other's.
            using var both = new Barrier(2);
            var of = new int[8];
            workers.Run(2, 8, task =>
            {
                of[task] = Environment.CurrentManagedThreadId;
                if (task % 4 == 0)
                    Assert.True(both.SignalAndWait(TimeSpan.FromSeconds(30)));
            });
            Assert.Equal(Environment.CurrentManagedThreadId, of[0]);
            Assert.NotEqual(of[0], of[4]);
        }
    }

    [Fact]
    public void Run_AWorkerThatHasComeIn_IsWaitedFor()
    {
        using var workers = new Workers(2);
        for (int round = 0; round < 20; round++)
        {
            using var came = new ManualResetEventSlim();
            bool finished = false;
            workers.Run(2, worker =>
            {
                if (worker == 0)
                {
                    came.Wait(TestContext.Current.CancellationToken);
                    return;
                }
                came.Set();
                Thread.Sleep(5);
                Volatile.Write(ref finished, true);
            });
            Assert.True(Volatile.Read(ref finished));
        }
    }

    [Fact]
    public void Run_WorkersThatSleep_WakeUp()
    {
        using var workers = new Workers(2);
        for (int round = 0; round < 5; round++)
        {
            Thread.Sleep(20); // longer than a worker spins
            using var came = new ManualResetEventSlim();
            workers.Run(2, worker =>
            {
                if (worker == 1)
                    came.Set();
                else
                    Assert.True(came.Wait(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
            });
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Run_WorkFails_SaysSoAndGoesOn(int failing)
    {
        using var workers = new Workers(2);
        using var came = new ManualResetEventSlim();
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => workers.Run(2, worker =>
        {
            if (worker == 1)
                came.Set();
            else
                came.Wait(TestContext.Current.CancellationToken);
            if (worker == failing)
                throw new InvalidOperationException("no");
        }));
        Assert.Equal("no", error.Message);
        int done = 0;
        workers.Run(2, 8, _ => Interlocked.Increment(ref done));
        Assert.Equal(8, done);
    }
}
