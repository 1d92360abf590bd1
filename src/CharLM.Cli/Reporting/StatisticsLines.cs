using CharLM.Cli.Streams;
using CharLM.Workbench.Reports;
using CharLM.Workbench.Statistics;

namespace CharLM.Cli.Reporting;

/// <summary>The statistics of a text as lines of text and as an object for <see cref="JsonOutput"/>.</summary>
internal static class StatisticsLines
{
    private const int MostFrequent = 20;

    /// <summary>The tables, a blank line before each.</summary>
    public static IEnumerable<string> Describe(StatisticsPage statistics)
    {
        foreach (ReportTable table in statistics.Tables(MostFrequent))
        {
            yield return "";
            yield return $"{table.Caption}:";
            foreach (string line in Columns.Align(table))
                yield return $"  {line}";
        }
        yield return "";
        yield return $"lines of the raw text: {statistics.DescribeLines()}";
        foreach (Paragraph dropped in statistics.Dropped())
            yield return Printable.Text(dropped.Text);
    }

    /// <summary>All figures, for JSON.</summary>
    /// <param name="statistics">The statistics.</param>
    /// <param name="order">The longest n-grams.</param>
    public static object Json(TextStatistics statistics, int order) => new
    {
        Ngrams = order,
        Units = statistics.Units.Select(unit => new
        {
            Token = Choices.NameOf(unit.Kind),
            Orders = unit.Orders.Select(one => new
            {
                N = one.Order,
                one.Total,
                Different = one.Kinds,
                one.Dropped,
                one.MostDropped,
                Zipf = one.Zipf is not { } fit ? null : new { fit.Exponent, fit.Constant, RSquared = fit.Determination, fit.LastRank },
                Frequent = one.Most.Select(gram => new { gram.Tokens, gram.Count, AtMostMore = gram.Error }),
                Curve = one.Curve.Select(point => new { point.Rank, point.Frequency }),
            }),
            Vocab = unit.VocabSizes.Select(size => new { size.MinFreq, size.Size, UnknownShare = size.Unknown }),
        }),
        statistics.WithoutWords,
        Lines = new
        {
            statistics.Lines.Count,
            statistics.Lines.Empty,
            statistics.Lines.Mean,
            Median = statistics.Lines.Quantile(0.5),
            P90 = statistics.Lines.Quantile(0.9),
            P99 = statistics.Lines.Quantile(0.99),
            statistics.Lines.Longest,
        },
        statistics.Scripts,
    };
}
