namespace CharLM.Tokenization;

/// <summary>
/// A text as token ids, wherever they lie: in memory, or anywhere that gives some of them when it is asked. Arrays and memory of
/// ids convert to a source that copies nothing.
/// </summary>
/// <remarks>Thread safety: never changes; any number of threads may read at once.</remarks>
public abstract class TokenSource
{
    // Tokens of a block of a source that is not in memory.
    private const int BlockLength = 1 << 16;

    /// <summary>How many ids there are.</summary>
    public abstract long Length { get; }

    /// <summary>Whether there are none.</summary>
    public bool IsEmpty => Length == 0;

    /// <summary>The ids of memory, which is not copied and must not change.</summary>
    public static TokenSource Of(ReadOnlyMemory<int> ids) => new InMemory(ids);

    /// <inheritdoc cref="Of"/>
    public static implicit operator TokenSource(int[] ids) => Of(ids);

    /// <inheritdoc cref="Of"/>
    public static implicit operator TokenSource(ReadOnlyMemory<int> ids) => Of(ids);

    /// <inheritdoc cref="Of"/>
    public static implicit operator TokenSource(Memory<int> ids) => Of(ids);

    /// <summary>Copies as many ids as there is room for.</summary>
    /// <param name="start">The place of the first, from 0.</param>
    /// <param name="destination">Receives them.</param>
    /// <exception cref="ArgumentOutOfRangeException">The source does not have them all.</exception>
    public void CopyTo(long start, Span<int> destination)
    {
        Check(start, destination.Length);
        Read(start, destination);
    }

    /// <summary>A range of the same ids, which are not copied.</summary>
    /// <param name="start">The place of the first, from 0.</param>
    /// <param name="length">How many.</param>
    /// <exception cref="ArgumentOutOfRangeException">The source does not have them all.</exception>
    public TokenSource Slice(long start, long length)
    {
        Check(start, length);
        return Part(start, length);
    }

    /// <summary>The ids from a place on.</summary>
    /// <inheritdoc cref="Slice(long, long)"/>
    public TokenSource Slice(long start) => Slice(start, Length - start);

    /// <summary>All ids, copied.</summary>
    /// <exception cref="OverflowException">No array holds as many.</exception>
    public int[] ToArray()
    {
        var ids = new int[checked((int)Length)];
        Read(0, ids);
        return ids;
    }

    /// <summary>How often an id occurs.</summary>
    public long Count(int id)
    {
        long count = 0;
        foreach (ReadOnlyMemory<int> block in Blocks())
            count += block.Span.Count(id);
        return count;
    }

    /// <summary>Copies a window: what a model reads, and what follows each token of it.</summary>
    /// <param name="start">The place of the first token that is read.</param>
    /// <param name="inputs">Receives ids, 1 or more.</param>
    /// <param name="targets">Receives as many, each from one place later.</param>
    internal void CopyWindow(long start, Span<int> inputs, Span<int> targets)
    {
        CopyTo(start, inputs);
        inputs[1..].CopyTo(targets);
        CopyTo(start + inputs.Length, targets[^1..]);
    }

    /// <summary>All ids in order, block by block; a block is good until the next one is asked for.</summary>
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

    /// <summary>All ids in memory: copied, unless they lie there.</summary>
    internal virtual ReadOnlyMemory<int> Load() => ToArray();

    /// <summary>Copies ids that are there.</summary>
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
