using System.Text;

namespace CharLM.Workbench.Reports.Runs;

/// <summary>Text files of runs from anywhere: of a bounded size, and no devices, which never end.</summary>
internal static class PlainFile
{
    private const int MaxBytes = 256 << 20;

    /// <summary>All of a file's text, read as UTF-8.</summary>
    /// <exception cref="FormatException">It is no plain file, or too large.</exception>
    public static string ReadText(FileStream stream)
    {
        if (!stream.CanSeek)
            throw new FormatException("is no plain file");
        if (stream.Length > MaxBytes)
            throw new FormatException($"has {stream.Length} bytes, more than {MaxBytes}");
        var bytes = new byte[stream.Length];
        // A run may be writing on: what comes later is for a later report.
        stream.ReadExactly(bytes);
        return Encoding.UTF8.GetString(bytes);
    }
}
