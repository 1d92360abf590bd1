using CharLM.Models.Fused.Gemm;
using CharLM.Models.Fused.Threads;

namespace CharLM.Tests.Models.Fused;

public sealed class RowSharingTests
{
    // Records each sequence's steps in the order of computation, -1 - step for backward ones.
    private sealed class Record(int batch)
    {
        private readonly List<int>[] _ofSequence = [.. Enumerable.Range(0, batch).Select(_ => new List<int>())];

        public IReadOnlyList<int>[] OfSequence => [.. _ofSequence];

        public void Add(RowGrid rows, bool backward)
        {
            for (int row = rows.Begin; row < rows.Begin + rows.Count; row++)
            {
                lock (_ofSequence[row])
                {
                    IEnumerable<int> steps = Enumerable.Range(rows.FirstStep, rows.Steps);
                    _ofSequence[row].AddRange(backward ? steps.Reverse().Select(step => -1 - step) : steps);
                }
            }
        }
    }

    private static IEnumerable<int> ThereAndBack(int steps, bool forward, bool backward) =>
        (forward ? Enumerable.Range(0, steps) : []).Concat(backward ? Enumerable.Range(0, steps).Reverse().Select(step => -1 - step) : []);

    public static TheoryData<int, int, int, bool, bool> Shapes
    {
        get
        {
            var shapes = new TheoryData<int, int, int, bool, bool>();
            foreach ((int batch, int steps, int workers) in new[] { (1, 1, 1), (1, 9, 3), (2, 70, 2), (7, 5, 2), (8, 35, 2), (32, 35, 2),
                (33, 100, 3), (64, 33, 4), (100, 32, 5) })
            {
                foreach ((bool forward, bool backward) in new[] { (true, true), (true, false), (false, true) })
                    shapes.Add(batch, steps, workers, forward, backward);
            }
            return shapes;
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Next_WorkersOfAnySpeed_DoEveryStepOfEverySequenceOnceAndInOrder(
        int batch, int steps, int count, bool forward, bool backward)
    {
        using var workers = new Workers(count);
        var sharing = new WorkStealing(count);
        for (int slow = 0; slow < count; slow++)
        {
            var record = new Record(batch);
            sharing.Begin(new RowLayout(batch, steps), count, forward, backward);
            workers.Run(count, worker =>
            {
                while (sharing.Next(worker, out RowGrid rows, out bool back))
                {
                    record.Add(rows, back);
                    Thread.SpinWait(worker == slow ? 2000 : 50);
                }
            });
            Assert.All(record.OfSequence, done => Assert.Equal(ThereAndBack(steps, forward, backward), done));
        }
    }

    [Fact]
    public void Next_OneWorkerIsSlow_GivesRowsAway()
    {
        const int Batch = 32, Steps = 20;
        using var workers = new Workers(2);
        var sharing = new WorkStealing(2);
        int Fast()
        {
            sharing.Begin(new RowLayout(Batch, Steps), 2, forward: true, backward: true);
            using var bothBegan = new Barrier(2);
            var rowsOf = new int[2];
            workers.Run(2, worker =>
            {
                bool first = true;
                while (sharing.Next(worker, out RowGrid rows, out _))
                {
                    if (first)
                        bothBegan.SignalAndWait();
                    first = false;
                    rowsOf[worker] += rows.Count * rows.Steps;
                    Thread.Sleep(worker == 0 ? 2 : 3);
                }
            });
            Assert.Equal(2 * Batch * Steps, rowsOf.Sum());
            return rowsOf[0];
        }

        // Its own half, plus half of what the other had left. It does not wait long, so on a busy machine it may get nothing.
        Assert.Contains(Enumerable.Range(0, 20), _ => Fast() > Batch * Steps);
    }

    [Fact]
    public void Next_WorkersComeInAnyOrder_EachHasTheSameRowsInEveryMinibatch()
    {
        var sharing = new WorkStealing(3);
        foreach (int[] order in new[] { new[] { 0, 1, 2 }, [2, 0, 1], [1, 2, 0] })
        {
            sharing.Begin(new RowLayout(48, 10), 3, forward: true, backward: true);
            foreach (int worker in order)
            {
                Assert.True(sharing.Next(worker, out RowGrid rows, out _));
                Assert.Equal((16 * worker, 16), (rows.Begin, rows.Count));
            }
        }
    }

    [Fact]
    public void Next_OneWorkerNeverComes_IsNotMissed()
    {
        var sharing = new WorkStealing(3);
        var record = new Record(20);
        sharing.Begin(new RowLayout(20, 6), 3, forward: true, backward: true);
        while (sharing.Next(1, out RowGrid rows, out bool backward))
            record.Add(rows, backward);
        Assert.All(record.OfSequence, done => Assert.Equal(ThereAndBack(6, forward: true, backward: true), done));
    }
}
