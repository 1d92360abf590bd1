using CharLM.Training;

namespace CharLM.Tests.Training;

/// <summary>Ranks that are threads of this process: an exchange without MPI.</summary>
internal sealed class ThreadRanks(int count) : IDisposable
{
    private readonly Barrier _barrier = new(count);
    private readonly object?[] _given = new object?[count];

    /// <summary>Does the same on every rank; the results in the order of ranks.</summary>
    public static T[] Run<T>(int count, Func<IGradientExchange, T> work)
    {
        using var ranks = new ThreadRanks(count);
        var results = new T[count];
        var failures = new Exception?[count];
        Thread[] threads = [.. Enumerable.Range(0, count).Select(rank => new Thread(() =>
        {
            try
            {
                results[rank] = work(new Member(ranks, rank, count));
            }
            catch (Exception e)
            {
                failures[rank] = e;
                ranks._barrier.RemoveParticipant();
            }
        }))];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            Assert.True(thread.Join(TimeSpan.FromMinutes(1)), "a rank waits for ever");
        if (failures.OfType<Exception>().ToList() is { Count: > 0 } all)
            throw new AggregateException(all);
        return results;
    }

    public void Dispose() => _barrier.Dispose();

    // Everyone gives something, sees what all have given, and leaves together.
    private TResult Exchange<TGiven, TResult>(int rank, TGiven given, Func<TGiven[], TResult> read)
    {
        _given[rank] = given;
        Meet();
        TResult result = read([.. _given.Cast<TGiven>()]);
        Meet();
        return result;
    }

    private void Meet() => Assert.True(_barrier.SignalAndWait(TimeSpan.FromSeconds(40)), "a rank does not come");

    private sealed class Member(ThreadRanks ranks, int rank, int count) : IGradientExchange
    {
        public int Rank => rank;

        public int Count => count;

        public void Sum(Span<float> values) => ranks.Exchange(rank, values.ToArray(), all =>
        {
            var sums = new float[all[0].Length];
            foreach (float[] some in all)
            {
                for (int i = 0; i < sums.Length; i++)
                    sums[i] += some[i];
            }
            return sums;
        }).CopyTo(values);

        public void Broadcast(Span<byte> bytes) => ranks.Exchange(rank, bytes.ToArray(), all => all[0]).CopyTo(bytes);

        public void Gather(ReadOnlySpan<byte> own, Span<byte> all) =>
            ranks.Exchange(rank, own.ToArray(), each => each.SelectMany(bytes => bytes).ToArray()).CopyTo(all);

        public void Meet() => ranks.Meet();
    }
}
