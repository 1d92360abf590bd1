using System.Globalization;
using CharLM.Figures.Tables;

namespace CharLM.Figures;

/// <summary>
/// Models of five texts, 90/5/5: the validation part chooses the epoch, and the test part is measured once, at the end.
/// </summary>
internal static class Texts
{
    private const string Script = "scripts/results", Table = "results";

    // What the default three minutes were worth on this project's machine, as numbers that give the same model on every machine.
    private sealed record Row(string Name, string File, string Options, int Steps = 0)
    {
        public string Model => Options[9..];

        public string Stem => Path.GetFileNameWithoutExtension(File);

        public string Preset => Options.Split(' ')[1];

        public Job JobOf(int seed) => new(
            $"{Stem}-{Preset}-s{seed}",
            [File, .. Options.Split(' '), .. Steps > 0 ? ["--steps", $"{Steps}"] : Array.Empty<string>(), "--seed", $"{seed}"], Folder);
    }

    private static readonly string Folder = Path.Combine(Charlm.Root, "artifacts", "figures", "texts");

    private const string OwnText = "--preset own-text", Split = " --validation-fraction 0.05 --test-fraction 0.05";

    private static readonly Row[] Rows =
    [
        new("Tiny Shakespeare", "tinyshakespeare.txt", OwnText, 4500),
        new("The Time Machine", "timemachine.txt", OwnText, 4700),
        new("C# source", "csharp.txt", OwnText, 4400),
        new("German quotations", "zitate.txt", OwnText, 4400),
        new("Tang verse", "tang.txt", OwnText, 4300),
        new("Tiny Shakespeare", "tinyshakespeare.txt", "--preset tiny-shakespeare-lstm" + Split),
        new("The Time Machine, d2l cleaning", "timemachine.txt", "--preset time-machine-lstm" + Split),
    ];

    /// <summary>Runs what is asked for and writes docs/figures/results.json and the tables.</summary>
    /// <param name="words">The options.</param>
    public static int Measure(Arguments words)
    {
        int seeds = words.Number("--seeds", 3), atOnce = words.Number("--jobs", Environment.ProcessorCount);
        bool tableOnly = words.Has("--table"), again = words.Has("--again");
        string[] named = words.OneOf("text or preset", [.. Rows.SelectMany(row => new[] { row.Stem, row.Preset }).Distinct()]);
        var kept = new KeptRuns("results");
        if (again)
            kept.Clear();
        Row[] rows = [.. Rows.Where(row => File.Exists(Path.Combine(Folder, row.File)))];
        Row[] toRun = [.. rows.Where(row => named.Length == 0 || named.Contains(row.Stem) || named.Contains(row.Preset))];
        if (!tableOnly)
            kept.Finish([.. Enumerable.Range(0, seeds).SelectMany(seed => toRun.Select(row => row.JobOf(seed)))], atOnce);
        if (tableOnly)
            kept.ThrowIfEmpty(Script);
        // A row of which this checkout has no run keeps the figures, and the commits, that it has.
        ResultRow[] before = FigureFile.Exists(Charlm.Root, Table) ? FigureFile.Read<ResultFigures>(Charlm.Root, Table).Rows : [];
        List<ResultRow> measured = [];
        foreach (Row row in Rows)
        {
            (int Seed, KeptRun? Run)[] all = rows.Contains(row)
                ? [.. Enumerable.Range(0, seeds).Select(seed => (seed, kept.Find(row.JobOf(seed))))] : [];
            (int Seed, KeptRun Run)[] runs = [.. all.Where(one => one.Run is not null).Select(one => (one.Seed, one.Run!))];
            if (runs.Length > 0)
                measured.Add(RowOf(row, runs));
            else if (Array.Find(before, old => old.Text == row.Name && old.Model == row.Model) is { } old)
                measured.Add(old);
        }
        string[] absent = [.. Rows.Select(row => $"{row.Name} with {row.Model.Split(' ')[0]}")
            .Except(measured.Select(row => $"{row.Text} with {row.Model.Split(' ')[0]}"))];
        string note = (measured.Any(row => row.Seeds.Length < seeds) ? "The number of seeds is in brackets." : "")
            + (absent.Length > 0 ? $" Not measured: {string.Join(", ", absent)}." : "");
        FigureFile.Write(Charlm.Root, Table, ResultFigures.Of(Script, Charlm.Engine, [.. measured], note.Trim()));
        MarkedTables.FillAll(Charlm.Root);
        return 0;
    }

    private static ResultRow RowOf(Row row, (int Seed, KeptRun Run)[] runs)
    {
        KeptRun first = runs[0].Run;
        long characters = (long)first.Number("train_tokens");
        Job job = row.JobOf(0);
        string[] settings = Charlm.SettingsOf(job.Words, job.Folder);
        double minibatch = Setting(settings, "batch_size") * Setting(settings, "num_steps");
        int steps = row.Steps > 0 ? row.Steps : (int)(first.Number("epochs") * Math.Floor(characters / minibatch));
        double passes = steps * minibatch / characters;
        return new ResultRow(
            row.Name, row.Model, characters, (int)first.Number("vocab_size"), steps, passes, (long)first.Number("unseen", "tokens"),
            [.. runs.Select(one => one.Seed)], [.. runs.Select(one => one.Run.Number("unseen", "loss"))],
            first.Number("unseen", "n_gram_loss"), [.. runs.Select(one => one.Run.Commit).Distinct()],
            [.. runs.Select(one => one.Run.Date).Distinct().Order(StringComparer.Ordinal)],
            [.. runs.Select(one => one.Run.Machine).Distinct()]);
    }

    private static double Setting(string[] settings, string name) => double.Parse(
        settings.First(line => line.Trim().StartsWith(name + ":", StringComparison.Ordinal)).Split(':')[1], CultureInfo.InvariantCulture);
}
