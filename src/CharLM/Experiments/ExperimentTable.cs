using System.Globalization;

namespace CharLM.Experiments;

/// <summary>An experiment's report as cells for people to read: what the experiment is about, rounded.</summary>
public sealed record ExperimentTable
{
    /// <summary>What stands above the columns.</summary>
    public IReadOnlyList<string> Titles { get; }

    /// <summary>A row for each variant; a figure that is not there is "-".</summary>
    public IReadOnlyList<IReadOnlyList<string>> Rows { get; }

    /// <summary>The row of the best mean; null while nothing is finished, or when there is one variant only.</summary>
    public int? BestRow { get; }

    /// <summary>The cells of a report.</summary>
    public ExperimentTable(ExperimentReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        Measure measure = report.Experiment.Measure;
        bool warns = report.Rows.Any(row => row.Warning is not null);
        Titles = ["variant", NameOf(measure), "sd", "best", "of", "trials", "epochs", "parameters", "tokens/s", "seconds", .. warns ? ["warning"] : Array.Empty<string>()];
        Rows = [.. report.Rows.Select(row => (IReadOnlyList<string>)
        [
            row.Variant,
            Figure(row.Of(measure)?.Mean),
            Figure(row.Of(measure)?.Deviation),
            Figure(row.Of(measure)?.Best),
            row.BestTrial ?? "-",
            row.Finished == row.Trials ? Count(row.Trials) : $"{row.Finished} of {row.Trials}",
            Count(row.Epochs),
            Count(row.Parameters),
            Count(row.TokensPerSecond),
            Count(row.TrainedSeconds),
            .. warns ? [row.Warning ?? ""] : Array.Empty<string>(),
        ])];
        BestRow = report.Rows.Count > 1 && report.Best is { } best ? report.Rows.ToList().IndexOf(best) : null;
    }

    /// <summary>A measure in words.</summary>
    public static string NameOf(Measure measure) => measure switch
    {
        Measure.TrainPerplexity => "training perplexity",
        Measure.HeldOutPerplexity => "held-out perplexity",
        Measure.HeldOutBits => "held-out bits per character",
        _ => throw new ArgumentOutOfRangeException(nameof(measure), measure, "not a measure"),
    };

    /// <summary>The same as a Markdown table, the best mean bold.</summary>
    public string ToMarkdown()
    {
        List<IEnumerable<string>> lines = [Titles, Titles.Select((_, column) => IsText(column) ? "---" : "---:")];
        for (int i = 0; i < Rows.Count; i++)
        {
            int row = i;
            lines.Add(Rows[row].Select((cell, column) => row == BestRow && column == 1 ? $"**{cell}**" : Escape(cell)));
        }
        return string.Concat(lines.Select(cells => $"| {string.Join(" | ", cells)} |\n"));
    }

    /// <summary>Whether a column holds words, not numbers.</summary>
    public bool IsText(int column) => Titles[column] is "variant" or "of" or "warning";

    // Variants have names and values of the file in them.
    private static string Escape(string cell) => cell.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("|", "\\|", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal).ReplaceLineEndings(" ");

    private static string Figure(double? value) => value switch
    {
        null => "-",
        { } figure => figure.ToString(Math.Abs(figure) < 100 ? "0.000" : Math.Abs(figure) < 1e6 ? "0.0" : "0.000e+0", CultureInfo.InvariantCulture),
    };

    private static string Count(double? value) => value?.ToString("#,0", CultureInfo.InvariantCulture) ?? "-";
}
