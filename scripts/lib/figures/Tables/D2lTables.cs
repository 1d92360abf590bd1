using System.Text.Json.Serialization;

namespace CharLM.Figures.Tables;

/// <summary>A row of the book's result tables and what the runs of it gave, in order of seeds.</summary>
/// <param name="Name">As the tables call it.</param>
/// <param name="Edition">v0.17 or v1.0.</param>
/// <param name="Preset">The preset.</param>
/// <param name="Options">Options beside it.</param>
/// <param name="Published">The published range of training perplexity.</param>
/// <param name="PublishedHeldOut">That of held-out perplexity, of the rows that have one.</param>
/// <param name="PublishedAs">What the book says where it gives no range.</param>
/// <param name="Seeds">The seeds that ran.</param>
/// <param name="Train">Training perplexity of the last epoch.</param>
/// <param name="HeldOut">Held-out perplexity after it.</param>
/// <param name="Commits">The commits whose program trained it.</param>
/// <param name="Dates">The days.</param>
/// <param name="Machines">The processors.</param>
internal sealed record D2lRow(
    string Name, string Edition, string Preset, string Options, double[] Published, double[]? PublishedHeldOut, string? PublishedAs,
    int[] Seeds, double[] Train, double[]? HeldOut, string[] Commits, string[] Dates, string[] Machines)
{
    // Published figures have one or two decimals.
    private const double Rounding = 0.05;

    /// <summary>Tokens per second of this row alone on the machine, or null until it is measured.</summary>
    public double? TokensPerSecond { get; init; }

    /// <summary>Whether the medians are inside the published ranges.</summary>
    [JsonIgnore]
    public bool IsInside => Inside(Train, Published) && (PublishedHeldOut is null || Inside(HeldOut!, PublishedHeldOut));

    private static bool Inside(double[] values, double[] range) =>
        values.Length > 0 && Numbers.Median(values) >= range[0] - Rounding && Numbers.Median(values) <= range[1] + Rounding;
}

/// <summary>The file d2l.json.</summary>
/// <param name="Origin">Where the perplexities come from.</param>
/// <param name="SpeedOrigin">Where the speeds come from.</param>
/// <param name="Rows">The rows.</param>
internal sealed record D2lFigures(Origin Origin, Origin? SpeedOrigin, D2lRow[] Rows)
{
    /// <summary>The figures of some rows, which may have been trained at several commits.</summary>
    /// <param name="script">The script.</param>
    /// <param name="engine">Versions of charlm, TorchSharp and libtorch.</param>
    /// <param name="speedOrigin">Where the speeds come from.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="note">What else a reader must know.</param>
    public static D2lFigures Of(string script, string engine, Origin? speedOrigin, D2lRow[] rows, string note) => new(
        Origin.Of(script, engine, [.. rows.Select(row => (row.Commits, row.Dates, row.Machines))], note), speedOrigin, rows);
}

/// <summary>The book's tables with our figures beside theirs.</summary>
internal static class D2lTables
{
    /// <summary>Training perplexities of v0.17.</summary>
    /// <param name="figures">The figures.</param>
    public static IEnumerable<string> Memorising(D2lFigures figures)
    {
        yield return "| model | preset | published | ours: median (range) | seeds | tokens/s | |";
        yield return "|---|---|---|---|---|---|---|";
        foreach (D2lRow row in figures.Rows.Where(row => row.Edition == "v0.17"))
            yield return $"| {row.Name} | {Preset(row)} | {Published(row)} | {Spread(row.Train)} | {Ending(row)}";
        foreach (string line in Origins(figures))
            yield return line;
    }

    /// <summary>Training and held-out perplexities of v1.0.</summary>
    /// <param name="figures">The figures.</param>
    public static IEnumerable<string> HeldOut(D2lFigures figures)
    {
        yield return "| model | preset | train: published | train: ours | held out: published | held out: ours, last epoch | seeds | "
            + "tokens/s | |";
        yield return "|---|---|---|---|---|---|---|---|---|";
        foreach (D2lRow row in figures.Rows.Where(row => row.Edition == "v1.0"))
        {
            yield return $"| {row.Name} | {Preset(row)} | {Published(row)} | {Spread(row.Train)} | {Range(row.PublishedHeldOut!)} | "
                + $"{Spread(row.HeldOut!)} | {Ending(row)}";
        }
        foreach (string line in Origins(figures))
            yield return line;
    }

    /// <summary>The main rows of both editions, for the README.</summary>
    /// <param name="figures">The figures.</param>
    public static IEnumerable<string> Summary(D2lFigures figures)
    {
        D2lRow[] measured = [.. figures.Rows.Where(row => row.Seeds.Length > 0)];
        int inside = measured.Count(row => row.IsInside);
        yield return "| row of the book | published | ours: median of the seeds |";
        yield return "|---|---|---|";
        foreach ((string name, string edition, string what, string[] rows) in Summaries)
        {
            D2lRow[] some = [.. rows.Select(row => figures.Rows.First(other => other.Edition == edition && other.Name == row))];
            bool heldOut = edition == "v1.0";
            string published = string.Join(", ", some.Select(row => Range(heldOut ? row.PublishedHeldOut! : row.Published)));
            string ours = string.Join(", ", some.Select(row => Middle(heldOut ? row.HeldOut! : row.Train)));
            yield return $"| {edition} {name}: {what} | {published} | {ours} |";
        }
        yield return "";
        yield return $"{inside} of {figures.Rows.Length} rows have their medians within 0.05 of the published ranges"
            + (measured.Length < figures.Rows.Length ? $"; {figures.Rows.Length - measured.Length} not measured" : "")
            + $" ([all rows](docs/results.md)). {(figures.Origin with { Note = "" }).Line}";
    }

    private static readonly (string Name, string Edition, string What, string[] Rows)[] Summaries =
    [
        ("RNN, GRU, LSTM built-in", "v0.17", "training", ["RNN built-in", "GRU built-in", "LSTM built-in"]),
        ("RNN, GRU, LSTM from scratch", "v0.17", "training", ["RNN scratch, sequential", "GRU scratch", "LSTM scratch"]),
        ("RNN, GRU, LSTM built-in", "v1.0", "held out", ["RNN built-in", "GRU built-in", "LSTM built-in"]),
        ("RNN, GRU, LSTM from scratch", "v1.0", "held out", ["RNN scratch", "GRU scratch", "LSTM scratch"]),
        ("deep GRU", "v1.0", "held out", ["deep GRU built-in, 2 layers"]),
    ];

    private static IEnumerable<string> Origins(D2lFigures figures)
    {
        yield return "";
        yield return $"Perplexities: {figures.Origin.Line}";
        if (figures.SpeedOrigin is { } speed)
        {
            yield return "";
            yield return $"Tokens/s: {speed.Line}";
        }
    }

    private static string Preset(D2lRow row) => $"`{row.Preset}`{(row.Options.Length > 0 ? $" `{row.Options}`" : "")}";

    private static string Published(D2lRow row) => row.PublishedAs ?? Range(row.Published);

    private static string Range(double[] range) => $"{Numbers.Show(range[0])}-{Numbers.Show(range[1])}";

    private static string Ending(D2lRow row) => $"{row.Seeds.Length} | {(row.TokensPerSecond is { } rate ? Numbers.Count(rate) : "")} | "
        + $"{(row.Seeds.Length == 0 ? "" : row.IsInside ? "inside" : "**outside**")} |";

    private static string Middle(double[] values) => values.Length == 0 ? "-" : Numbers.Show(Numbers.Median(values));

    private static string Spread(double[] values) => values.Length switch
    {
        0 => "not run",
        1 => Numbers.Show(values[0]),
        _ => $"{Numbers.Show(Numbers.Median(values))} ({Numbers.Show(values.Min())}-{Numbers.Show(values.Max())})",
    };
}
