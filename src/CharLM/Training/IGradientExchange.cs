using System.Buffers.Binary;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Text;

namespace CharLM.Training;

/// <summary>
/// Processes that train one model together (data parallelism): each computes the gradients of its share of a minibatch's rows, and all take
/// the same step with their sum. Every rank makes the same calls in the same order.
/// </summary>
/// <remarks>Thread safety: one thread at a time.</remarks>
internal interface IGradientExchange
{
    /// <summary>The number of this process, from 0; rank 0 leads: it measures and writes.</summary>
    int Rank { get; }

    /// <summary>Number of processes, 1 or more.</summary>
    int Count { get; }

    /// <summary>Replaces values by their sums over all ranks, the same bits on each.</summary>
    /// <exception cref="IOException">The connection failed.</exception>
    void Sum(Span<float> values);

    /// <summary>Replaces bytes by those of rank 0.</summary>
    /// <inheritdoc cref="Sum"/>
    void Broadcast(Span<byte> bytes);

    /// <summary>Collects equally many bytes of every rank, in the order of ranks.</summary>
    /// <inheritdoc cref="Sum"/>
    void Gather(ReadOnlySpan<byte> own, Span<byte> all);

    /// <summary>Waits, without using a processor, until all ranks are here.</summary>
    /// <inheritdoc cref="Sum"/>
    void Meet();
}

/// <summary>Ranks cannot go on together; the message says which of them, and why.</summary>
/// <param name="message">The message.</param>
internal sealed class RanksException(string message) : Exception(message);

/// <summary>What ranks tell each other besides gradients.</summary>
internal static class GradientExchanges
{
    private const string Cancelled = "cancelled";

    /// <summary>Collects the bytes of every rank, of any length.</summary>
    public static byte[][] GatherAll(this IGradientExchange exchange, ReadOnlySpan<byte> own)
    {
        var lengths = new byte[exchange.Count * sizeof(int)];
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, own.Length);
        exchange.Gather(length, lengths);
        int[] counts = [.. Enumerable.Range(0, exchange.Count)
            .Select(rank => BinaryPrimitives.ReadInt32LittleEndian(lengths.AsSpan(rank * sizeof(int))))];
        int longest = counts.Max();
        byte[] padded = new byte[longest], all = new byte[checked(longest * exchange.Count)];
        own.CopyTo(padded);
        exchange.Gather(padded, all);
        return [.. counts.Select((count, rank) => all.AsSpan(rank * longest, count).ToArray())];
    }

    /// <summary>Collects the values of every rank, of any number.</summary>
    public static float[][] GatherAll(this IGradientExchange exchange, float[] own) =>
        [.. exchange.GatherAll(MemoryMarshal.AsBytes<float>(own)).Select(bytes => MemoryMarshal.Cast<byte, float>(bytes).ToArray())];

    /// <summary>Collects a text of every rank.</summary>
    public static string[] GatherAll(this IGradientExchange exchange, string own) =>
        [.. exchange.GatherAll(Encoding.UTF8.GetBytes(own)).Select(Encoding.UTF8.GetString)];

    /// <summary>The value of rank 0, on every rank.</summary>
    public static T OfLeader<T>(this IGradientExchange exchange, T value)
        where T : unmanaged
    {
        exchange.Broadcast(MemoryMarshal.AsBytes(new Span<T>(ref value)));
        return value;
    }

    /// <summary>
    /// Does something on rank 0 first, so that the others find in a cache what it downloaded or encoded; a failure on one rank ends all.
    /// </summary>
    /// <param name="exchange">The ranks; null: this process alone.</param>
    /// <param name="work">The work, in which ranks exchange nothing.</param>
    /// <exception cref="RanksException">It failed on another rank; on rank 0 the message names it.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled on a rank.</exception>
    public static T Together<T>(this IGradientExchange? exchange, Func<T> work)
    {
        if (exchange is null)
            return work();
        if (exchange.Rank > 0)
            exchange.Meet();
        T? done = default;
        Exception? failure = null;
        try
        {
            done = work();
        }
        catch (Exception e)
        {
            failure = e;
        }
        if (exchange.Rank == 0)
            exchange.Meet();
        string own = failure is null ? "" : failure is OperationCanceledException ? Cancelled
            : $"({Environment.MachineName}): {(failure.Message.Length == 0 ? failure.GetType().Name : failure.Message)}";
        string[] failures = exchange.GatherAll(own);
        if (failures.All(text => text.Length == 0))
            return done!;
        if (failures.Contains(Cancelled))
            throw new OperationCanceledException("a rank was cancelled", failure);
        if (exchange.Rank == 0 && failure is not null)
            ExceptionDispatchInfo.Throw(failure);
        throw new RanksException(string.Join("; ", failures.Index().Where(rank => rank.Item.Length > 0)
            .Select(rank => $"rank {rank.Index} {rank.Item}")));
    }

    /// <summary>Whether something is true of any rank.</summary>
    public static bool Any(this IGradientExchange exchange, bool own)
    {
        var all = new byte[exchange.Count];
        exchange.Gather([own ? (byte)1 : (byte)0], all);
        return all.Contains((byte)1);
    }
}
