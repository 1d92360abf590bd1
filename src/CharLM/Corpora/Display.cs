using System.Text;

namespace CharLM.Corpora;

/// <summary>Names, paths and sizes as they stand in a one-line message.</summary>
internal static class Display
{
    // A file name may hold a line end or an escape sequence; a message is one line, and a terminal is not to be steered by it.
    public static string Quote(string value)
    {
        var quoted = new StringBuilder("'", value.Length + 2);
        foreach (char c in value)
            quoted.Append(char.IsControl(c) ? $"\\u{(int)c:x4}" : c);
        return quoted.Append('\'').ToString();
    }

    // What other programs and servers say, brought to one line of bearable length.
    public static string OneLine(string message)
    {
        const int Longest = 300;
        string line = string.Join(' ', message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        line = new string([.. line.Where(c => !char.IsControl(c))]);
        return line.Length <= Longest ? line : line[..Longest] + "...";
    }

    public static string Bytes(long count) => $"{count:N0} byte{(count == 1 ? "" : "s")}";
}
