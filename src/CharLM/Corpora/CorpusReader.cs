using System.Security.Cryptography;
using System.Text;

namespace CharLM.Corpora;

/// <summary>Reads a whole text, with exact errors for a text that cannot be used.</summary>
internal static class CorpusReader
{
    // The limit for a pipe or a device, which may be endless.
    private const long LargestStream = 128L << 20;

    internal sealed record Result(string Text, string Sha256, long Bytes);

    /// <summary>Reads a file in the encoding of its byte order mark, else as UTF-8.</summary>
    public static async Task<Result> ReadFileAsync(string path, long maxBytes, CancellationToken cancellationToken) =>
        ResultOf(await ReadBytesAsync(path, maxBytes, isUtf8: true, cancellationToken), path);

    /// <summary>Reads a stream like a file.</summary>
    public static async Task<Result> ReadAsync(Stream stream, string location, long maxBytes, CancellationToken cancellationToken) =>
        ResultOf(await ReadBytesAsync(stream, location, maxBytes, isUtf8: true, cancellationToken), location);

    /// <summary>Reads the bytes of a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="maxBytes">The maximum length.</param>
    /// <param name="isUtf8">Whether to refuse a pipe or a device at the first byte that is not UTF-8.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    // On a separate thread, since opening a pipe blocks until there is a writer, and only waiting for the thread can be cancelled.
    public static Task<ReadOnlyMemory<byte>> ReadBytesAsync(
        string path, long maxBytes, bool isUtf8, CancellationToken cancellationToken) =>
        Task.Run(() => OpenAndReadAsync(path, maxBytes, isUtf8, cancellationToken), cancellationToken).WaitAsync(cancellationToken);

    /// <summary>Reads the bytes of a stream.</summary>
    public static async Task<ReadOnlyMemory<byte>> ReadBytesAsync(
        Stream stream, string location, long maxBytes, bool isUtf8, CancellationToken cancellationToken) =>
        // A pipe has no length, and a device's length is 0.
        stream.CanSeek && stream.Length > 0
            ? await ReadKnownAsync(stream, location, maxBytes, cancellationToken)
            : await ReadUnknownAsync(stream, location, Math.Min(maxBytes, LargestStream), maxBytes, isUtf8, cancellationToken);

    /// <summary>Decodes bytes; a byte order mark takes precedence over the named encoding and is removed.</summary>
    /// <param name="bytes">The whole text.</param>
    /// <param name="location">Its name in errors.</param>
    /// <param name="encoding">The encoding that the user named; null for UTF-8 by default.</param>
    /// <param name="readBefore">A text that was read before in this encoding; null for none.</param>
    public static string Decode(ReadOnlySpan<byte> bytes, string location, TextEncoding? encoding, string? readBefore = null)
    {
        (TextEncoding Encoding, int Length)? mark = encoding is { IsBytes: true } ? null : TextEncoding.OfMark(bytes);
        int start = mark?.Length ?? 0;
        if (bytes.Length == start)
            throw Empty(location);
        if (mark is null && encoding is null)
            RefuseUtf16(bytes, location);
        TextEncoding used = mark?.Encoding ?? encoding ?? TextEncoding.Utf8;
        if (used.Decode(bytes[start..], out (int Offset, long Line)? bad) is { } text)
            return text;
        (int offset, long line) = bad!.Value;
        throw WrongEncoding(bytes, start + offset, 0, line, location, used, isNamed: mark is not null || encoding is not null, readBefore);
    }

    /// <summary>Returns the error for an empty file.</summary>
    public static CorpusFileException Empty(string location) =>
        new(CorpusFileError.Empty, location, $"{Display.Quote(location)} is empty; give a text");

    /// <summary>Throws if bytes without a mark are UTF-16, whose ASCII characters are valid UTF-8 interleaved with zeros.</summary>
    public static void RefuseUtf16(ReadOnlySpan<byte> bytes, string location)
    {
        if (!TextEncoding.LooksLikeUtf16(bytes))
            return;
        throw new CorpusFileException(CorpusFileError.WrongEncoding, location,
            $"{Display.Quote(location)} looks like UTF-16 without a byte order mark: name its encoding, utf-16 or utf-16be")
        {
            ByteOffset = bytes.IndexOf((byte)0),
            Suggestion = "utf-16",
        };
    }

    private static Result ResultOf(ReadOnlyMemory<byte> bytes, string location) =>
        new(Decode(bytes.Span, location, null), Convert.ToHexStringLower(SHA256.HashData(bytes.Span)), bytes.Length);

    private static async Task<ReadOnlyMemory<byte>> OpenAndReadAsync(
        string path, long maxBytes, bool isUtf8, CancellationToken cancellationToken)
    {
        try
        {
            await using FileStream file = SharedFile.OpenRead(path);
            return await ReadBytesAsync(file, path, maxBytes, isUtf8, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw ErrorOf(path, e);
        }
    }

    /// <summary>Why a file cannot be opened or read.</summary>
    public static CorpusFileException ErrorOf(string path, Exception e)
    {
        string quoted = Display.Quote(path);
        return e switch
        {
            FileNotFoundException or DirectoryNotFoundException => new CorpusFileException(
                CorpusFileError.Missing, path, $"there is no file {quoted}; give the path of a text, or a corpus's name", e),
            UnauthorizedAccessException when Directory.Exists(path) => new CorpusFileException(
                CorpusFileError.Directory, path, $"{quoted} is a directory; give a text file in it", e),
            _ => new CorpusFileException(CorpusFileError.Unreadable, path, $"cannot read {quoted}: {Display.OneLine(e.Message)}", e),
        };
    }

    // The length alone is not enough: the file may grow.
    private static async Task<ReadOnlyMemory<byte>> ReadKnownAsync(
        Stream stream, string location, long maxBytes, CancellationToken cancellationToken)
    {
        long most = Math.Min(maxBytes, CorpusSettings.LargestInMemory);
        string? wayOut = most == maxBytes ? null : WayOutOfMemory;
        if (stream.Length > most)
            throw TooLarge(location, Display.Bytes(stream.Length), most, wayOut);
        maxBytes = most;
        // One byte more than allowed, to detect longer files.
        int limit = checked((int)(maxBytes + 1));
        var buffer = new byte[Math.Min(limit, stream.Length + 1)];
        int length = 0;
        while (await stream.ReadAsync(buffer.AsMemory(length), cancellationToken) is var read and > 0)
        {
            length += read;
            if (length > maxBytes)
                throw TooLarge(location, $"more than {Display.Bytes(maxBytes)}", maxBytes, wayOut);
            if (length == buffer.Length)
                Array.Resize(ref buffer, (int)Math.Min(limit, 2L * length));
        }
        return buffer.AsMemory(0, length);
    }

    // Input is checked as it arrives and kept in parts, so that an endless source is refused early and cheaply.
    private static async Task<ReadOnlyMemory<byte>> ReadUnknownAsync(
        Stream stream, string location, long maxBytes, long maxBytesOfFile, bool isUtf8, CancellationToken cancellationToken)
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
            // A byte order mark may name another encoding, and may be incomplete so far.
            isUtf8 = isUtf8 && (before > 0 || TextEncoding.OfMark(part.AsSpan(0, filled)) is null or { Length: 3 });
            valid = !isUtf8 ? filled
                : before + filled < TextEncoding.LongestMark ? valid
                : valid + (TextEncoding.ValidLength(part.AsSpan(valid, filled - valid)) ?? throw NotUtf8(part.AsSpan(0, filled), valid));
            if (filled < part.Length)
                continue;
            // A character cut here begins the next part.
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

        CorpusFileException NotUtf8(ReadOnlySpan<byte> read, int from)
        {
            int bad = from + TextEncoding.FirstNotUtf8(read[from..]);
            long lines = 1 + read[..bad].Count((byte)'\n') + parts.Sum(one => (long)one.Span.Count((byte)'\n'));
            return WrongEncoding(read, bad, before, lines, location, TextEncoding.Utf8, isNamed: false, null);
        }
    }

    /// <summary>The error for an invalid byte, given the block that holds it and the number of bytes before the block.</summary>
    public static CorpusFileException WrongEncoding(
        ReadOnlySpan<byte> bytes, int bad, long before, long line, string location, TextEncoding encoding, bool isNamed, string? readBefore)
    {
        string quoted = Display.Quote(location);
        string where = $"byte 0x{bytes[bad]:X2} at offset {before + bad}, line {line}";
        // No text in one of the older encodings contains a zero byte.
        if (!isNamed && bytes.Contains((byte)0))
        {
            return new CorpusFileException(CorpusFileError.Binary, location, $"{quoted} is a binary file, not a text: {where}")
            {
                ByteOffset = before + bad,
            };
        }
        string name = encoding.Title;
        string message = readBefore switch
        {
            not null => $"{quoted} is not {name}, as {Display.Quote(readBefore)} is: {where}; "
                + "bring the texts to one encoding, or read them one by one",
            _ => $"{quoted} is not {name}: {where}; name the encoding that it is in",
        };
        return new CorpusFileException(CorpusFileError.WrongEncoding, location, message)
        {
            ByteOffset = before + bad,
            Suggestion = readBefore is null ? "gb18030, say" : null,
        };
    }

    private static string WayOutOfMemory =>
        $"{CorpusSettings.LargestInMemory:N0} can be read into memory; more are read part by part, from files alone, where there is a "
            + "cache directory";

    /// <summary>Returns the error for texts that are too long together.</summary>
    public static CorpusFileException TooLargeTogether(string location, long bytes) => TooLarge(
        location, $"{Display.Bytes(bytes)} with the texts before it", CorpusSettings.LargestInMemory, WayOutOfMemory);

    /// <summary>Returns the error for a text that is too long.</summary>
    public static CorpusFileException TooLarge(string location, string size, long maxBytes, string? wayOut = null) => new(
        CorpusFileError.TooLarge, location,
        $"{Display.Quote(location)} has {size}; at most {wayOut ?? $"{maxBytes:N0} can be read, so give a part of it"}");
}

/// <summary>A verified file of a corpus on this machine.</summary>
/// <param name="Entry">The corpus.</param>
/// <param name="Path">The file's full path.</param>
/// <param name="Source">The source that it was fetched from by this call; null if it was already here.</param>
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

    /// <summary>The fault.</summary>
    public CorpusFileError Error { get; }

    /// <summary>The path, or "standard input".</summary>
    public string Location { get; }

    /// <summary>The offset in bytes, from 0, of the first byte that is invalid in the encoding; null for other errors.</summary>
    public long? ByteOffset { get; internal init; }

    /// <summary>An encoding to suggest; null for none.</summary>
    public string? Suggestion { get; internal init; }
}

/// <summary>Why a text cannot be used.</summary>
internal enum CorpusFileError
{
    /// <summary>Nothing exists at the path.</summary>
    Missing,

    /// <summary>The path is a directory instead of a file, or has no texts.</summary>
    Directory,

    /// <summary>The text is empty.</summary>
    Empty,

    /// <summary>It has invalid bytes in UTF-8, or in the named encoding; see <see cref="CorpusFileException.ByteOffset"/>.</summary>
    WrongEncoding,

    /// <summary>It is not a text.</summary>
    Binary,

    /// <summary>It exceeds <see cref="CorpusSettings.MaxTextBytes"/>.</summary>
    TooLarge,

    /// <summary>It cannot be read: permissions, or the device.</summary>
    Unreadable,

    /// <summary>It changed between its verification and its use.</summary>
    Changed,
}

/// <summary>A corpus is unavailable or unusable; the message says which, why and what to do next.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public abstract class CorpusException : Exception
{
    private protected CorpusException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
