using System.Globalization;
using System.Text;

namespace CharLM.Experiments;

/// <summary>An experiment's report as CSV (RFC 4180), every figure in full.</summary>
public static class ExperimentCsv
{
    private static readonly (string Name, Func<ExperimentRow, Spread?> Of)[] Measures =
    [
        ("train_perplexity", row => row.TrainPerplexity),
        ("held_out_perplexity", row => row.HeldOutPerplexity),
        ("held_out_bits", row => row.HeldOutBits),
    ];

    /// <summary>A line of titles, and a line for each variant; a figure that is not there is empty.</summary>
    public static string Write(ExperimentReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        var text = new StringBuilder();
        string[] spreads = [.. Measures.SelectMany(measure => new[] { $"{measure.Name}_mean", $"{measure.Name}_sd", $"{measure.Name}_best" })];
        Add(text, ["variant", "trials", "finished", "parameters", "epochs", .. spreads, "best_trial", "tokens_per_second", "trained_seconds", "warning"]);
        foreach (ExperimentRow row in report.Rows)
        {
            IEnumerable<string> figures = Measures.Select(measure => measure.Of(row)).SelectMany(spread => new[] { Number(spread?.Mean), Number(spread?.Deviation), Number(spread?.Best) });
            Add(text, [row.Variant, Number(row.Trials), Number(row.Finished), Number(row.Parameters), Number(row.Epochs), .. figures, row.BestTrial ?? "", Number(row.TokensPerSecond), Number(row.TrainedSeconds), row.Warning ?? ""]);
        }
        return text.ToString();
    }

    private static void Add(StringBuilder text, IEnumerable<string> fields) => text.AppendJoin(',', fields.Select(Field)).Append("\r\n");

    private static string Field(string field) => field.AsSpan().IndexOfAny("\",\r\n") < 0 ? field : $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static string Number(double? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "";
}
