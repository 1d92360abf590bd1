namespace CharLM.Corpora;

/// <summary>The texts in a folder and its subfolders.</summary>
/// <param name="Files">Full paths, each folder's in ordinal order of names.</param>
/// <param name="Binary">Skipped files that hold no text.</param>
/// <param name="Hidden">Skipped hidden files and folders.</param>
/// <param name="Other">Skipped empty files, special files, and links to folders, which could form a cycle.</param>
/// <param name="Runs">Skipped run directories, since generated text is not training text.</param>
internal sealed record CorpusFolder(IReadOnlyList<string> Files, int Binary, int Hidden, int Other, int Runs)
{
    private const int Glance = 8192;

    private static readonly EnumerationOptions All = new() { AttributesToSkip = 0, IgnoreInaccessible = false };

    /// <summary>A description of what is skipped; empty when nothing is.</summary>
    public string Skipped => string.Join(", ", new[]
    {
        (Binary, "binary"), (Hidden, "hidden"), (Other, "empty, special or linked"), (Runs, "of runs"),
    }.Where(kind => kind.Item1 > 0).Select(kind => $"{kind.Item1} {kind.Item2}"));

    /// <summary>Finds the texts.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="encoding">The encoding of the texts; null for UTF-8.</param>
    /// <param name="isRun">Recognizes run directories.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <exception cref="CorpusFileException">The folder holds no text, or something in it cannot be read.</exception>
    public static CorpusFolder List(string path, TextEncoding? encoding, Func<string, bool> isRun, CancellationToken cancellationToken)
    {
        var files = new List<string>();
        (int binary, int hidden, int other, int runs) = (0, 0, 0, 0);
        Search(path);
        var folder = new CorpusFolder(files, binary, hidden, other, runs);
        if (files.Count > 0)
            return folder;
        string quoted = Display.Quote(path);
        throw new CorpusFileException(CorpusFileError.Directory, path, folder.Skipped is { Length: > 0 } skipped
            ? $"{quoted} holds no text: everything in it is skipped ({skipped})"
                : $"{quoted} holds no file; give a text, or a folder of texts");

        void Search(string directory)
        {
            cancellationToken.ThrowIfCancellationRequested();
            foreach (FileSystemInfo entry in Entries(directory))
            {
                if (entry.Name[0] == '.' || (entry.Attributes & FileAttributes.Hidden) != 0)
                    hidden++;
                else if (Directory.Exists(entry.FullName))
                    Enter(entry);
                // Opening a pipe would wait for a writer; pipes and devices have length 0.
                else if (LengthOf(entry) is not > 0)
                    other++;
                else if (IsBinary(entry.FullName))
                    binary++;
                else
                    files.Add(entry.FullName);
            }
        }

        void Enter(FileSystemInfo entry)
        {
            if (entry.LinkTarget is not null)
                other++;
            else if (isRun(entry.FullName))
                runs++;
            else
                Search(entry.FullName);
        }

        bool IsBinary(string file)
        {
            try
            {
                using FileStream stream = SharedFile.OpenRead(file);
                var begin = new byte[Glance];
                return TextEncoding.IsBinary(begin.AsSpan(0, stream.ReadAtLeast(begin, Glance, throwOnEndOfStream: false)), encoding);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw CorpusReader.ErrorOf(file, e);
            }
        }
    }

    private static IEnumerable<FileSystemInfo> Entries(string directory)
    {
        try
        {
            return [.. new DirectoryInfo(directory).EnumerateFileSystemInfos("*", All)
                .OrderBy(entry => entry.Name, StringComparer.Ordinal)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CorpusFileException(
                CorpusFileError.Unreadable, directory,
                    $"cannot read the folder {Display.Quote(directory)}: {Display.OneLine(e.Message)}", e);
        }
    }

    /// <summary>The length of a file, 0 of a pipe or a device; null where there is none.</summary>
    // A link has a length of its own, so it is resolved; a broken or circular link has no file.
    public static long? LengthOf(FileSystemInfo entry)
    {
        try
        {
            return (entry.LinkTarget is null ? entry : entry.ResolveLinkTarget(returnFinalTarget: true)) is FileInfo { Exists: true } file
                ? file.Length : null;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
