using System.Security.Cryptography;
using System.Text;

namespace CharLM.Corpora;

/// <summary>A text that is read from its files part by part, as often as needed.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
internal sealed class CorpusFiles
{
    /// <summary>The files in order, with their checksums when the text was resolved.</summary>
    public required IReadOnlyList<(CorpusPlace Place, string Sha256)> Places { get; init; }

    /// <summary>The encoding; null for the default, UTF-8.</summary>
    public TextEncoding? Encoding { get; init; }

    /// <summary>The directory of cached corpora and files of ids.</summary>
    public required string CacheDirectory { get; init; }

    /// <summary>Bytes per read, 16 or more; default 128 KiB.</summary>
    public int BlockBytes { get; init; } = 1 << 17;

    /// <summary>Receives notices of long work and of unusable files.</summary>
    public IProgress<CorpusNotice>? Notices { get; init; }

    /// <summary>Reads the joined text from beginning to end; a chunk is valid until the next one is requested.</summary>
    /// <exception cref="CorpusFileException">A file cannot be read, is in another encoding, or has changed.</exception>
    public IEnumerable<TextChunk> Chunks(CancellationToken cancellationToken)
    {
        char last = '\n';
        for (int i = 0; i < Places.Count; i++)
        {
            bool begins = true;
            (CorpusPlace place, string sha256) = Places[i];
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            using FileStream stream = Open(place.Location);
            using var file = new DecodedFile(stream, place.Location, Encoding, i == 0 ? null : Places[0].Place.Location, hash, BlockBytes);
            while (Read(file, place.Location) is { Length: > 0 } text)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (begins && i > 0 && last is not ('\n' or '\r') && Encoding is not { IsBytes: true })
                    yield return new TextChunk("\n".AsMemory(), false);
                last = text.Span[^1];
                yield return new TextChunk(text, begins);
                begins = false;
            }
            string now = Convert.ToHexStringLower(hash.GetHashAndReset());
            if (now != sha256)
                throw Changed(place.Location, now, sha256);
        }
    }

    /// <summary>Computes the SHA-256 of each file and of their concatenation, and counts their bytes.</summary>
    /// <param name="places">The files.</param>
    /// <param name="maxBytes">The maximum total length.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    /// <exception cref="CorpusFileException">A file cannot be read, is too long, or differs from the catalog.</exception>
    public static (IReadOnlyList<(string Sha256, long Bytes)> Each, string Joint) Checksums(
        IReadOnlyList<CorpusPlace> places, long maxBytes, CancellationToken cancellationToken)
    {
        using var joint = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var each = new List<(string, long)>();
        var block = new byte[1 << 20];
        long left = maxBytes;
        foreach (CorpusPlace place in places)
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            long bytes = 0;
            using FileStream stream = Open(place.Location);
            while (Read(stream, block, place.Location) is var read and > 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                bytes += read;
                if (bytes > left)
                    throw CorpusReader.TooLarge(place.Location, Display.Bytes(Math.Max(bytes, stream.Length)), left);
                hash.AppendData(block, 0, read);
                if (places.Count > 1)
                    joint.AppendData(block, 0, read);
            }
            left -= bytes;
            each.Add((Convert.ToHexStringLower(hash.GetHashAndReset()), bytes));
            if (place.Sha256 is { } expected && expected != each[^1].Item1)
                throw Changed(place.Location, each[^1].Item1, expected);
        }
        return (each, places.Count == 1 ? each[0].Item1 : Convert.ToHexStringLower(joint.GetHashAndReset()));
    }

    /// <summary>The error for a file that has changed.</summary>
    public static CorpusFileException Changed(string location, string now, string before) => new(
        CorpusFileError.Changed, location,
        $"{Display.Quote(location)} changed while it was read: SHA-256 is {now}, expected {before}; run it again");

    private static FileStream Open(string path)
    {
        try
        {
            return SharedFile.OpenRead(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CorpusReader.ErrorOf(path, e);
        }
    }

    private static int Read(FileStream stream, byte[] block, string path)
    {
        try
        {
            return stream.Read(block);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CorpusReader.ErrorOf(path, e);
        }
    }

    private static ReadOnlyMemory<char> Read(DecodedFile file, string path)
    {
        try
        {
            return file.Read();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CorpusReader.ErrorOf(path, e);
        }
    }
}

/// <summary>Decodes a file block by block and hashes its bytes.</summary>
/// <param name="stream">The file, at its beginning.</param>
/// <param name="location">Its name in errors.</param>
/// <param name="named">The encoding that the user named; null for UTF-8 by default. A byte order mark takes precedence.</param>
/// <param name="readBefore">A text that was read before in this encoding; null for none.</param>
/// <param name="hash">Receives every byte.</param>
/// <param name="blockBytes">Bytes per read.</param>
internal sealed class DecodedFile(
    Stream stream, string location, TextEncoding? named, string? readBefore, IncrementalHash hash, int blockBytes) : IDisposable
{
    private readonly byte[] _bytes = new byte[blockBytes];
    private char[] _chars = [];
    private TextEncoding? _encoding;
    private Decoder? _decoder;
    private bool _isNamed, _isOver;

    // The bytes before the block, the rest of the block, and the number of lines begun.
    private long _before, _lines = 1;
    private int _begin, _end;

    // Hashing takes about as long as decoding, so it runs beside it.
    private Task _hashing = Task.CompletedTask;

    /// <summary>Decodes the next characters, which are valid until the next call; none at the end.</summary>
    /// <exception cref="CorpusFileException">The file is empty, or has bytes that are invalid in its encoding.</exception>
    public ReadOnlyMemory<char> Read()
    {
        int written = 0;
        while (written == 0 && !_isOver)
        {
            _hashing.Wait();
            int left = _end - _begin;
            _bytes.AsSpan(_begin, left).CopyTo(_bytes);
            _before += _begin;
            int read = stream.ReadAtLeast(_bytes.AsSpan(left), blockBytes - left, throwOnEndOfStream: false);
            (_begin, _end, _isOver) = (0, left + read, left + read < blockBytes);
            _hashing = Task.Run(() => hash.AppendData(_bytes, left, read));
            if (_encoding is null)
                _begin = Begin(_bytes.AsSpan(0, _end));
            written = _decoder is null ? DecodeUtf8() : Decode(_decoder);
            _lines += _chars.AsSpan(0, written).Count('\n');
        }
        if (_isOver)
            _hashing.Wait();
        return _chars.AsMemory(0, written);
    }

    /// <inheritdoc/>
    public void Dispose() => _hashing.Wait();

    // Chooses the encoding and returns where the text begins, after a byte order mark.
    private int Begin(ReadOnlySpan<byte> bytes)
    {
        (TextEncoding Encoding, int Length)? mark = named is { IsBytes: true } ? null : TextEncoding.OfMark(bytes);
        int begin = mark?.Length ?? 0;
        if (bytes.Length == begin)
            throw CorpusReader.Empty(location);
        if (mark is null && named is null)
            CorpusReader.RefuseUtf16(bytes, location);
        (_encoding, _isNamed) = (mark?.Encoding ?? named ?? TextEncoding.Utf8, mark is not null || named is not null);
        _decoder = _encoding.IsUtf8 ? null : _encoding.NewDecoder();
        _chars = new char[_encoding.MostCharacters(blockBytes)];
        return begin;
    }

    private int DecodeUtf8()
    {
        System.Text.Unicode.Utf8.ToUtf16(_bytes.AsSpan(_begin, _end - _begin), _chars, out int used, out int written,
            replaceInvalidSequences: false, isFinalBlock: _isOver);
        _begin += used;
        // The rest can only be the beginning of a character.
        int left = _end - _begin;
        if (left > 3 || (left > 0 && (_isOver || TextEncoding.ValidLength(_bytes.AsSpan(_begin, left)) is null)))
            throw Bad(_begin, written);
        return written;
    }

    private int Decode(Decoder decoder)
    {
        try
        {
            int written = decoder.GetChars(_bytes, _begin, _end - _begin, _chars, 0, flush: _isOver);
            if (_encoding!.FillerIn(_chars.AsSpan(0, written)) is >= 0 and int filler)
                throw Bad(_begin + _encoding.BytesOf(_chars.AsSpan(0, filler)), filler);
            _begin = _end;
            return written;
        }
        catch (DecoderFallbackException e)
        {
            int bad = Math.Clamp(_begin + e.Index, 0, Math.Max(0, _end - 1));
            throw Bad(bad, _encoding!.LinesIn(_bytes.AsSpan(_begin, Math.Max(0, bad - _begin))), isCounted: true);
        }
    }

    // The error for the first invalid byte, given the characters (or the line ends) of the block before it.
    private CorpusFileException Bad(int place, int before, bool isCounted = false) => CorpusReader.WrongEncoding(
        _bytes.AsSpan(0, _end), Math.Min(place, _end - 1), _before, _lines + (isCounted ? before : _chars.AsSpan(0, before).Count('\n')),
        location, _encoding!, _isNamed, readBefore);
}
