namespace CharLM.Corpora;

/// <summary>Copies a corpus from a mirror's directory.</summary>
internal sealed class CopyFetch(string path, IProgress<DownloadProgress>? progress) : SourceFetch
{
    public override string Label => path;

    public override async Task FetchAsync(PartialFile partial, CancellationToken cancellationToken)
    {
        await using FileStream file = Open();
        CorpusEntry entry = partial.Entry;
        await partial.ReceiveAsync(file, 0, bytes => progress?.Report(new DownloadProgress(entry.Name, Label, bytes, entry.Bytes)), cancellationToken);
        await partial.VerifyAsync(cancellationToken);
    }

    private FileStream Open()
    {
        try
        {
            return File.OpenRead(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new FetchException(FetchFault.Permanent, "no such file", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FetchException(FetchFault.Permanent, $"cannot be read: {e.Message}", e);
        }
    }
}
