namespace CharLM.Figures.Tables;

/// <summary>
/// Tables in the README and the docs, between <c>&lt;!-- table: NAME --&gt;</c> and <c>&lt;!-- end --&gt;</c>: what stands there is what
/// a file of docs/figures says.
/// </summary>
internal static class MarkedTables
{
    private const string Beginning = "<!-- table: ", Closing = " -->", End = "<!-- end -->", OneExperiment = "experiment ";

    private static readonly Dictionary<string, (string File, Func<string, IEnumerable<string>> Lines)> Tables = new()
    {
        ["d2l"] = ("d2l", root => D2lTables.Summary(FigureFile.Read<D2lFigures>(root, "d2l"))),
        ["d2l-v0.17"] = ("d2l", root => D2lTables.Memorising(FigureFile.Read<D2lFigures>(root, "d2l"))),
        ["d2l-v1.0"] = ("d2l", root => D2lTables.HeldOut(FigureFile.Read<D2lFigures>(root, "d2l"))),
        ["results"] = ("results", root => ResultsTable.Lines(FigureFile.Read<ResultFigures>(root, "results"))),
        ["install"] = ("install", root => InstallTable.Lines(FigureFile.Read<InstallFigures>(root, "install"))),
        ["speed"] = ("speed", root => SpeedTable.Lines(FigureFile.Read<SpeedFigures>(root, "speed"))),
        ["experiments"] = ("experiments", root => ExperimentsTable.Lines(FigureFile.Read<ExperimentFigures>(root, "experiments"))),
    };

    // Tables that their files have as they stand on the page.
    private static readonly string[] Plain = ["translation", "chinese", "couplets", "match-functions", "serving", "ranks"];

    /// <summary>The names of all tables.</summary>
    public static IReadOnlyCollection<string> Names => [.. Tables.Keys, .. Plain];

    /// <summary>The pages that may have tables.</summary>
    /// <param name="root">The checkout.</param>
    public static IEnumerable<string> Pages(string root) =>
        [Path.Combine(root, "README.md"), .. Directory.EnumerateFiles(Path.Combine(root, "docs"), "*.md").Order(StringComparer.Ordinal)];

    /// <summary>A page with each of its tables as the files of figures have it.</summary>
    /// <param name="root">The checkout.</param>
    /// <param name="page">The page's text, whose lines end with a line feed.</param>
    /// <exception cref="FormatException">A marker names no table, or has no end.</exception>
    public static string Filled(string root, string page)
    {
        List<string> filled = [];
        string? table = null;
        foreach (string line in page.Split('\n'))
        {
            if (table is not null)
            {
                if (line.StartsWith(Beginning, StringComparison.Ordinal))
                    throw new FormatException($"the table {table} has no {End}");
                if (line != End)
                    continue;
                filled.Add(line);
                table = null;
                continue;
            }
            filled.Add(line);
            if (!line.StartsWith(Beginning, StringComparison.Ordinal) || !line.EndsWith(Closing, StringComparison.Ordinal))
                continue;
            table = line[Beginning.Length..^Closing.Length];
            (string File, Func<string, IEnumerable<string>> Lines) source = SourceOf(table);
            if (FigureFile.Exists(root, source.File))
                filled.AddRange(["", .. source.Lines(root), ""]);
            else
                filled.AddRange(["", $"Not measured yet: docs/figures/{source.File}.json is missing.", ""]);
        }
        return table is null ? string.Join('\n', filled) : throw new FormatException($"the table {table} has no {End}");
    }

    private static (string File, Func<string, IEnumerable<string>> Lines) SourceOf(string table)
    {
        if (table.StartsWith(OneExperiment, StringComparison.Ordinal))
        {
            string name = table[OneExperiment.Length..];
            return ("experiments", root => ExperimentsTable.Variants(FigureFile.Read<ExperimentFigures>(root, "experiments"), name));
        }
        if (Plain.Contains(table))
            return (table, root => FigureFile.Read<PlainFigures>(root, table).Lines());
        return Tables.TryGetValue(table, out (string File, Func<string, IEnumerable<string>> Lines) source)
            ? source : throw new FormatException($"there is no table {table}: {string.Join(", ", Names)}, {OneExperiment}NAME");
    }

    /// <summary>Fills the tables of all pages.</summary>
    /// <param name="root">The checkout.</param>
    /// <returns>The pages that changed.</returns>
    public static IReadOnlyList<string> FillAll(string root)
    {
        List<string> changed = [];
        foreach (string page in Pages(root))
        {
            string text = File.ReadAllText(page);
            string filled = Filled(root, text);
            if (filled == text)
                continue;
            File.WriteAllText(page, filled);
            changed.Add(Path.GetRelativePath(root, page));
        }
        return changed;
    }
}
