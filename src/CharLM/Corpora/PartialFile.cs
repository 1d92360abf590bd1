using System.Security.Cryptography;

namespace CharLM.Corpora;

/// <summary>A corpus on its way into the cache: it gets its final name only after its checksum has been verified.</summary>
/// <remarks>
/// An interrupted transfer is kept and continued from any source: all of them promise the same bytes, and the checksum of the
/// whole file tells whether they delivered.
/// </remarks>
internal sealed class PartialFile(string path, CorpusEntry entry)
{
    private const int BufferBytes = 64 * 1024;

    public CorpusEntry Entry => entry;

    public long Length => File.Exists(path) ? new FileInfo(path).Length : 0;

    // Beside the file, so that one setting decides where everything is written; emptied, since a killed process leaves its files.
    public DirectoryInfo MakeScratchDirectory()
    {
        var scratch = new DirectoryInfo(path + ".unpack");
        if (scratch.Exists)
            scratch.Delete(recursive: true);
        scratch.Create();
        return scratch;
    }

    // Writes `from`, which begins at byte `start` of the corpus; reports the bytes on disk after each block.
    public async Task ReceiveAsync(Stream from, long start, Action<long> received, CancellationToken cancellationToken)
    {
        await using var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, bufferSize: 0, useAsync: true);
        file.SetLength(start);
        file.Position = start;
        received(start);
        var buffer = new byte[BufferBytes];
        long total = start;
        while (await ReadAsync(from, buffer, total, cancellationToken) is var read and > 0)
        {
            total += read;
            if (total > entry.Bytes)
            {
                file.SetLength(0);
                throw new FetchException(FetchError.Mismatch, $"sends more than the catalogued {Display.Bytes(entry.Bytes)}");
            }
            await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            received(total);
        }
        file.Flush(flushToDisk: true);
        if (total < entry.Bytes)
            throw new FetchException(FetchError.Transient, $"ended after {total:N0} of {Display.Bytes(entry.Bytes)}");
    }

    // Removes wrong bytes, so that no later transfer builds on them.
    public async Task VerifyAsync(CancellationToken cancellationToken)
    {
        FileCheck check = await FileCheck.OfAsync(path, entry, cancellationToken);
        if (check.State == CorpusState.Verified)
            return;
        SharedFile.Delete(path);
        throw new FetchException(FetchError.Mismatch, check.Error ?? "another process removed the downloaded file");
    }

    // An empty file is not worth continuing.
    public void DeleteIfEmpty()
    {
        if (Length == 0)
            SharedFile.Delete(path);
    }

    public void MoveTo(string destination) => SharedFile.Move(path, destination);

    // Distinguishes failures to read, which are the source's, from failures to write, which are the cache's.
    private async ValueTask<int> ReadAsync(Stream from, byte[] buffer, long total, CancellationToken cancellationToken)
    {
        try
        {
            return await from.ReadAsync(buffer, cancellationToken);
        }
        catch (InvalidDataException e)
        {
            throw new FetchException(FetchError.Permanent, $"is not a readable archive: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new FetchException(FetchError.Transient, $"cut off after {total:N0} of {Display.Bytes(entry.Bytes)}: {e.Message}", e);
        }
    }
}

/// <summary>Whether a file on disk is the catalogued one.</summary>
internal sealed record FileCheck(CorpusState State, string? Error)
{
    public static async Task<FileCheck> OfAsync(string path, CorpusEntry entry, CancellationToken cancellationToken)
    {
        try
        {
            await using FileStream file = SharedFile.OpenRead(path);
            // A device has no length and may never end.
            long length = file.CanSeek ? file.Length : 0;
            string sha256 = Convert.ToHexStringLower(
                length == 0 ? SHA256.HashData([]) : await SHA256.HashDataAsync(file, cancellationToken));
            return sha256 == entry.Sha256
                ? new FileCheck(CorpusState.Verified, null)
                : new FileCheck(CorpusState.Corrupt,
                    $"SHA-256 is {sha256} ({Display.Bytes(length)}), expected {entry.Sha256} ({Display.Bytes(entry.Bytes)})");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return new FileCheck(CorpusState.Missing, null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new FileCheck(CorpusState.Corrupt, $"cannot be read: {Display.OneLine(e.Message)}");
        }
    }
}
