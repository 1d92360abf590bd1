using System.Globalization;
using CharLM.Workbench.Reports;

namespace CharLM.Workbench.Experiments;

/// <summary>An experiment's report as tables, one row per variant.</summary>
public static class ExperimentTable
{
    private static readonly (string Name, Func<ExperimentRow, Spread?> Of)[] Measures =
    [
        ("train_perplexity", row => row.TrainPerplexity),
        ("held_out_perplexity", row => row.HeldOutPerplexity),
        ("held_out_bits", row => row.HeldOutBits),
    ];

    /// <summary>The name of a metric.</summary>
    public static string NameOf(TrialMetric measure) => measure switch
    {
        TrialMetric.TrainPerplexity => "training perplexity",
        TrialMetric.HeldOutPerplexity => "held-out perplexity",
        TrialMetric.HeldOutBits => "held-out bits per character",
        _ => throw new ArgumentOutOfRangeException(nameof(measure), measure, "not a measure"),
    };

    /// <summary>The table of the experiment's metric, rounded, for people; missing figures are empty.</summary>
    public static ReportTable Short(ExperimentReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        TrialMetric measure = report.Experiment.Measure;
        bool warns = report.Rows.Any(row => row.Warning is not null);
        ReportColumn[] warning = warns ? [new ReportColumn("warning", IsNumber: false)] : [];
        return new ReportTable(
            "",
            [
                new("variant", IsNumber: false), new(NameOf(measure)), new("sd"), new("best"), new("of", IsNumber: false), new("trials"),
                    new("epochs"),
                new("parameters"), new("tokens/s"), new("seconds"), .. warning,
            ],
            [.. report.Rows.Select(row => (IReadOnlyList<string>)
            [
                row.Variant, Mean(row.Of(measure), row.Finished), Rounded(row.Of(measure)?.Deviation), Rounded(row.Of(measure)?.Best),
                    row.BestTrial ?? "",
                row.Finished == row.Trials ? $"{row.Trials}" : $"{row.Finished} of {row.Trials}", Whole(row.Epochs),
                Whole(row.Parameters), Whole(row.TokensPerSecond), Whole(row.TrainedSeconds),
                    .. warns ? [row.Warning ?? ""] : Array.Empty<string>(),
            ])]);
    }

    /// <summary>All figures at full precision, for programs; missing figures are empty.</summary>
    public static ReportTable Full(ExperimentReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        IEnumerable<ReportColumn> spreads = Measures.SelectMany(
            measure => new ReportColumn[] { new($"{measure.Name}_mean"), new($"{measure.Name}_sd"), new($"{measure.Name}_best") });
        return new ReportTable(
            "",
            [
                new("variant", IsNumber: false), new("trials"), new("finished"), new("parameters"), new("epochs"), .. spreads,
                new("best_trial", IsNumber: false), new("tokens_per_second"), new("trained_seconds"), new("warning", IsNumber: false),
            ],
            [.. report.Rows.Select(row => (IReadOnlyList<string>)
            [
                row.Variant, Exact(row.Trials), Exact(row.Finished), Exact(row.Parameters), Exact(row.Epochs),
                .. Measures.Select(measure => measure.Of(row))
                    .SelectMany(spread => new[] { Exact(spread?.Mean), Exact(spread?.Deviation), Exact(spread?.Best) }),
                row.BestTrial ?? "", Exact(row.TokensPerSecond), Exact(row.TrainedSeconds), row.Warning ?? "",
            ])]);
    }

    // Says so if the mean omits a trial or is infinite.
    private static string Mean(Spread? spread, int finished) => spread is null ? ""
        : spread.Infinite > 0 ? $"infinite ({spread.Infinite} of {spread.Count})"
        : spread.Count < finished ? $"{Rounded(spread.Mean)} ({spread.Count} of {finished})"
        : Rounded(spread.Mean);

    // A fixed number of decimals per column: three are more than seeds agree on.
    private static string Rounded(double? value) => value switch
    {
        null => "",
        double.PositiveInfinity => "infinite",
        { } figure => figure.ToString(
            Math.Abs(figure) < 100 ? "0.000" : Math.Abs(figure) < 1e6 ? "0.0" : "0.000e+0", CultureInfo.InvariantCulture),
    };

    private static string Whole(double? value) => value?.ToString("#,0", CultureInfo.InvariantCulture) ?? "";

    private static string Exact(double? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "";
}
