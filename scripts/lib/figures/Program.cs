using CharLM.Figures;
using CharLM.Figures.Tables;

try
{
    var words = new Arguments(args[1..]);
    return args[0] switch
    {
        "d2l" => Book.Reproduce(words),
        "results" => Texts.Measure(words),
        "speed" => Speed.Measure(words),
        "experiments" => Experiments.Measure(words),
        "translation" => Translation.Measure(words),
        "match-functions" => MatchFunctions.Measure(words),
        "plain" => Plain(args[1], args[2], args[3]),
        "install" => Install(args[1]),
        "tables" => Fill(words),
        _ => throw new FormatException($"unknown table {args[0]}"),
    };
}
catch (Exception e) when (ReasonOf(e) is { } reason)
{
    Console.Error.WriteLine(reason);
    return e is FormatException ? 2 : 1;
}

// What a reader can do something about; null for faults of this program, which show where they are.
static string? ReasonOf(Exception e) => e switch
{
    TypeInitializationException { InnerException: { } inner } => ReasonOf(inner),
    FormatException or InvalidOperationException or IOException or UnauthorizedAccessException
        or System.ComponentModel.Win32Exception => e.Message,
    _ => null,
};

// A table that a script has measured: a file of {"columns": [...], "rows": [[...]], "note": "..."}.
static int Plain(string name, string script, string file)
{
    PlainTable table = FigureFile.ReadFrom<PlainTable>(file);
    var origin = new Origin(script, Charlm.Engine, [Charlm.Commit], [Charlm.Today], [Charlm.Machine], table.Note);
    FigureFile.Write(Charlm.Root, name, new PlainFigures(origin, table.Columns, table.Rows));
    MarkedTables.FillAll(Charlm.Root);
    return 0;
}

// The rows are those that scripts/test-packages measured.
static int Install(string rows)
{
    var origin = new Origin(
        "scripts/test-packages --table", Charlm.Engine, [Charlm.Commit], [Charlm.Today], [Charlm.Machine],
        "Packages come over the network, the clone from the same disk.");
    InstallRow[] now = FigureFile.ReadFrom<InstallRow[]>(rows);
    InstallRow[] before = FigureFile.Exists(Charlm.Root, "install") ? FigureFile.Read<InstallFigures>(Charlm.Root, "install").Rows : [];
    IEnumerable<InstallRow> kept = before.Where(row => now.All(other => other.Path != row.Path));
    InstallRow[] all = [.. kept.Concat(now).OrderBy(row => row.Path, StringComparer.Ordinal)];
    FigureFile.Write(Charlm.Root, "install", new InstallFigures(origin, all));
    MarkedTables.FillAll(Charlm.Root);
    return 0;
}

static int Fill(Arguments words)
{
    words.RefuseOthers();
    foreach (string page in MarkedTables.FillAll(Charlm.Root))
        Console.WriteLine(page);
    return 0;
}

internal sealed record PlainTable(string[] Columns, string[][] Rows, string Note);
