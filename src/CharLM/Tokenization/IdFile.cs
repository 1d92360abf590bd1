using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using CharLM.Corpora;

namespace CharLM.Tokenization;

/// <summary>
/// A file of token numbers: a header of one page, the packed numbers, and metadata (the text's key and name, the tokens with their
/// frequencies, figures of the text). The header has magic, version, width, count, length of the metadata, and the SHA-256 of the file.
/// </summary>
internal static class IdFile
{
    private const int Version = 1;
    private const int HeaderBytes = 4096;
    private const int ChecksumPlace = 32;

    private static readonly byte[] Magic = Encoding.ASCII.GetBytes("CHARLMID");

    /// <summary>Encodes a text into a file.</summary>
    /// <param name="stream">An empty file, open for reading and writing.</param>
    /// <param name="about">Identifies the text.</param>
    /// <param name="chunks">The raw text.</param>
    /// <param name="config">How to clean and tokenize it.</param>
    public static void Write(FileStream stream, IdFileAbout about, IEnumerable<TextChunk> chunks, TextConfig config)
    {
        stream.Write(new byte[HeaderBytes]);
        using var store = new FileStore(stream, HeaderBytes);
        var packer = new TokenPacker(store);
        EncodedText text = EncodedText.Encode(chunks, config, packer);
        using var rest = new MemoryStream();
        using (var writer = new BinaryWriter(rest, Encoding.UTF8, leaveOpen: true))
            WriteRest(writer, about, text);
        var header = new byte[HeaderBytes];
        Magic.CopyTo(header, 0);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(8), Version);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(12), packer.Width);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(16), packer.Length);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(24), rest.Length);
        IncrementalHash hash = store.Hash(HeaderBytes + (packer.Width * packer.Length));
        stream.Position = HeaderBytes + (packer.Width * packer.Length);
        stream.Write(rest.GetBuffer(), 0, (int)rest.Length);
        hash.AppendData(rest.GetBuffer(), 0, (int)rest.Length);
        hash.AppendData(header, 0, ChecksumPlace);
        hash.GetHashAndReset().CopyTo(header, ChecksumPlace);
        stream.Position = 0;
        stream.Write(header);
    }

    /// <summary>Opens a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="key">The key that the text must have.</param>
    /// <param name="config">How the text was cleaned and tokenized; part of the key.</param>
    /// <param name="isTrusted">Whether this process has just written the file, so that the checksum need not be compared.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    /// <exception cref="FormatException">The file is no file of ids, of another text, truncated or changed.</exception>
    public static EncodedText Open(string path, string key, TextConfig config, bool isTrusted, CancellationToken cancellationToken)
    {
        FileStream stream = SharedFile.OpenRead(path);
        try
        {
            IdFileHeader header = ReadHeader(stream);
            if (!isTrusted)
                Check(stream, header, cancellationToken);
            stream.Position = HeaderBytes + (header.Width * header.Length);
            using var reader = new BinaryReader(stream, Encoding.UTF8, leaveOpen: true);
            IdFileAbout about = ReadAbout(reader);
            if (about.Key != key)
                throw new FormatException("it is of another text");
            EncodedText text = ReadText(reader, config, header.Length);
            int kinds = text.Tokens.Count + (config.Documents == DocumentKind.None ? 0 : 1);
            if (PackedTokens.WidthOf(kinds) != header.Width)
                throw new FormatException($"it has {kinds} kinds of tokens in {header.Width} bytes each");
            var bytes = new MappedBytes(stream, HeaderBytes, header.Width * header.Length);
            return text with { Numbers = new PackedTokens(bytes, header.Width, header.Length, [.. Enumerable.Range(0, kinds)]) };
        }
        catch (Exception e) when (e is EndOfStreamException or ArgumentException or OverflowException)
        {
            stream.Dispose();
            throw new FormatException("it is no file of token ids", e);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Identifies the text of a file without comparing its checksum.</summary>
    /// <exception cref="FormatException">The file is no file of ids, or truncated.</exception>
    public static (IdFileAbout About, long Tokens) Describe(string path)
    {
        using FileStream stream = SharedFile.OpenRead(path);
        IdFileHeader header = ReadHeader(stream);
        stream.Position = HeaderBytes + (header.Width * header.Length);
        using var reader = new BinaryReader(stream, Encoding.UTF8, leaveOpen: true);
        try
        {
            return (ReadAbout(reader), header.Length);
        }
        catch (Exception e) when (e is EndOfStreamException or ArgumentException)
        {
            throw new FormatException("it is no file of token ids", e);
        }
    }

    private static IdFileHeader ReadHeader(FileStream stream)
    {
        var bytes = new byte[HeaderBytes];
        if (stream.ReadAtLeast(bytes, HeaderBytes, throwOnEndOfStream: false) < HeaderBytes || !bytes.AsSpan().StartsWith(Magic))
            throw new FormatException("it is no file of token ids");
        if (BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(8)) is var version && version != Version)
            throw new FormatException($"it is of version {version}, and this program reads {Version}");
        var header = new IdFileHeader(
            bytes, BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(12)), BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(16)),
            BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(24)));
        if (header.Width is not (1 or 2 or 4) || header.Length < 0 || header.Length > long.MaxValue / 8
            || stream.Length - HeaderBytes - (header.Width * header.Length) != header.RestBytes)
            throw new FormatException("it is cut off");
        return header;
    }

    private static void Check(FileStream stream, IdFileHeader header, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var block = new byte[1 << 20];
        for (int read; (read = stream.Read(block)) > 0;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            hash.AppendData(block, 0, read);
        }
        hash.AppendData(header.Bytes, 0, ChecksumPlace);
        if (!hash.GetHashAndReset().AsSpan().SequenceEqual(header.Bytes.AsSpan(ChecksumPlace, SHA256.HashSizeInBytes)))
            throw new FormatException("it is damaged: its bytes are not those that were written");
    }

    private static void WriteRest(BinaryWriter writer, IdFileAbout about, EncodedText text)
    {
        writer.Write(about.Key);
        writer.Write(about.Text);
        writer.Write(about.How);
        writer.Write(text.Length);
        TextFigures figures = text.Figures;
        writer.Write(figures.Length);
        writer.Write(figures.NonBlank);
        writer.Write(figures.Documents);
        writer.Write(figures.HasReturns);
        writer.Write(figures.Loss.Characters);
        writer.Write(figures.Loss.Dropped);
        writer.Write(figures.Loss.KeepsLetters);
        writer.Write(figures.Loss.Kinds.Count);
        foreach (string kind in figures.Loss.Kinds)
            writer.Write(kind);
        writer.Write(text.Tokens.Count);
        foreach (TokenCount count in text.Tokens)
        {
            writer.Write(count.Token);
            writer.Write(count.Count);
        }
    }

    private static IdFileAbout ReadAbout(BinaryReader reader) => new(reader.ReadString(), reader.ReadString(), reader.ReadString());

    private static EncodedText ReadText(BinaryReader reader, TextConfig config, long length)
    {
        if (reader.ReadInt64() != length)
            throw new FormatException("it says two lengths");
        (long units, long nonBlank, long documents, bool hasReturns) =
            (reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt64(), reader.ReadBoolean());
        (long characters, long dropped, bool keepsLetters) = (reader.ReadInt64(), reader.ReadInt64(), reader.ReadBoolean());
        var kinds = new List<string>();
        for (int i = reader.ReadInt32(); i > 0; i--)
            kinds.Add(reader.ReadString());
        var tokens = new List<TokenCount>();
        for (int i = reader.ReadInt32(); i > 0; i--)
            tokens.Add(new TokenCount(reader.ReadString(), reader.ReadInt64()));
        var loss = new CleaningLoss(characters, dropped, kinds) { KeepsLetters = keepsLetters };
        return new EncodedText(config, tokens, new TextFigures(units, nonBlank, documents, hasReturns, loss), length, null);
    }

    private readonly record struct IdFileHeader(byte[] Bytes, int Width, long Length, long RestBytes);

    // Stores pages one after the other after the header; hashing and writing run beside the encoding.
    private sealed class FileStore(FileStream stream, long begin) : PackedStore, IDisposable
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private byte[] _spare = new byte[PagedBytes.PageBytes];
        private bool _isHashed = true;

        private Task _writing = Task.CompletedTask;

        public override byte[] Add(byte[] page, int length)
        {
            Wait();
            _writing = Task.Run(() =>
            {
                stream.Write(page, 0, length);
                if (_isHashed)
                    _hash.AppendData(page, 0, length);
            });
            byte[] next = _spare;
            _spare = page;
            return next;
        }

        // From the end backwards, so that nothing is overwritten before it is read.
        public override void Widen(int from, int to)
        {
            Wait();
            _isHashed = false;
            long end = stream.Position;
            var narrow = new byte[PagedBytes.PageBytes];
            var wide = new byte[narrow.Length * (to / from)];
            for (long place = end; place > begin;)
            {
                int length = (int)Math.Min(narrow.Length, place - begin);
                place -= length;
                stream.Position = place;
                stream.ReadExactly(narrow, 0, length);
                PackedTokens.Repack(narrow.AsSpan(0, length), from, wide, to);
                stream.Position = begin + ((place - begin) * (to / from));
                stream.Write(wide, 0, length * (to / from));
            }
            stream.Position = begin + ((end - begin) * (to / from));
        }

        /// <summary>The hash of all numbers so far, to be continued.</summary>
        public IncrementalHash Hash(long end)
        {
            Wait();
            if (_isHashed)
                return _hash;
            // After a change of width, the pages hashed so far are not those of the file.
            _hash.GetHashAndReset();
            stream.Position = begin;
            var block = new byte[PagedBytes.PageBytes];
            for (long left = end - begin; left > 0;)
            {
                int read = stream.Read(block, 0, (int)Math.Min(block.Length, left));
                _hash.AppendData(block, 0, read);
                left -= read;
            }
            return _hash;
        }

        public void Dispose()
        {
            // An error of the last write was thrown by Wait, or another exception is under way.
            _writing.ContinueWith(_ => { }, TaskScheduler.Default).Wait();
            _hash.Dispose();
        }

        private void Wait() => _writing.GetAwaiter().GetResult();
    }
}

/// <summary>Identifies the text of a file of ids.</summary>
/// <param name="Key">A checksum over the text's checksum and how it was read, cleaned and tokenized.</param>
/// <param name="Text">The text's name.</param>
/// <param name="How">Cleaning, tokens and documents, in words.</param>
internal sealed record IdFileAbout(string Key, string Text, string How);
