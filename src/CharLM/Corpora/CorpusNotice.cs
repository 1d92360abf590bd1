using System.Text;

namespace CharLM.Corpora;

/// <summary>Something a person may want to know while a corpus is fetched.</summary>
/// <param name="Kind">What it is about.</param>
/// <param name="Message">One line.</param>
public sealed record CorpusNotice(CorpusNoticeKind Kind, string Message)
{
    /// <summary>Whether it is to be shown always; the others are details of a download that may still succeed.</summary>
    public bool IsWarning => Kind is CorpusNoticeKind.Corrupt or CorpusNoticeKind.Fallback or CorpusNoticeKind.Skipped;
}

/// <summary>What a <see cref="CorpusNotice"/> is about.</summary>
public enum CorpusNoticeKind
{
    /// <summary>A source failed and is tried again after a pause.</summary>
    Retry,

    /// <summary>A source failed for good; the next one is tried.</summary>
    SourceFailed,

    /// <summary>Another process downloads the same corpus; its result is waited for.</summary>
    Waiting,

    /// <summary>A file in the cache, or beside the catalog, has the wrong bytes, or is gone from there; it is not used.</summary>
    Corrupt,

    /// <summary>The automatic choice uses the bundled corpus, since the preferred one is not to be had.</summary>
    Fallback,

    /// <summary>Files in a folder are passed over: binary, hidden, empty.</summary>
    Skipped,

    /// <summary>A text that memory does not hold is made into a file of token ids, which takes a while.</summary>
    Encoding,
}

/// <summary>How far a download is; reported from the thread that reads, so a receiver is quick and does not post.</summary>
/// <param name="Corpus">The corpus's name.</param>
/// <param name="Source">Where it comes from.</param>
/// <param name="BytesReceived">Bytes on disk, those of an earlier, interrupted download included.</param>
/// <param name="TotalBytes">Bytes of the whole corpus.</param>
public sealed record DownloadProgress(string Corpus, string Source, long BytesReceived, long TotalBytes);

/// <summary>Names, paths and sizes as they stand in a one-line message.</summary>
internal static class Display
{
    // A file name may hold a line end or an escape sequence; a message is one line, and a terminal is not to be steered by it.
    public static string Quote(string value)
    {
        var quoted = new StringBuilder("'", value.Length + 2);
        foreach (char c in value)
            quoted.Append(Steers(c) ? $"\\u{(int)c:x4}" : c);
        return quoted.Append('\'').ToString();
    }

    // What other programs and servers say, brought to one line of bearable length.
    public static string OneLine(string message)
    {
        const int Longest = 300;
        string line = string.Join(' ', message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        line = new string([.. line.Where(c => !Steers(c))]);
        return line.Length <= Longest ? line : line[..Longest] + "...";
    }

    // Control characters, and those that turn the direction of what follows.
    private static bool Steers(char c) => char.IsControl(c) || c is (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069');

    public static string Bytes(long count) => $"{count:N0} byte{(count == 1 ? "" : "s")}";
}
