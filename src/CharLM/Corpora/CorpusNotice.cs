using System.Text;

namespace CharLM.Corpora;

/// <summary>A message for the user while a corpus is fetched.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="Kind">What it is about.</param>
/// <param name="Message">One line.</param>
public sealed record CorpusNotice(CorpusNoticeKind Kind, string Message)
{
    /// <summary>Whether to show it always; other notices are details of a download that may still succeed.</summary>
    public bool IsWarning => Kind is CorpusNoticeKind.Corrupt or CorpusNoticeKind.Fallback or CorpusNoticeKind.Skipped;
}

/// <summary>What a <see cref="CorpusNotice"/> is about.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum CorpusNoticeKind
{
    /// <summary>A source failed and will be retried after a pause.</summary>
    Retry,

    /// <summary>A source failed for good; the next one is tried.</summary>
    SourceFailed,

    /// <summary>Another process is downloading the same corpus; this one waits for the result.</summary>
    Waiting,

    /// <summary>A file in the cache or beside the catalog has the wrong bytes or is missing, and is not used.</summary>
    Corrupt,

    /// <summary>The automatic choice uses the bundled corpus, since the preferred one is unavailable.</summary>
    Fallback,

    /// <summary>Files in a folder are skipped: binary, hidden, empty.</summary>
    Skipped,

    /// <summary>A text that memory does not hold is made into a file of token ids, which takes a while.</summary>
    Encoding,
}

/// <summary>The progress of a download, reported on the reading thread, so receivers should return quickly.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="Corpus">The corpus's name.</param>
/// <param name="Source">Where it comes from.</param>
/// <param name="BytesReceived">Bytes on disk, including those of an earlier, interrupted download.</param>
/// <param name="TotalBytes">Bytes of the whole corpus.</param>
public sealed record DownloadProgress(string Corpus, string Source, long BytesReceived, long TotalBytes);

/// <summary>Formats names, paths and sizes for one-line messages.</summary>
internal static class Display
{
    // A file name may hold a line end or an escape sequence, which must neither break the line nor control the terminal.
    public static string Quote(string value)
    {
        var quoted = new StringBuilder("'", value.Length + 2);
        foreach (char c in value)
            quoted.Append(Steers(c) ? $"\\u{(int)c:x4}" : c);
        return quoted.Append('\'').ToString();
    }

    // Reduces a message of another program or server to one line of at most 300 characters.
    public static string OneLine(string message)
    {
        const int Longest = 300;
        string line = string.Join(' ', message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        line = new string([.. line.Where(c => !Steers(c))]);
        return line.Length <= Longest ? line : line[..Longest] + "...";
    }

    // Control characters and bidirectional formatting characters.
    private static bool Steers(char c) => char.IsControl(c) || c is (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069');

    public static string Bytes(long count) => $"{count:N0} byte{(count == 1 ? "" : "s")}";
}
