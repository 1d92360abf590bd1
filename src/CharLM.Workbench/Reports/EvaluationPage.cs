using CharLM.Checkpoints;
using CharLM.Evaluation;
using CharLM.Workbench.Reports.Runs;

namespace CharLM.Workbench.Reports;

/// <summary>A model that was measured on a text.</summary>
/// <param name="Saved">The model.</param>
/// <param name="Result">Its figures, and the surprisal of each token.</param>
/// <param name="WindowLength">Tokens per overlapping window; 0 if the text was read in rows.</param>
internal sealed record EvaluatedModel(ISavedModel Saved, EvaluationResult Result, int WindowLength);

/// <summary>Evaluations as a page: figures, and the text coloured by how much each token surprised the model.</summary>
internal static class EvaluationPage
{
    private const int MostTokens = 20_000;
    private const double DarkestDifference = 4;

    /// <summary>Builds the page.</summary>
    /// <param name="models">One model, or two.</param>
    /// <param name="comparison">The two, token by token; null if they cannot be compared.</param>
    /// <param name="remarks">Warnings, and why two models are not compared; one sentence each.</param>
    public static Report Of(IReadOnlyList<EvaluatedModel> models, PairedComparison? comparison, IReadOnlyList<string> remarks)
    {
        EvaluationReport[] reports = [.. models.Select(model => model.Result.Report)];
        return new Report(
            string.Join(" and ", reports.Select(report => report.Model)),
            [
                new("Figures",
                [
                    new Paragraph(Verdict(reports, comparison)) { IsLead = true },
                    .. TextSections.Figures(reports),
                    .. remarks.Select(remark => new Paragraph(remark)),
                    new Paragraph($"Read in {string.Join("; or ", reports.Select(report => report.Reading).Distinct())}. "
                        + $"{string.Join("; ", reports.Select(report => $"{report.All.Tokens:#,0} tokens").Distinct())}; "
                        + "intervals come from a block bootstrap over the text."),
                ]),
                new("Surprisal", [.. models.Select(Passage)]),
                .. comparison is null ? [] : (ReportSection[])[new("Where they differ", Difference(models))],
            ]);
    }

    private static string Verdict(EvaluationReport[] reports, PairedComparison? comparison)
    {
        EvaluationReport first = reports[0];
        if (comparison is null)
            return string.Join(" ", reports.Select(report => $"{report.Model} needs {Bits(report)} of "
                + $"{report.Text}, perplexity {ReportFigure.Of(report.Perplexity)}."));
        if (comparison.Difference == 0)
            return $"{RunVerdict.Together([.. reports.Select(report => report.Model)])} tie: {Bits(first)} of {first.Text}.";
        (EvaluationReport better, EvaluationReport other) = comparison.Difference < 0 ? (reports[1], first) : (first, reports[1]);
        return $"{better.Model} is better with {Bits(better)} of {first.Text}, "
            + $"{RunVerdict.Share(better.BitsPerByte, other.BitsPerByte)} than {other.Model} ({ReportFigure.Of(other.BitsPerCharacter)}); "
            + (comparison.IsClear ? "the difference is clear: its 95 % interval excludes 0."
                : "the difference may be chance: its 95 % interval includes 0.");
    }

    private static string Bits(EvaluationReport report) => $"{ReportFigure.Of(report.BitsPerCharacter)} bits per character";

    private static ShadedText Passage(EvaluatedModel model)
    {
        TokenSurprisals surprisals = model.Result.Surprisals;
        int[] places = [.. SurprisalText.Places(surprisals, model.WindowLength, MostTokens)];
        string all = surprisals.Targets.Length / Math.Max(1, model.WindowLength) > places.Length
            ? $", the first {places.Length:#,0} of {surprisals.Targets.Length:#,0} tokens" : "";
        return SurprisalText.Of(model.Result.Report.Model + all,
            SurprisalText.TokensOf(surprisals, model.Saved, model.WindowLength, MostTokens),
            [.. places.Select(i => $"expected {TokenText.Visible(model.Saved.Vocab[surprisals.Guesses.Span[i].Token])} "
                + $"{surprisals.Guesses.Span[i].Probability:0.00}")]);
    }

    private static ShadedText Difference(IReadOnlyList<EvaluatedModel> models)
    {
        (EvaluatedModel first, EvaluatedModel second) = (models[0], models[1]);
        int[] places = [.. SurprisalText.Places(first.Result.Surprisals, first.WindowLength, MostTokens)];
        return new ShadedText(
            $"Bits of {second.Result.Report.Model} minus bits of {first.Result.Report.Model}: blue where {second.Result.Report.Model} "
                + $"was less surprised, orange where it was more; {DarkestDifference} and beyond darkest",
            [.. SurprisalText.TokensOf(first.Result.Surprisals, first.Saved, first.WindowLength, MostTokens)
                .Zip(places, (token, i) => (token.Token,
                    SurprisalText.BitsOf(second.Result.Surprisals.Nats.Span[i] - first.Result.Surprisals.Nats.Span[i])))])
        {
            Scale = ShadeScale.Diverging,
            Largest = DarkestDifference,
        };
    }
}
