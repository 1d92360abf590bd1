using System.Text.Json;
using CharLM.Figures.Tables;

namespace CharLM.Figures;

/// <summary>The result tables of Dive into Deep Learning: each row is a preset with options.</summary>
internal static class Book
{
    private const string Script = "scripts/reproduce-d2l";

    // Epochs: enough to tell the speed, some seconds.
    private sealed record Row(
        string Name, string Preset, double Low, double High, double HeldOutLow = 0, double HeldOutHigh = 0, string Options = "",
        int Seeds = 3, string? Published = null, int SpeedEpochs = 8)
    {
        public string Edition => Preset.StartsWith("d2l-v1", StringComparison.Ordinal) ? "v1.0" : "v0.17";

        public string[] Words =>
            ["--preset", Preset, .. Options.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--corpus", "time-machine"];

        public Job JobOf(int seed) => new(
            string.Join('-', [Preset, .. Options.Split([' ', '-'], StringSplitOptions.RemoveEmptyEntries), $"s{seed}"]),
            [.. Words, "--seed", $"{seed}"], Charlm.Root);
    }

    private static readonly Row[] Rows =
    [
        new("RNN scratch, sequential", "d2l-rnn-scratch", 1.0, 1.2),
        new("RNN scratch, random sampling", "d2l-rnn-scratch", 1.3, 1.6, Options: "--sampling random"),
        new("RNN built-in", "d2l-rnn", 1.2, 1.4, SpeedEpochs: 30),
        new("GRU scratch", "d2l-gru-scratch", 1.0, 1.3),
        new("GRU built-in", "d2l-gru", 1.0, 1.3, SpeedEpochs: 20),
        new("LSTM scratch", "d2l-lstm-scratch", 1.1, 1.4),
        new("LSTM built-in", "d2l-lstm", 1.0, 1.3, SpeedEpochs: 20),
        new("deep LSTM 2x256", "d2l-deep-lstm", 1.0, 1.6),
        // 500 epochs do not make it learn either.
        new("32-layer LSTM", "d2l-lstm-32-layers", 16, 18, Options: "--epochs 100", Seeds: 1, SpeedEpochs: 2,
            Published: "about 17: it does not learn"),
        new("bidirectional LSTM 2x256 (sees the future)", "d2l-bidirectional-lstm", 1.0, 1.2, Seeds: 1, SpeedEpochs: 3,
            Published: "1.1"),
        new("RNN scratch", "d2l-v1-rnn-scratch", 6.1, 6.4, 7.15, 7.53),
        new("RNN built-in", "d2l-v1-rnn", 5.9, 6.0, 7.17, 7.42),
        new("GRU scratch", "d2l-v1-gru-scratch", 5.7, 5.9, 6.73, 6.96),
        new("GRU built-in", "d2l-v1-gru", 4.9, 5.1, 6.31, 6.75),
        new("LSTM scratch", "d2l-v1-lstm-scratch", 6.7, 7.1, 7.34, 7.69),
        new("LSTM built-in", "d2l-v1-lstm", 5.6, 5.8, 6.69, 6.99),
        new("deep RNN scratch, 2 layers", "d2l-v1-deep-rnn-scratch", 5.2, 5.6, 6.95, 7.26),
        new("deep GRU built-in, 2 layers", "d2l-v1-deep-gru", 4.1, 4.3, 6.11, 6.60),
    ];

    /// <summary>Runs what is asked for and writes docs/figures/d2l.json and the tables.</summary>
    /// <param name="words">The options.</param>
    public static int Reproduce(Arguments words)
    {
        int seeds = words.Number("--seeds", 3), atOnce = words.Number("--jobs", Environment.ProcessorCount);
        bool quick = words.Has("--quick"), speedOnly = words.Has("--speed"), tableOnly = words.Has("--table"), again = words.Has("--again");
        string[] named = words.OneOf("preset", [.. Rows.Select(row => row.Preset).Distinct()]);
        if (quick)
        {
            foreach (Row row in Rows)
                Console.WriteLine($"{row.Edition} {row.Name}: {Numbers.Count(Rate(row))} tokens/s");
            return 0;
        }
        var kept = new KeptRuns("d2l");
        if (again)
            kept.Clear();
        // Seed by seed, so that an interrupted call has figures for every row; the 32-layer row, which takes as long as all others, last.
        Job[] jobs = [.. Enumerable.Range(0, seeds).SelectMany(seed => Rows
            .Where(row => seed < row.Seeds && (named.Length == 0 || named.Contains(row.Preset))).Select(row => row.JobOf(seed)))
            .OrderBy(job => job.Words.Contains("d2l-lstm-32-layers"))];
        if (!speedOnly && !tableOnly)
            kept.Finish(jobs, atOnce);
        if (tableOnly)
            kept.ThrowIfEmpty(Script);
        D2lFigures? before = FigureFile.Exists(Charlm.Root, "d2l") ? FigureFile.Read<D2lFigures>(Charlm.Root, "d2l") : null;
        // Speed alone can be measured where the runs are not: the file's perplexities stay.
        D2lFigures figures = kept.IsEmpty && before is not null ? before : Gather(kept, before, seeds);
        if (!tableOnly && named.Length == 0)
            figures = WithSpeed(figures);
        FigureFile.Write(Charlm.Root, "d2l", figures);
        MarkedTables.FillAll(Charlm.Root);
        D2lRow[] outside = [.. figures.Rows.Where(row => !row.IsInside)];
        Console.Error.WriteLine(outside.Length == 0
            ? "every row is inside its published range"
            : $"not inside the published range, or not run: {string.Join("; ", outside.Select(row => $"{row.Edition} {row.Name}"))}");
        return outside.Length == 0 || tableOnly || speedOnly ? 0 : 1;
    }

    private static D2lFigures Gather(KeptRuns kept, D2lFigures? before, int seeds)
    {
        List<D2lRow> rows = [];
        int missing = 0;
        foreach (Row row in Rows)
        {
            int wanted = Math.Min(seeds, row.Seeds);
            (int Seed, KeptRun? Run)[] all = [.. Enumerable.Range(0, wanted).Select(seed => (seed, kept.Find(row.JobOf(seed))))];
            (int Seed, KeptRun Run)[] runs = [.. all.Where(one => one.Run is not null).Select(one => (one.Seed, one.Run!))];
            D2lRow? old = before?.Rows.FirstOrDefault(old => (old.Name, old.Edition) == (row.Name, row.Edition));
            // A row of which this checkout has no run keeps the figures, and the commits, that it has.
            if (runs.Length == 0 && old is not null)
            {
                missing += wanted - old.Seeds.Length;
                rows.Add(old);
                continue;
            }
            missing += wanted - runs.Length;
            bool heldOut = row.Edition == "v1.0";
            rows.Add(new D2lRow(
                row.Name, row.Edition, row.Preset, row.Options, [row.Low, row.High], heldOut ? [row.HeldOutLow, row.HeldOutHigh] : null,
                row.Published, [.. runs.Select(one => one.Seed)], [.. runs.Select(one => one.Run.Number("train_perplexity"))],
                heldOut ? [.. runs.Select(one => one.Run.Number("held_out_perplexity"))] : null,
                [.. runs.Select(one => one.Run.Commit).Distinct()], [.. runs.Select(one => one.Run.Date).Distinct()],
                [.. runs.Select(one => one.Run.Machine).Distinct()])
            {
                TokensPerSecond = old?.TokensPerSecond,
            });
        }
        string note = missing > 0 ? $"Runs that are missing: {missing} (see the column of seeds)." : "";
        return D2lFigures.Of(Script, Charlm.Engine, before?.SpeedOrigin, [.. rows], note);
    }

    private static D2lFigures WithSpeed(D2lFigures figures)
    {
        Origin origin = new($"{Script} --speed", Charlm.Engine, [Charlm.Commit], [Charlm.Today], [Charlm.Machine],
            "Each row alone for some epochs, median of all but the first.");
        return figures with
        {
            SpeedOrigin = origin,
            Rows = [.. figures.Rows.Zip(Rows, (measured, row) => measured with { TokensPerSecond = Math.Round(Rate(row)) })],
        };
    }

    // Held-out text, samples and the compiling of the first epoch do not count.
    private static double Rate(Row row)
    {
        DirectoryInfo scratch = Directory.CreateTempSubdirectory("charlm-speed-");
        try
        {
            string run = Path.Combine(scratch.FullName, "run");
            string[] words = [.. row.Words];
            if (row.Options.Contains("--epochs", StringComparison.Ordinal))
                words = ["--preset", row.Preset, "--corpus", "time-machine"];
            Charlm.Train([.. words, "--seed", "0", "--epochs", $"{(row.Edition == "v1.0" ? 4 : row.SpeedEpochs)}"], Charlm.Root, run);
            return Numbers.Median(File.ReadLines(Path.Combine(run, "metrics.jsonl"))
                .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("tokens_per_second").GetDouble()).Skip(1));
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }
}
