using System.Text;
using System.Text.RegularExpressions;
using CharLM.Checkpoints;
using CharLM.Checkpoints.Safetensors;

namespace CharLM.Workbench.Reports.Runs;

/// <summary>Reads the samples.txt of a run directory.</summary>
internal static partial class SampleFile
{
    /// <summary>The samples, in order; none for a missing file.</summary>
    /// <exception cref="CheckpointException">The file is too large, or cannot be read.</exception>
    public static IReadOnlyList<RunSample> Read(string path)
    {
        if (!File.Exists(path))
            return [];
        string text = SafetensorsFile.Read(path, PlainFile.ReadText);
        MatchCollection headings = Heading().Matches(text);
        return [.. headings.Select(
            (heading, i) => Sample(
                heading, text[(heading.Index + heading.Length)..(i + 1 < headings.Count ? headings[i + 1].Index : text.Length)]))];
    }

    private static RunSample Sample(Match heading, string text) =>
        new(int.TryParse(heading.Groups["epoch"].ValueSpan, out int epoch) ? epoch : 0,
            text.EndsWith("\n\n", StringComparison.Ordinal) ? text[..^2] : text);

    [GeneratedRegex(@"^after epoch (?<epoch>\d{1,9}):\n", RegexOptions.Multiline)]
    private static partial Regex Heading();
}

/// <summary>Reads text files of foreign runs: bounded in size, and no devices, which never end.</summary>
internal static class PlainFile
{
    private const int MaxBytes = 256 << 20;

    /// <summary>Reads a whole file as UTF-8.</summary>
    /// <exception cref="FormatException">The file is not a plain file, or too large.</exception>
    public static string ReadText(FileStream stream)
    {
        if (!stream.CanSeek)
            throw new FormatException("is not a plain file");
        if (stream.Length > MaxBytes)
            throw new FormatException($"has {stream.Length} bytes, more than {MaxBytes}");
        var bytes = new byte[stream.Length];
        // A run may still be writing: later content is for a later report.
        stream.ReadExactly(bytes);
        return Encoding.UTF8.GetString(bytes);
    }
}
