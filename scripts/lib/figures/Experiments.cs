using System.Text.Json;
using CharLM.Figures.Tables;

namespace CharLM.Figures;

/// <summary>The shipped experiments, each by <c>charlm experiment run</c>.</summary>
internal static class Experiments
{
    private const string Script = "scripts/findings", Table = "experiments";

    private static readonly string Runs = Path.Combine(Charlm.Root, "artifacts", "figures", "experiments");

    private static string[] Files =>
        [.. Directory.EnumerateFiles(Path.Combine(Charlm.Root, "scripts", "experiments"), "*.yaml").Order(StringComparer.Ordinal)];

    /// <summary>Runs what is asked for and writes docs/figures/experiments.json and the table.</summary>
    /// <param name="words">The options, and names of experiments; none: all.</param>
    public static int Measure(Arguments words)
    {
        int atOnce = words.Number("--jobs", Environment.ProcessorCount);
        bool tableOnly = words.Has("--table");
        string[] named = words.OneOf("experiment", [.. Files.Select(NameOf)]);
        // Trials of one program, so that its commit can stand below the table: a later program begins again.
        string runs = Path.Combine(Runs, Charlm.Commit.Replace(' ', '-'));
        if (tableOnly && !Directory.Exists(runs))
            throw new InvalidOperationException($"no experiment has run yet with the program of commit {Charlm.Commit}: call {Script}");
        foreach (string file in tableOnly ? [] : Files.Where(file => named.Length == 0 || named.Contains(NameOf(file))))
        {
            Console.Error.WriteLine(NameOf(file));
            Run(file, runs, atOnce);
        }
        // What has not run now keeps the figures, and the commit, that it has.
        ExperimentRow[] before = FigureFile.Exists(Charlm.Root, Table) ? FigureFile.Read<ExperimentFigures>(Charlm.Root, Table).Rows : [];
        ExperimentRow[] rows =
        [
            .. Files.Select(file => Directory.Exists(Path.Combine(runs, NameOf(file)))
                ? RowOf(file, runs) : Array.Find(before, row => row.Name == NameOf(file))).OfType<ExperimentRow>(),
        ];
        FigureFile.Write(Charlm.Root, Table, ExperimentFigures.Of(Script, Charlm.Engine, rows, Files.Length - rows.Length));
        MarkedTables.FillAll(Charlm.Root);
        return 0;
    }

    private static string NameOf(string file) => Path.GetFileNameWithoutExtension(file);

    private static void Run(string file, string runs, int atOnce)
    {
        try
        {
            Charlm.Call("experiment", "run", file, "--jobs", $"{atOnce}", "--threads", "1", "--runs", runs);
        }
        catch (InvalidOperationException) when (Trials(Report(file, runs)).All(trial => IsFinished(trial) || IsDiverged(trial)))
        {
            // That a variant diverges is a result as well.
        }
    }

    private static JsonElement Report(string file, string runs) =>
        JsonDocument.Parse(Charlm.Call("experiment", "report", file, "--runs", runs, "--format", "json")).RootElement;

    private static JsonElement.ArrayEnumerator Trials(JsonElement report) => report.GetProperty("trials").EnumerateArray();

    private static bool IsFinished(JsonElement trial) => trial.GetProperty("state").GetString() == "finished";

    private static bool IsDiverged(JsonElement trial) =>
        trial.GetProperty("problem").GetString()?.Contains("not finite", StringComparison.Ordinal) == true;

    private static ExperimentRow RowOf(string file, string runs)
    {
        JsonElement report = Report(file, runs);
        string measure = report.GetProperty("measure").GetString()!, name = report.GetProperty("name").GetString()!;
        return new ExperimentRow(
            name, report.GetProperty("about").GetString()!.TrimEnd('.'), measure,
            [.. report.GetProperty("rows").EnumerateArray().Where(row => row.GetProperty("finished").GetInt32() > 0)
                .Select(row => VariantOf(report, row, measure.Replace('-', '_')))],
            Charlm.Commit, DatesOf(Path.Combine(runs, name)), Charlm.Machine);
    }

    private static ExperimentVariant VariantOf(JsonElement report, JsonElement row, string measure)
    {
        string name = row.GetProperty("variant").GetString()!;
        JsonElement values = row.GetProperty(measure);
        int diverged = Trials(report).Count(trial => trial.GetProperty("variant").GetString() == name && IsDiverged(trial));
        return new ExperimentVariant(
            name, row.GetProperty("finished").GetInt32() + diverged, row.GetProperty("parameters").GetInt64(), Number(values, "mean"),
            Number(values, "deviation"), values.GetProperty("infinite").GetInt32() + diverged);
    }

    private static double? Number(JsonElement values, string name) =>
        values.GetProperty(name) is { ValueKind: JsonValueKind.Number } number ? number.GetDouble() : null;

    // The days on which the trials ended.
    private static string[] DatesOf(string runs) =>
        [.. Directory.EnumerateFiles(runs, "metrics.jsonl", SearchOption.AllDirectories)
            .Select(file => File.GetLastWriteTimeUtc(file).ToString("yyyy-MM-dd")).Distinct().Order(StringComparer.Ordinal)];
}
