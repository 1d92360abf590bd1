namespace CharLM.Workbench.Reports;

/// <summary>Writes a table as CSV (RFC 4180, with line feeds), for programs and spreadsheets.</summary>
public static class CsvTable
{
    private static readonly char[] Quoted = [',', '"', '\n', '\r'];

    /// <summary>Writes the column names and the rows.</summary>
    /// <param name="table">The table; cells are written unchanged, so figures should have no thousands separators.</param>
    /// <param name="writer">Receives the table.</param>
    public static void Write(ReportTable table, TextWriter writer)
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(writer);
        writer.Write(string.Join(',', table.Columns.Select(column => Cell(column.Name, isNumber: false))) + "\n");
        foreach (IReadOnlyList<string> row in table.Rows)
            writer.Write(string.Join(',', row.Select((cell, i) => Cell(cell, table.Columns[i].IsNumber))) + "\n");
    }

    private static string Cell(string text, bool isNumber)
    {
        // A spreadsheet would execute such a name as a formula.
        if (!isNumber && text.Length > 0 && text[0] is '=' or '+' or '-' or '@' or '\t' or '\r' or '\n')
            text = "'" + text;
        return text.IndexOfAny(Quoted) < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }
}
