using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;

namespace CharLM.Corpora;

/// <summary>Reads a whole UTF-8 text and says exactly what is wrong with one that cannot be used.</summary>
internal static class CorpusReader
{
    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    public sealed record Result(string Text, string Sha256, long Bytes);

    public static async Task<Result> ReadFileAsync(string path, long maxBytes, CancellationToken cancellationToken)
    {
        string quoted = Display.Quote(path);
        try
        {
            await using FileStream file = File.OpenRead(path);
            return await ReadAsync(file, path, maxBytes, cancellationToken);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CorpusFileException(CorpusFileFault.Missing, path, $"there is no file {quoted}; give the path of a UTF-8 text, or a corpus's name", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException && Directory.Exists(path))
        {
            throw new CorpusFileException(CorpusFileFault.Directory, path, $"{quoted} is a directory; give a text file in it", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CorpusFileException(CorpusFileFault.Unreadable, path, $"cannot read {quoted}: {Display.OneLine(e.Message)}", e);
        }
    }

    public static async Task<Result> ReadAsync(Stream stream, string location, long maxBytes, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> bytes = await ReadBytesAsync(stream, location, maxBytes, cancellationToken);
        string sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes.Span));
        return new Result(Decode(bytes.Span, location), sha256, bytes.Length);
    }

    // Not by the stream's length alone: a pipe has none, and a file may grow.
    private static async Task<ReadOnlyMemory<byte>> ReadBytesAsync(Stream stream, string location, long maxBytes, CancellationToken cancellationToken)
    {
        const int Least = 64 * 1024;
        long announced = stream.CanSeek ? stream.Length : 0;
        if (announced > maxBytes)
            throw TooLarge(location, Display.Bytes(announced), maxBytes);
        // One more than is allowed, to see that more is there.
        int limit = checked((int)(maxBytes + 1));
        var buffer = new byte[Math.Min(limit, Math.Max(announced + 1, Least))];
        int length = 0;
        while (await stream.ReadAsync(buffer.AsMemory(length), cancellationToken) is var read and > 0)
        {
            length += read;
            if (length > maxBytes)
                throw TooLarge(location, $"more than {Display.Bytes(maxBytes)}", maxBytes);
            if (length == buffer.Length)
                Array.Resize(ref buffer, (int)Math.Min(limit, 2L * length));
        }
        return buffer.AsMemory(0, length);
    }

    private static string Decode(ReadOnlySpan<byte> bytes, string location)
    {
        int start = bytes.StartsWith(ByteOrderMark) ? ByteOrderMark.Length : 0;
        if (bytes.Length == start)
            throw new CorpusFileException(CorpusFileFault.Empty, location, $"{Display.Quote(location)} is empty; give a text");
        if (Utf8.IsValid(bytes))
            return Encoding.UTF8.GetString(bytes[start..]);
        int bad = FirstBadByte(bytes);
        string guess = bytes is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..] ? "it looks like UTF-16" : "convert it first";
        throw new CorpusFileException(
            CorpusFileFault.NotUtf8, location,
            $"{Display.Quote(location)} is no UTF-8: byte 0x{bytes[bad]:X2} at offset {bad}; {guess} (iconv -t UTF-8)")
        {
            ByteOffset = bad,
        };
    }

    private static int FirstBadByte(ReadOnlySpan<byte> bytes)
    {
        Span<char> scratch = stackalloc char[1024];
        int offset = 0;
        OperationStatus status;
        do
        {
            status = Utf8.ToUtf16(bytes[offset..], scratch, out int valid, out _, replaceInvalidSequences: false);
            offset += valid;
        }
        while (status == OperationStatus.DestinationTooSmall);
        return offset;
    }

    private static CorpusFileException TooLarge(string location, string size, long maxBytes) =>
        new(CorpusFileFault.TooLarge, location, $"{Display.Quote(location)} has {size}; at most {maxBytes:N0} can be read, so give a part of it");
}
