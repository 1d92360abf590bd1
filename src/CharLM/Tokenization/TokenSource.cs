namespace CharLM.Tokenization;

/// <summary>A text as token ids, in memory or loaded on request. Arrays and memory of ids convert to a source without copying.</summary>
/// <remarks>Thread safety: never changes; any number of threads may read at once.</remarks>
public abstract class TokenSource
{
    // Tokens per block of a source that is not in memory.
    private const int BlockLength = 1 << 16;

    /// <summary>The number of ids.</summary>
    public abstract long Length { get; }

    /// <summary>Whether there are no ids.</summary>
    public bool IsEmpty => Length == 0;

    /// <summary>Creates a source over memory, which is not copied and must not change.</summary>
    public static TokenSource Of(ReadOnlyMemory<int> ids) => new InMemory(ids);

    /// <inheritdoc cref="Of"/>
    public static implicit operator TokenSource(int[] ids) => Of(ids);

    /// <inheritdoc cref="Of"/>
    public static implicit operator TokenSource(ReadOnlyMemory<int> ids) => Of(ids);

    /// <inheritdoc cref="Of"/>
    public static implicit operator TokenSource(Memory<int> ids) => Of(ids);

    /// <summary>Copies ids until the destination is full.</summary>
    /// <param name="start">Position of the first id, from 0.</param>
    /// <param name="destination">Receives the ids.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range exceeds the source.</exception>
    public void CopyTo(long start, Span<int> destination)
    {
        Check(start, destination.Length);
        Read(start, destination);
    }

    /// <summary>Returns a range of the same ids, without copying.</summary>
    /// <param name="start">Position of the first id, from 0.</param>
    /// <param name="length">Number of ids.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range exceeds the source.</exception>
    public TokenSource Slice(long start, long length)
    {
        Check(start, length);
        return Part(start, length);
    }

    /// <summary>Returns the ids from a position to the end, without copying.</summary>
    /// <inheritdoc cref="Slice(long, long)"/>
    public TokenSource Slice(long start) => Slice(start, Length - start);

    /// <summary>Copies all ids into an array.</summary>
    /// <exception cref="OverflowException">There are more ids than an array can hold.</exception>
    public int[] ToArray()
    {
        var ids = new int[checked((int)Length)];
        Read(0, ids);
        return ids;
    }

    /// <summary>Counts the occurrences of an id.</summary>
    public long Count(int id)
    {
        long count = 0;
        foreach (ReadOnlyMemory<int> block in Blocks())
            count += block.Span.Count(id);
        return count;
    }

    /// <summary>Copies a window: a model's inputs and, for each, the token that follows.</summary>
    /// <param name="start">Position of the first input, from 0.</param>
    /// <param name="inputs">Receives the inputs, 1 or more.</param>
    /// <param name="targets">Receives the targets, as many, each from one position later.</param>
    internal void CopyWindow(long start, Span<int> inputs, Span<int> targets)
    {
        CopyTo(start, inputs);
        inputs[1..].CopyTo(targets);
        CopyTo(start + inputs.Length, targets[^1..]);
    }

    /// <summary>Returns all ids in order, block by block; a block is valid until the next one is requested.</summary>
    internal virtual IEnumerable<ReadOnlyMemory<int>> Blocks()
    {
        var block = new int[Math.Min(BlockLength, Length)];
        for (long start = 0; start < Length; start += block.Length)
        {
            Memory<int> some = block.AsMemory(0, (int)Math.Min(block.Length, Length - start));
            Read(start, some.Span);
            yield return some;
        }
    }

    /// <summary>Returns all ids in memory, copied unless they are there already.</summary>
    internal virtual ReadOnlyMemory<int> Load() => ToArray();

    /// <summary>Copies ids from a valid range.</summary>
    /// <inheritdoc cref="CopyTo"/>
    protected abstract void Read(long start, Span<int> destination);

    private protected virtual TokenSource Part(long start, long length) => new Section(this, start, length);

    private void Check(long start, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        if (start > Length - length)
            throw new ArgumentOutOfRangeException(nameof(start), start, $"{length} ids from there are not among {Length}");
    }

    private sealed class InMemory(ReadOnlyMemory<int> ids) : TokenSource
    {
        public override long Length => ids.Length;

        internal override IEnumerable<ReadOnlyMemory<int>> Blocks() => [ids];

        internal override ReadOnlyMemory<int> Load() => ids;

        protected override void Read(long start, Span<int> destination) =>
            ids.Span.Slice((int)start, destination.Length).CopyTo(destination);

        private protected override TokenSource Part(long start, long length) => Of(ids.Slice((int)start, (int)length));
    }

    private sealed class Section(TokenSource whole, long begin, long length) : TokenSource
    {
        public override long Length => length;

        protected override void Read(long start, Span<int> destination) => whole.Read(begin + start, destination);

        private protected override TokenSource Part(long start, long length) => new Section(whole, begin + start, length);
    }
}
