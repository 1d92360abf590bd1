using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace CharLM.Tokenization;

/// <summary>Numbers of one, two or four bytes, as few as all of them need; an id stands for each.</summary>
/// <remarks>Thread safety: never changes; any number of threads may read at once.</remarks>
internal sealed class PackedTokens : TokenSource
{
    private readonly PackedBytes _bytes;
    private readonly int _width;

    // The id of each number that fits the width, up to 65,536 of them: no byte of a file leads out of it.
    private readonly int[] _ids;

    /// <summary>Numbers somewhere.</summary>
    /// <param name="bytes">Where they lie.</param>
    /// <param name="width">Bytes of one: 1, 2 or 4.</param>
    /// <param name="length">How many there are.</param>
    /// <param name="ids">The id of each number.</param>
    public PackedTokens(PackedBytes bytes, int width, long length, ReadOnlySpan<int> ids)
    {
        (_bytes, _width, Length) = (bytes, width, length);
        _ids = new int[width == 4 ? ids.Length : 1 << (8 * width)];
        ids.CopyTo(_ids);
    }

    /// <inheritdoc/>
    public override long Length { get; }

    /// <summary>Bytes of a number when there are so many different ones.</summary>
    public static int WidthOf(int kinds) => kinds <= 1 << 8 ? 1 : kinds <= 1 << 16 ? 2 : 4;

    /// <summary>The same numbers with other ids.</summary>
    public PackedTokens With(ReadOnlySpan<int> ids) => new(_bytes, _width, Length, ids);

    /// <summary>Writes numbers in so many bytes each.</summary>
    public static void Pack(ReadOnlySpan<int> numbers, int width, Span<byte> destination)
    {
        if (width == 1)
        {
            for (int i = 0; i < numbers.Length; i++)
                destination[i] = (byte)numbers[i];
        }
        else if (width == 2)
        {
            Span<ushort> pairs = MemoryMarshal.Cast<byte, ushort>(destination);
            for (int i = 0; i < numbers.Length; i++)
                pairs[i] = (ushort)numbers[i];
        }
        else
        {
            MemoryMarshal.AsBytes(numbers).CopyTo(destination);
        }
    }

    /// <summary>Writes numbers of one width in another.</summary>
    public static void Repack(ReadOnlySpan<byte> from, int width, Span<byte> to, int newWidth)
    {
        var numbers = new int[from.Length / width];
        for (int i = 0; i < numbers.Length; i++)
            numbers[i] = NumberAt(from, i, width);
        Pack(numbers, newWidth, to);
    }

    /// <inheritdoc/>
    protected override void Read(long start, Span<int> destination)
    {
        while (!destination.IsEmpty)
        {
            int read = _bytes.Read(start * _width, this, destination);
            start += read;
            destination = destination[read..];
        }
    }

    // As many ids as the bytes hold, or as there is room for.
    internal int Unpack(ReadOnlySpan<byte> bytes, Span<int> destination)
    {
        int count = Math.Min(bytes.Length / _width, destination.Length);
        int[] ids = _ids;
        if (_width == 1)
        {
            bytes = bytes[..count];
            destination = destination[..count];
            for (int i = 0; i < bytes.Length; i++)
                destination[i] = ids[bytes[i]];
        }
        else
        {
            for (int i = 0; i < count; i++)
                destination[i] = ids[NumberAt(bytes, i, _width)];
        }
        return count;
    }

    private static int NumberAt(ReadOnlySpan<byte> bytes, int i, int width) => width switch
    {
        1 => bytes[i],
        2 => BinaryPrimitives.ReadUInt16LittleEndian(bytes[(2 * i)..]),
        _ => BinaryPrimitives.ReadInt32LittleEndian(bytes[(4 * i)..]),
    };
}

/// <summary>Where packed numbers lie.</summary>
internal abstract class PackedBytes
{
    /// <summary>Unpacks the numbers at a place, as many as lie there in one piece.</summary>
    /// <returns>How many.</returns>
    public abstract int Read(long place, PackedTokens tokens, Span<int> destination);
}

/// <summary>Numbers in memory, in pages.</summary>
internal sealed class PagedBytes(IReadOnlyList<byte[]> pages) : PackedBytes
{
    /// <summary>Bytes of a page.</summary>
    public const int PageBytes = 1 << 20;

    /// <inheritdoc/>
    public override int Read(long place, PackedTokens tokens, Span<int> destination) =>
        tokens.Unpack(pages[(int)(place / PageBytes)].AsSpan((int)(place % PageBytes)), destination);
}

/// <summary>
/// Numbers in a file that is mapped into memory: the system reads what is asked for, and forgets it when memory is short.
/// </summary>
internal sealed unsafe class MappedBytes : PackedBytes
{
    private readonly MemoryMappedViewAccessor _view;
    private readonly long _begin, _end;

    /// <summary>Some of a file.</summary>
    /// <param name="file">The file, at least as long; it is closed when nobody reads it any more.</param>
    /// <param name="begin">Where they begin.</param>
    /// <param name="length">How many bytes they are.</param>
    public MappedBytes(FileStream file, long begin, long length)
    {
        using var map = MemoryMappedFile.CreateFromFile(
            file, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        (_view, _begin, _end) = (map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read), begin, begin + length);
    }

    /// <inheritdoc/>
    public override int Read(long place, PackedTokens tokens, Span<int> destination)
    {
        byte* bytes = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref bytes);
        try
        {
            long from = _begin + place;
            return tokens.Unpack(new ReadOnlySpan<byte>(bytes + from, (int)Math.Min(int.MaxValue / 2, _end - from)), destination);
        }
        finally
        {
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
        }
    }
}

/// <summary>Packs numbers as they come: in one byte each while there are at most 256 different ones, then in two, then in four.</summary>
/// <param name="store">Where they are kept.</param>
internal sealed class TokenPacker(PackedStore store)
{
    private byte[] _page = [];
    private int _filled;

    /// <summary>Bytes of a number.</summary>
    public int Width { get; private set; } = 1;

    /// <summary>How many numbers came.</summary>
    public long Length { get; private set; }

    /// <summary>Takes numbers.</summary>
    /// <param name="numbers">The numbers.</param>
    /// <param name="kinds">How many different ones there are, these included: each is below it.</param>
    public void Add(ReadOnlySpan<int> numbers, int kinds)
    {
        if (PackedTokens.WidthOf(kinds) is var width && width > Width)
            Widen(width);
        Length += numbers.Length;
        while (!numbers.IsEmpty)
        {
            if (_page.Length == 0)
                _page = new byte[PagedBytes.PageBytes];
            int some = Math.Min(numbers.Length, (_page.Length - _filled) / Width);
            PackedTokens.Pack(numbers[..some], Width, _page.AsSpan(_filled));
            _filled += some * Width;
            numbers = numbers[some..];
            if (_filled == _page.Length)
                Flush();
        }
    }

    /// <summary>Keeps the last of them.</summary>
    public void End() => Flush();

    private void Flush()
    {
        _page = store.Add(_page, _filled);
        _filled = 0;
    }

    private void Widen(int width)
    {
        store.Widen(Width, width);
        byte[] packed = _page[.._filled];
        int factor = width / Width, part = PagedBytes.PageBytes / factor;
        for (int from = 0; from < packed.Length; from += part)
        {
            int some = Math.Min(part, packed.Length - from);
            _page = new byte[PagedBytes.PageBytes];
            PackedTokens.Repack(packed.AsSpan(from, some), Width, _page, width);
            _filled = some * factor;
            if (_filled == _page.Length)
                Flush();
        }
        Width = width;
    }
}

/// <summary>Keeps pages of packed numbers.</summary>
internal abstract class PackedStore
{
    /// <summary>Keeps a page; all but the last are full.</summary>
    /// <param name="page">The page.</param>
    /// <param name="length">Bytes of it that count.</param>
    /// <returns>A page to go on with; an empty one: a new one is to be made.</returns>
    public abstract byte[] Add(byte[] page, int length);

    /// <summary>Gives each number that is kept more bytes.</summary>
    public abstract void Widen(int from, int to);
}

/// <summary>Keeps packed numbers in memory.</summary>
internal sealed class MemoryStore : PackedStore
{
    private readonly List<byte[]> _pages = [];

    /// <summary>All that was kept.</summary>
    public PagedBytes Bytes => new(_pages);

    /// <inheritdoc/>
    public override byte[] Add(byte[] page, int length)
    {
        if (length < page.Length)
            page = page[..length];
        if (length > 0)
            _pages.Add(page);
        return [];
    }

    /// <inheritdoc/>
    public override void Widen(int from, int to)
    {
        byte[][] pages = [.. _pages];
        _pages.Clear();
        int part = PagedBytes.PageBytes * from / to;
        foreach (byte[] page in pages)
        {
            for (int begin = 0; begin < page.Length; begin += part)
            {
                var wide = new byte[PagedBytes.PageBytes];
                PackedTokens.Repack(page.AsSpan(begin, part), from, wide, to);
                _pages.Add(wide);
            }
        }
    }
}
