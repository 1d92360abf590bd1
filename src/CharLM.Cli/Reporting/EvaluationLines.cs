using CharLM.Checkpoints;
using CharLM.Cli.Streams;
using CharLM.Evaluation;
using CharLM.Tokenization;

namespace CharLM.Cli.Reporting;

/// <summary>Evaluations of models as lines of text and as objects for <see cref="JsonOutput"/>.</summary>
internal static class EvaluationLines
{
    /// <summary>One figure per line.</summary>
    public static IEnumerable<string> Describe(EvaluationReport report)
    {
        string unknown = report.Unknown.Tokens > 0
            ? $"; without the {Figure.Count(report.Unknown.Tokens)} unknown tokens {Figure.Perplexity(report.PerplexityOfKnown)}"
            : "";
        yield return $"model        {Printable.Text(report.Model)}";
        string seen = report.PassagesTrainedOn is { } share ? $"{100 * share:0} % of its passages were"
            : "unknown how many of its passages were";
        string raw = report.RawBytes == report.Bytes ? "" : $", {report.BitsPerRawByte:0.0000} per byte of the raw text";
        yield return $"text         {Printable.Text(report.Text)}; {seen} trained on";
        yield return $"read         {report.Reading}";
        yield return $"perplexity   {Figure.Perplexity(report.Perplexity)} (95 %: "
            + $"{Range(report.PerplexityInterval, Figure.Perplexity)}){unknown}";
        yield return $"nats         {report.All.Mean:0.0000} per token (95 %: {Range(report.MeanInterval, Nats)}), "
            + $"{Figure.Count(report.All.Total)} in total";
        yield return $"bits         {report.BitsPerCharacter:0.0000} per character (95 %: {Range(report.BitsPerCharacterInterval, Nats)}), "
            + $"{report.BitsPerByte:0.0000} per byte{raw}";
        yield return $"tokens       {Figure.Count(report.All.Tokens)}, {Figure.Count(report.Unknown.Tokens)} of them unknown; "
            + $"{Figure.Count(report.Characters)} characters, {Figure.Count(report.Bytes)} bytes";
        yield return $"accuracy     {100 * report.Accuracy:0.00} %, calibration error {100 * report.CalibrationError:0.00} %";
        yield return $"took         {Figure.Duration(report.Seconds)}";
    }

    /// <summary>Which model is better, and how certain that is.</summary>
    public static IEnumerable<string> Describe(PairedComparison comparison, string first, string second)
    {
        string better = comparison.Difference < 0 ? second : first;
        string verdict = comparison.IsClear ? $"{Printable.Text(better)} is better" : "no clear difference";
        string leftOut = comparison.LeftOut > 0 ? $", {Figure.Count(comparison.LeftOut)} left out that one vocab lacks" : "";
        yield return $"difference   {Signed(comparison.Difference)} nats per token (95 %: {Range(comparison.DifferenceInterval, Signed)}), "
            + $"perplexity times {comparison.PerplexityRatio:0.0000}: {verdict}";
        yield return $"compared     second minus first, token by token: {Figure.Count(comparison.First.Tokens)} tokens{leftOut}";
    }

    /// <summary>Why two models are not compared token by token, and what remains comparable.</summary>
    public static string WhyNotCompared(ISavedModel first, EvaluationReport firstReport, ISavedModel second, EvaluationReport secondReport)
    {
        string bits = $"{firstReport.BitsPerRawByte:0.0000} and {secondReport.BitsPerRawByte:0.0000} bits per byte of the raw text";
        string what = firstReport.Measured == secondReport.Measured ? $"compare {bits}"
            : firstReport.Measured.Sha256 == secondReport.Measured.Sha256
                ? $"only {bits} have one unit, and a cleaning that drops characters leaves less to predict"
            : "they were measured on different parts of it, so no figures compare: --split all measures the same";
        return $"not token by token, since one predicts {Tokens(first.Text)}, the other {Tokens(second.Text)}; {what}";
    }

    /// <summary>All figures, for JSON.</summary>
    /// <param name="report">The evaluation.</param>
    /// <param name="warning">A warning, if any.</param>
    /// <param name="page">The file of the page; default null: none was written.</param>
    public static object Json(EvaluationReport report, string? warning, string? page = null) => new
    {
        report.Model,
        report.Text,
        report.Reading,
        Nats = report.All.Mean,
        NatsInterval = Pair(report.MeanInterval),
        report.Perplexity,
        PerplexityInterval = Pair(report.PerplexityInterval),
        PerplexityWithoutUnknown = report.PerplexityOfKnown,
        report.BitsPerCharacter,
        BitsPerCharacterInterval = Pair(report.BitsPerCharacterInterval),
        report.BitsPerByte,
        report.BitsPerRawByte,
        report.All.Tokens,
        UnknownTokens = report.Unknown.Tokens,
        report.Characters,
        report.Bytes,
        report.RawBytes,
        report.PassagesTrainedOn,
        report.Accuracy,
        report.CalibrationError,
        report.Seconds,
        Warning = warning,
        Page = page,
    };

    /// <summary>The comparison, for JSON.</summary>
    public static object Json(PairedComparison comparison) => new
    {
        comparison.Difference,
        DifferenceInterval = Pair(comparison.DifferenceInterval),
        comparison.PerplexityRatio,
        comparison.IsClear,
        comparison.First.Tokens,
        TokensLeftOut = comparison.LeftOut,
    };

    private static string Tokens(TextConfig text) =>
        $"{Choices.NameOf(text.Token)} tokens of a text cleaned as '{Choices.NameOf(text.Cleaning)}'";

    private static double[] Pair(Interval interval) => [interval.Low, interval.High];

    private static string Range(Interval interval, Func<double, string> format) => $"{format(interval.Low)} to {format(interval.High)}";

    private static string Nats(double value) => value.ToString("0.0000");

    private static string Signed(double value) => value.ToString("+0.0000;-0.0000;0.0000");
}
