namespace CharLM.Cli.Help;

/// <summary>Names and descriptions in two columns: wrapped on a terminal, one line each in a file or a pipe.</summary>
internal sealed class HelpTable(TextWriter output)
{
    private const int WidestName = 26, Indent = 2, Gap = 2, NarrowestText = 30;

    private readonly int _width = Console.IsOutputRedirected ? int.MaxValue : TerminalWidth();

    /// <summary>Writes an empty line, a title and its rows; nothing if there are no rows.</summary>
    public void Section(string title, IEnumerable<(string Name, string Text)> rows)
    {
        (string Name, string Text)[] all = [.. rows];
        if (all.Length == 0)
            return;
        output.WriteLine();
        output.WriteLine($"{title}:");
        int longest = all.Max(row => row.Name.Length);
        // With unlimited width each row is one line; else a long name gets its own line.
        int column = Indent + Gap + (_width == int.MaxValue ? longest : Math.Min(longest, WidestName));
        foreach ((string name, string text) in all)
        {
            string lead = $"{new string(' ', Indent)}{name}";
            if (lead.Length + Gap > column)
            {
                output.WriteLine(lead);
                lead = "";
            }
            Wrap(lead.PadRight(column), text, column);
        }
    }

    /// <summary>Writes text from the left edge.</summary>
    public void Paragraph(string text) => Wrap("", text, 0);

    private void Wrap(string lead, string text, int column)
    {
        string line = lead;
        bool isEmpty = true;
        foreach (string word in text.Split(' '))
        {
            if (!isEmpty && line.Length + 1 + word.Length > Math.Max(_width, column + NarrowestText))
            {
                output.WriteLine(line);
                (line, isEmpty) = (new string(' ', column), true);
            }
            line += isEmpty ? word : $" {word}";
            isEmpty = false;
        }
        output.WriteLine(line.TrimEnd());
    }

    private static int TerminalWidth()
    {
        const int Widest = 110;
        try
        {
            return Console.WindowWidth is > 0 and var width ? Math.Min(width - 1, Widest) : int.MaxValue;
        }
        catch (IOException)
        {
            return int.MaxValue;
        }
    }
}
