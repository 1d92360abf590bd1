using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace CharLM.Tokenization;

/// <summary>Token numbers packed into one, two or four bytes each, and a table that maps them to ids.</summary>
/// <remarks>Thread safety: never changes; any number of threads may read at once.</remarks>
internal sealed class PackedTokens : TokenSource
{
    private readonly PackedBytes _bytes;
    private readonly int _width;

    // For widths 1 and 2 the table covers every possible value, so that no byte of a file leads outside.
    private readonly int[] _ids;

    /// <summary>Creates a source over packed numbers.</summary>
    /// <param name="bytes">The packed numbers.</param>
    /// <param name="width">Bytes per number: 1, 2 or 4.</param>
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

    /// <summary>The bytes per number that a number of kinds needs.</summary>
    public static int WidthOf(int kinds) => kinds <= 1 << 8 ? 1 : kinds <= 1 << 16 ? 2 : 4;

    /// <summary>The same numbers with other ids.</summary>
    public PackedTokens With(ReadOnlySpan<int> ids) => new(_bytes, _width, Length, ids);

    /// <summary>Packs numbers with a given width.</summary>
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

    /// <summary>Packs numbers again with another width.</summary>
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

    // Writes as many ids as the bytes hold and the destination has room for.
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
    /// <summary>Unpacks as many numbers as lie contiguously at a position.</summary>
    /// <returns>How many were unpacked.</returns>
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
/// Numbers in a file that is mapped into memory: the system reads pages on demand and drops them when memory is short.
/// </summary>
internal sealed unsafe class MappedBytes : PackedBytes
{
    private readonly MemoryMappedViewAccessor _view;
    private readonly long _begin, _end;

    /// <summary>Maps a part of a file.</summary>
    /// <param name="file">The file, which is closed once it is mapped; the mapping ends when nothing refers to it.</param>
    /// <param name="begin">Where the part begins.</param>
    /// <param name="length">Its length in bytes.</param>
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

/// <summary>Packs numbers as they arrive: one byte each up to 256 kinds, then two, then four.</summary>
/// <param name="store">Receives the packed pages.</param>
internal sealed class TokenPacker(PackedStore store)
{
    private byte[] _page = [];
    private int _filled;

    /// <summary>Bytes of a number.</summary>
    public int Width { get; private set; } = 1;

    /// <summary>How many numbers were added.</summary>
    public long Length { get; private set; }

    /// <summary>Adds numbers.</summary>
    /// <param name="numbers">The numbers.</param>
    /// <param name="kinds">How many kinds there are so far; each number is below it.</param>
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

    /// <summary>Stores the last page.</summary>
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
    /// <summary>Stores a page; all pages but the last are full.</summary>
    /// <param name="page">The page.</param>
    /// <param name="length">How many of its bytes are used.</param>
    /// <returns>A page to fill next; empty if the caller has to allocate one.</returns>
    public abstract byte[] Add(byte[] page, int length);

    /// <summary>Repacks all stored numbers with a greater width.</summary>
    public abstract void Widen(int from, int to);
}

/// <summary>Keeps packed numbers in memory.</summary>
internal sealed class MemoryStore : PackedStore
{
    private readonly List<byte[]> _pages = [];

    /// <summary>Everything that was stored.</summary>
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
