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
