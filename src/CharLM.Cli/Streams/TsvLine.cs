namespace CharLM.Cli.Streams;

/// <summary>Lines of cells with tabs between, for programs: text as it is, but nothing in it ends a cell or a line.</summary>
internal static class TsvLine
{
    /// <summary>The line, without its end; a tab, line feed or carriage return within a cell is written \t, \n or \r.</summary>
    public static string Of(params IEnumerable<string> cells) => string.Join('\t', cells.Select(cell => cell
        .Replace("\t", "\\t", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal).Replace("\r", "\\r", StringComparison.Ordinal)));
}
