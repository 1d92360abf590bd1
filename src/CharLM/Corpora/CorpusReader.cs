using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;

namespace CharLM.Corpora;

/// <summary>Reads a whole UTF-8 text and says exactly what is wrong with one that cannot be used.</summary>
internal static class CorpusReader
{
    // The most that is read from a pipe or a device, which may have no end.
    private const long LargestStream = 128L << 20;

    /// <summary>What makes UTF-8 of a text on this system.</summary>
    public static string Converter => OperatingSystem.IsWindows() ? "an editor saves it as UTF-8" : "iconv -t UTF-8";

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    internal sealed record Result(string Text, string Sha256, long Bytes);

    // On a thread of its own: opening a pipe waits for somebody who writes to it, and only the waiting can be cancelled.
    public static Task<Result> ReadFileAsync(string path, long maxBytes, CancellationToken cancellationToken) =>
        Task.Run(() => OpenAndReadAsync(path, maxBytes, cancellationToken), cancellationToken).WaitAsync(cancellationToken);

    public static async Task<Result> ReadAsync(Stream stream, string location, long maxBytes, CancellationToken cancellationToken)
    {
        // A pipe has no length, and that of a device is 0.
        ReadOnlyMemory<byte> bytes = stream.CanSeek && stream.Length > 0
            ? await ReadKnownAsync(stream, location, maxBytes, cancellationToken)
            : await ReadUnknownAsync(stream, location, Math.Min(maxBytes, LargestStream), maxBytes, cancellationToken);
        string sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes.Span));
        return new Result(Decode(bytes.Span, location), sha256, bytes.Length);
    }

    private static async Task<Result> OpenAndReadAsync(string path, long maxBytes, CancellationToken cancellationToken)
    {
        string quoted = Display.Quote(path);
        try
        {
            await using FileStream file = SharedFile.OpenRead(path);
            return await ReadAsync(file, path, maxBytes, cancellationToken);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CorpusFileException(
                CorpusFileError.Missing, path, $"there is no file {quoted}; give the path of a UTF-8 text, or a corpus's name", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException && Directory.Exists(path))
        {
            throw new CorpusFileException(CorpusFileError.Directory, path, $"{quoted} is a directory; give a text file in it", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CorpusFileException(CorpusFileError.Unreadable, path, $"cannot read {quoted}: {Display.OneLine(e.Message)}", e);
        }
    }

    // Not by the file's length alone: it may grow.
    private static async Task<ReadOnlyMemory<byte>> ReadKnownAsync(
        Stream stream, string location, long maxBytes, CancellationToken cancellationToken)
    {
        if (stream.Length > maxBytes)
            throw TooLarge(location, Display.Bytes(stream.Length), maxBytes);
        // One more than is allowed, to see that more is there.
        int limit = checked((int)(maxBytes + 1));
        var buffer = new byte[Math.Min(limit, stream.Length + 1)];
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

    // What comes is checked as it comes, and kept in parts: something without an end is refused soon, and at no great cost.
    private static async Task<ReadOnlyMemory<byte>> ReadUnknownAsync(
        Stream stream, string location, long maxBytes, long maxBytesOfFile, CancellationToken cancellationToken)
    {
        const int PartBytes = 1 << 20;
        var parts = new List<ReadOnlyMemory<byte>>();
        var part = new byte[PartBytes];
        (int filled, int valid, long before) = (0, 0, 0);
        while (await stream.ReadAsync(part.AsMemory(filled), cancellationToken) is var read and > 0)
        {
            filled += read;
            if (before + filled > maxBytes)
            {
                throw TooLarge(location, $"more than {Display.Bytes(maxBytes)}", maxBytes, maxBytes < maxBytesOfFile
                    ? $"{maxBytes:N0} can be read from a pipe or a device; a file may have {maxBytesOfFile:N0}"
                    : null);
            }
            valid += ValidLength(part.AsSpan(valid, filled - valid)) ?? throw NotUtf8(part.AsSpan(0, filled), valid, before, location);
            if (filled < part.Length)
                continue;
            // A character that is cut here begins the next part.
            var next = new byte[PartBytes];
            part.AsSpan(valid).CopyTo(next);
            parts.Add(part.AsMemory(0, valid));
            (part, before, filled, valid) = (next, before + valid, filled - valid, 0);
        }
        parts.Add(part.AsMemory(0, filled));
        if (parts.Count == 1)
            return parts[0];
        var bytes = new byte[before + filled];
        int length = 0;
        foreach (ReadOnlyMemory<byte> one in parts)
        {
            one.CopyTo(bytes.AsMemory(length));
            length += one.Length;
        }
        return bytes;
    }

    // How many bytes are whole characters, when nothing but the beginning of another one follows them; else null.
    private static int? ValidLength(ReadOnlySpan<byte> bytes)
    {
        if (Utf8.IsValid(bytes))
            return bytes.Length;
        int bad = FirstBadByte(bytes);
        return Rune.DecodeFromUtf8(bytes[bad..], out _, out _) == OperationStatus.NeedMoreData ? bad : null;
    }

    private static string Decode(ReadOnlySpan<byte> bytes, string location)
    {
        int start = bytes.StartsWith(ByteOrderMark) ? ByteOrderMark.Length : 0;
        if (bytes.Length == start)
            throw new CorpusFileException(CorpusFileError.Empty, location, $"{Display.Quote(location)} is empty; give a text");
        if (Utf8.IsValid(bytes))
            return Encoding.UTF8.GetString(bytes[start..]);
        throw NotUtf8(bytes, 0, 0, location);
    }

    // The first bad byte at or after a place of the bytes, before which others may have been read.
    private static CorpusFileException NotUtf8(ReadOnlySpan<byte> bytes, int from, long before, string location)
    {
        int bad = from + FirstBadByte(bytes[from..]);
        string guess = before == 0 && bytes is ([0xFF, 0xFE, ..] or [0xFE, 0xFF, ..]) ? "it looks like UTF-16" : "convert it first";
        return new CorpusFileException(
            CorpusFileError.NotUtf8, location,
            $"{Display.Quote(location)} is no UTF-8: byte 0x{bytes[bad]:X2} at offset {before + bad}; {guess} ({Converter})")
        {
            ByteOffset = before + bad,
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

    private static CorpusFileException TooLarge(string location, string size, long maxBytes, string? wayOut = null) => new(
        CorpusFileError.TooLarge, location,
        $"{Display.Quote(location)} has {size}; at most {wayOut ?? $"{maxBytes:N0} can be read, so give a part of it"}");
}

/// <summary>A verified file of a corpus on this machine.</summary>
/// <param name="Entry">The corpus.</param>
/// <param name="Path">The file's full path.</param>
/// <param name="Source">Where it came from just now, or null when it was here already.</param>
internal sealed record CorpusFile(CorpusEntry Entry, string Path, string? Source);

/// <summary>A text file, or standard input, cannot be used as a corpus.</summary>
internal sealed class CorpusFileException : CorpusException
{
    internal CorpusFileException(CorpusFileError error, string location, string message, Exception? inner = null)
        : base(message, inner)
    {
        Error = error;
        Location = location;
    }

    /// <summary>What is wrong.</summary>
    public CorpusFileError Error { get; }

    /// <summary>The path, or "standard input".</summary>
    public string Location { get; }

    /// <summary>The offset in bytes, from 0, of the first byte that is no UTF-8; null for other errors.</summary>
    public long? ByteOffset { get; internal init; }
}

/// <summary>Why a text cannot be used.</summary>
internal enum CorpusFileError
{
    /// <summary>Nothing lies at the path.</summary>
    Missing,

    /// <summary>A directory lies at the path.</summary>
    Directory,

    /// <summary>There is no text in it.</summary>
    Empty,

    /// <summary>Its bytes are no UTF-8; <see cref="CorpusFileException.ByteOffset"/> says where.</summary>
    NotUtf8,

    /// <summary>It is longer than <see cref="CorpusSettings.MaxTextBytes"/>.</summary>
    TooLarge,

    /// <summary>It cannot be read: permissions, or the device.</summary>
    Unreadable,

    /// <summary>It changed between its verification and its use.</summary>
    Changed,
}

/// <summary>A corpus cannot be had or used; the message says which, why and what to do next.</summary>
public abstract class CorpusException : Exception
{
    private protected CorpusException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}

/// <summary>Reads a UTF-8 text line by line as it comes, of whatever length, with bounded memory.</summary>
internal static class LineReader
{
    /// <summary>The longest line, in UTF-16 units.</summary>
    public const int LongestLine = 16 << 20;

    private const int BlockLength = 1 << 14;

    /// <summary>The lines of a text; one ends with \n, \r\n or \r, the last one also with the text.</summary>
    /// <param name="stream">The text; a byte order mark is passed over.</param>
    /// <param name="location">What to call it in errors.</param>
    /// <exception cref="CorpusFileException">It is no UTF-8, or a line is longer than <see cref="LongestLine"/>.</exception>
    public static IEnumerable<TextLine> Read(Stream stream, string location)
    {
        using var reader = new StreamReader(
            stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true),
                detectEncodingFromByteOrderMarks: false);
        var line = new StringBuilder();
        var block = new char[BlockLength];
        long lines = 0;
        // At the end of a block, whether a \r ends its line alone shows with the next one.
        bool first = true, afterReturn = false;
        while (Fill(reader, block, location, lines) is var count and > 0)
        {
            int begin = first && block[0] == '\uFEFF' ? 1 : 0;
            first = false;
            if (afterReturn)
            {
                (string ending, afterReturn, begin) = block[0] == '\n' ? ("\r\n", false, 1) : ("\r", false, 0);
                lines++;
                yield return Take(line, ending);
            }
            for (int length; (length = block.AsSpan(begin, count - begin).IndexOfAny('\n', '\r')) >= 0;)
            {
                line.Append(block, begin, length);
                int end = begin + length;
                afterReturn = block[end] == '\r' && end + 1 == count;
                string ending = block[end] == '\n' ? "\n" : !afterReturn && block[end + 1] == '\n' ? "\r\n" : "\r";
                begin = end + ending.Length;
                if (afterReturn)
                    break;
                lines++;
                yield return Take(line, ending);
            }
            line.Append(block, begin, count - begin);
            if (line.Length > LongestLine)
                throw new CorpusFileException(
                    CorpusFileError.TooLarge, location,
                        $"{Display.Quote(location)} has a line {lines + 1} of more than {LongestLine:N0} characters");
        }
        if (line.Length > 0 || afterReturn)
            yield return Take(line, afterReturn ? "\r" : "");
    }

    private static int Fill(StreamReader reader, char[] block, string location, long lines)
    {
        try
        {
            return reader.Read(block, 0, block.Length);
        }
        catch (DecoderFallbackException e)
        {
            throw new CorpusFileException(
                CorpusFileError.NotUtf8, location,
                    $"{Display.Quote(location)} is no UTF-8 after line {lines}; convert it first ({CorpusReader.Converter})", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CorpusFileException(
                CorpusFileError.Unreadable, location, $"cannot read {Display.Quote(location)}: {Display.OneLine(e.Message)}", e);
        }
    }

    private static TextLine Take(StringBuilder line, string end)
    {
        var taken = new TextLine(line.ToString(), end);
        line.Clear();
        return taken;
    }
}

/// <summary>A line of a text.</summary>
/// <param name="Text">The line without its end.</param>
/// <param name="End">What ends it: \n, \r\n or \r; nothing at the end of the text.</param>
public readonly record struct TextLine(string Text, string End = "");
