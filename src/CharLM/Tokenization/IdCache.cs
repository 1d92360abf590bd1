using System.Security.Cryptography;
using System.Text;
using CharLM.Corpora;

namespace CharLM.Tokenization;

/// <summary>
/// The cache of texts as files of ids: one file per text, cleaning, kind of token and kind of document, written once and shared by all
/// processes. A file that is not exactly what was written is written again.
/// </summary>
internal static class IdCache
{
    private const string Folder = "ids", Extension = ".ids";
    private const int DiskFull = 28, DiskFullOnWindows = unchecked((int)0x80070070);

    private static readonly TimeSpan LockPoll = TimeSpan.FromMilliseconds(100);

    /// <summary>Opens the ids of a text, encoding it first if necessary.</summary>
    /// <exception cref="CorpusException">The text cannot be read, or the cache cannot be written.</exception>
    public static EncodedText Get(CorpusText corpus, TextConfig config, CancellationToken cancellationToken)
    {
        (string path, IdFileAbout about) = PlaceOf(corpus, config);
        DateTime written = File.GetLastWriteTimeUtc(path);
        if (Open(path, about, corpus, config, cancellationToken) is { } found)
            return found;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            using FileStream held = Lock(path, corpus, cancellationToken);
            // Another process may have written it in the meantime.
            return (File.GetLastWriteTimeUtc(path) == written ? null : Open(path, about, corpus, config, cancellationToken))
                ?? Make(path, about, corpus, config, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw ErrorOf(path, corpus, e);
        }
    }

    /// <summary>Opens the ids of a text; null if they are not in the cache.</summary>
    public static EncodedText? Find(CorpusText corpus, TextConfig config, CancellationToken cancellationToken)
    {
        (string path, IdFileAbout about) = PlaceOf(corpus, config);
        return Open(path, about, corpus, config, cancellationToken);
    }

    /// <summary>Lists the files of the cache in order of their names.</summary>
    /// <param name="cacheDirectory">The directory of cached corpora.</param>
    public static IReadOnlyList<IdCacheEntry> List(string cacheDirectory)
    {
        string folder = Path.Combine(cacheDirectory, Folder);
        return !Directory.Exists(folder) ? []
            : [.. Directory.EnumerateFiles(folder, $"*{Extension}").Order(StringComparer.Ordinal).Select(EntryOf).OfType<IdCacheEntry>()];
    }

    /// <summary>Removes the files of the cache, except one that is being written.</summary>
    /// <param name="cacheDirectory">The directory of cached corpora.</param>
    /// <returns>The removed files.</returns>
    /// <exception cref="CorpusException">A file cannot be removed.</exception>
    public static IReadOnlyList<IdCacheEntry> Clear(string cacheDirectory)
    {
        IReadOnlyList<IdCacheEntry> entries = List(cacheDirectory);
        string folder = Path.Combine(cacheDirectory, Folder);
        try
        {
            foreach (IdCacheEntry entry in entries)
                SharedFile.Delete(entry.Path);
            if (Directory.Exists(folder))
                AtomicFile.RemoveAbandoned(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CorpusCacheException(folder, e);
        }
        return entries;
    }

    private static (string Path, IdFileAbout About) PlaceOf(CorpusText corpus, TextConfig config)
    {
        CorpusOrigin origin = corpus.Origin;
        string how = EncodedText.Key(config);
        // The boundaries of files matter, since a line end may be inserted there.
        string parts = string.Concat(origin.Parts.Select(part => $"{part.Bytes} {part.Sha256}\n"));
        byte[] text = Encoding.UTF8.GetBytes($"{origin.Sha256}\n{corpus.Files!.Encoding?.Name}\n{how}\n{parts}");
        string key = Convert.ToHexStringLower(SHA256.HashData(text));
        return (Path.Combine(corpus.Files.CacheDirectory, Folder, key[..32] + Extension), new IdFileAbout(key, origin.Name, how));
    }

    private static EncodedText? Open(
        string path, IdFileAbout about, CorpusText corpus, TextConfig config, CancellationToken cancellationToken, bool isTrusted = false)
    {
        try
        {
            return IdFile.Open(path, about.Key, config, isTrusted, cancellationToken);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            Notify(corpus, CorpusNoticeKind.Corrupt,
                $"{Display.Quote(path)} is not used: {Display.OneLine(e.Message)}; it is made anew");
            return null;
        }
    }

    private static EncodedText Make(
        string path, IdFileAbout about, CorpusText corpus, TextConfig config, CancellationToken cancellationToken)
    {
        Notify(corpus, CorpusNoticeKind.Encoding,
            $"{corpus.Origin.Name}: its {Display.Bytes(corpus.Origin.Bytes)} are made into token ids, once ({about.How})");
        AtomicFile.RemoveAbandoned(Path.GetDirectoryName(path)!);
        AtomicFile.Write(
            path, stream => IdFile.Write((FileStream)stream, about, corpus.Chunks(0, cancellationToken), config), replacing: null,
            temporary => new FileStream(temporary, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Delete, bufferSize: 1));
        return Open(path, about, corpus, config, cancellationToken, isTrusted: true)
            ?? throw new IOException("the file that was written is gone");
    }

    // One process writes, the others wait. The lock ends with its owner; the empty file stays, as with downloads.
    private static FileStream Lock(string path, CorpusText corpus, CancellationToken cancellationToken)
    {
        for (bool told = false; ; told = true)
        {
            try
            {
                return new FileStream(path + CorpusCache.LockSuffix, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException e) when (CorpusCache.IsHeldByAnother(e))
            {
                if (!told)
                    Notify(corpus, CorpusNoticeKind.Waiting, $"{corpus.Origin.Name}: another process makes its token ids; waiting");
            }
            cancellationToken.WaitHandle.WaitOne(LockPoll);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private static CorpusCacheException ErrorOf(string path, CorpusText corpus, Exception e) => e.HResult is DiskFull or DiskFullOnWindows
        ? new CorpusCacheException(
            $"the disk of the corpus cache {Display.Quote(Path.GetDirectoryName(path)!)} is full: the token ids of "
                + $"{corpus.Origin.Name} want about {Display.Bytes(corpus.Origin.Bytes)}; make room, empty the cache, or choose another "
                + "cache directory", path, e)
        : new CorpusCacheException(Path.GetDirectoryName(path)!, e);

    private static IdCacheEntry? EntryOf(string path)
    {
        try
        {
            long bytes = new FileInfo(path).Length;
            try
            {
                (IdFileAbout about, long tokens) = IdFile.Describe(path);
                return new IdCacheEntry(path, bytes, about.Text, about.How, tokens);
            }
            catch (FormatException)
            {
                return new IdCacheEntry(path, bytes, null, null, null);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another process has removed it, or it belongs to another user.
            return null;
        }
    }

    private static void Notify(CorpusText corpus, CorpusNoticeKind kind, string message) =>
        corpus.Files!.Notices?.Report(new CorpusNotice(kind, message));
}

/// <summary>A file of ids in the cache.</summary>
/// <param name="Path">The full path.</param>
/// <param name="Bytes">The file's length.</param>
/// <param name="Text">The text's name when the file was written; null if the file is unusable.</param>
/// <param name="How">Cleaning, tokens and documents.</param>
/// <param name="Tokens">The number of tokens.</param>
internal sealed record IdCacheEntry(string Path, long Bytes, string? Text, string? How, long? Tokens);
