using CharLM.Evaluation;

namespace CharLM.Workbench.Reports.Runs;

/// <summary>The first sentences of a report: which model wins, by how much, and whether counting (n-grams) beats it.</summary>
internal static class RunVerdict
{
    /// <summary>The verdict on language models, one paragraph per measured text; on what the runs recorded if none is measured.</summary>
    /// <param name="texts">The runs by the text that they held out.</param>
    /// <param name="measurements">Measurements of their models; may be empty.</param>
    public static IEnumerable<Paragraph> OfTexts(IReadOnlyList<RunGroup> texts, IReadOnlyList<TextMeasurement> measurements)
    {
        IGrouping<MeasuredText, TextMeasurement>[] measured = [.. measurements.GroupBy(one => one.Evaluation.Measured)];
        if (measured.Length > 0)
            return measured.Select(text => Lead((measured.Length == 1 ? "" : $"On {TextSections.NameOf(text.First().Evaluation)}: ")
                + Measured([.. text.OrderBy(one => one.Evaluation.BitsPerByte)])));
        return texts.Select(text => Lead((texts.Count == 1 ? "" : $"On {text.Name}: ") + Recorded(text.Runs)));
    }

    /// <summary>The verdict on models of pairs, one paragraph for each set of held-out pairs.</summary>
    /// <param name="groups">The runs by the pairs that they held out.</param>
    /// <param name="measurements">Measurements of their models; may be empty.</param>
    public static IEnumerable<Paragraph> OfPairs(IReadOnlyList<RunGroup> groups, IReadOnlyList<PairMeasurement> measurements) =>
        groups.Count == 1 ? [Lead(OnPairs(groups[0].Runs, measurements))]
            : groups.Select(group => Lead($"On {group.Name}: "
                + OnPairs(group.Runs, [.. measurements.Where(one => group.Runs.Any(run => run.Name == one.Run))])));

    private static string OnPairs(IReadOnlyList<RunRecord> runs, IReadOnlyList<PairMeasurement> measurements)
    {
        (string Name, double Value, PairMeasurement? Measured)[] ranked = measurements.Count > 0
            ? [.. measurements.Select(one =>
                (one.Run, one.Metrics.Count > 0 ? one.Metrics[0].Value : one.Loss.Mean, (PairMeasurement?)one))]
            : [.. runs.Where(run => run.BestFigure is not null).Select(run => (run.Name, run.BestFigure!.Value, (PairMeasurement?)null))];
        if (ranked.Length == 0)
            return "No run has a held-out figure, so none wins.";
        bool isLoss = measurements.Count > 0 ? measurements[0].Metrics.Count == 0 : runs[0].MainFigure == "loss";
        string name = isLoss ? "loss" : measurements.Count > 0 ? measurements[0].Metrics[0].Name : Metric.NameOf(runs[0].MainFigure);
        ranked = [.. isLoss ? ranked.OrderBy(one => one.Value) : ranked.OrderByDescending(one => one.Value)];
        (string Name, double Value, PairMeasurement? Measured) first = ranked[0];
        string[] tied = [.. ranked.TakeWhile(one => one.Value == first.Value).Select(one => one.Name)];
        string lead = tied.Length > 1 ? $"{Together(tied)} tie: {name} {ReportFigure.Of(first.Value)} on the held-out pairs"
            : ranked is [_, var second, ..]
                ? $"{first.Name} wins: {name} {ReportFigure.Of(first.Value)} on the held-out pairs, "
                    + $"{ReportFigure.Of(Math.Abs(first.Value - second.Value))} {(isLoss ? "below" : "above")} {second.Name} "
                    + $"({ReportFigure.Of(second.Value)})"
            : $"{first.Name} reaches {name} {ReportFigure.Of(first.Value)} on the held-out pairs";
        if (first.Measured?.Confusion is { Total: > 0 } matrix)
        {
            double most = Enumerable.Range(0, matrix.Labels.Count).Max(matrix.Support) / (double)matrix.Total;
            lead += "; counting alone, always the most frequent label, "
                + $"{(most > matrix.Accuracy ? "beats" : "does not beat")} {(tied.Length > 1 ? "them" : "it")} with "
                + $"accuracy {ReportFigure.Of(most)}";
        }
        return lead + ".";
    }

    /// <summary>Names of what is equal, 2 or more: "one, two and three".</summary>
    internal static string Together(IReadOnlyList<string> names) => $"{string.Join(", ", names.SkipLast(1))} and {names[^1]}";

    /// <summary>A difference as a share: "3.2 % fewer".</summary>
    internal static string Share(double of, double than, string less = "fewer", string more = "more")
    {
        double percent = 100 * ((of / than) - 1);
        return $"{ReportFigure.Short(Math.Abs(percent))} % {(percent < 0 ? less : more)}";
    }

    private static string Measured(TextMeasurement[] ranked)
    {
        TextMeasurement first = ranked[0];
        TextMeasurement? second = ranked.Length > 1 ? ranked[1] : null;
        (EvaluationReport Report, TextMeasurement Of)? counted = ranked.Where(one => one.NGram is not null)
            .Select(one => ((EvaluationReport, TextMeasurement)?)(one.NGram!, one)).MinBy(one => one!.Value.Item1.BitsPerByte);
        string[] tied = [.. ranked.TakeWhile(one => one.Evaluation.BitsPerByte == first.Evaluation.BitsPerByte).Select(one => one.Run)];
        string lead = second is null ? $"{first.Run} needs {Bits(first.Evaluation)} of text that training did not see"
            : tied.Length > 1
                ? $"{Together(tied)} tie with {Bits(first.Evaluation)} of text that training did not see"
            : $"{first.Run} wins with {Bits(first.Evaluation)} of text that training did not see, "
                + $"{Share(first.Evaluation.BitsPerByte, second.Evaluation.BitsPerByte)} than {second.Run} "
                + $"({ReportFigure.Of(second.Evaluation.BitsPerCharacter)})";
        if (counted is not { } nGram)
            return $"{lead}; there was too little text for counting.";
        double bits = nGram.Report.BitsPerByte;
        string name = nGram.Report.Model.Split(" (", 2)[0];
        string figure = $"{name}: {ReportFigure.Of(nGram.Report.BitsPerCharacter)}";
        lead += bits < first.Evaluation.BitsPerByte
            ? $", but counting ({figure}) beats {(tied.Length > 1 ? "them" : "it")} with {Share(bits, first.Evaluation.BitsPerByte)}."
            : $", and counting ({figure}) does not beat {(tied.Length > 1 ? "them" : "it")}: it needs "
                + $"{Share(bits, first.Evaluation.BitsPerByte)}.";
        bool? clearOfSecond = second is null || tied.Length > 1 ? null : IsClear(first, second.Surprisals),
            clearOfCounts = IsClear(first, nGram.Of.NGramSurprisals);
        return lead + (clearOfSecond, clearOfCounts) switch
        {
            (true, true) => " Both differences are clear: their 95 % intervals exclude 0.",
            (false, false) => " Both differences may be chance: their 95 % intervals include 0.",
            (true, false) => $" The difference to {second!.Run} is clear, that to counting may be chance (95 % intervals).",
            (false, true) => $" The difference to {second!.Run} may be chance, that to counting is clear (95 % intervals).",
            (null, true) => " The difference to counting is clear: its 95 % interval excludes 0.",
            (null, false) => " The difference to counting may be chance: its 95 % interval includes 0.",
            _ => "",
        };
    }

    private static string Bits(EvaluationReport report) => $"{ReportFigure.Of(report.BitsPerCharacter)} bits per character";

    // Token by token: far more certain than two intervals side by side. Null if the tokens differ.
    private static bool? IsClear(TextMeasurement one, TokenSurprisals? other)
    {
        if (one.Surprisals is not { } surprisals || other is null || surprisals.Nats.Length != other.Nats.Length)
            return null;
        try
        {
            return PairedComparison.Of(surprisals, other, new EvaluationConfig { WindowLength = one.WindowLength }).IsClear;
        }
        catch (InvalidConfigException)
        {
            // No token is in both vocabs.
            return null;
        }
    }

    private static string Recorded(IReadOnlyList<RunRecord> runs)
    {
        RunRecord[] ranked = [.. runs.Where(run => run.BestFigure is not null).OrderBy(run => run.BestFigure)];
        if (ranked.Length == 0)
            return runs.Count == 1 ? $"{runs[0].Name} held no text out, so nothing is known about text that training did not see."
                : "No run held text out, so none wins.";
        RunRecord first = ranked[0];
        double best = first.BestFigure!.Value;
        string[] tied = [.. ranked.TakeWhile(run => run.BestFigure == best).Select(run => run.Name)];
        string lead = tied.Length > 1 ? $"{Together(tied)} tie by what the runs recorded: held-out perplexity {ReportFigure.Of(best)}"
            : ranked is [_, var second, ..]
            ? $"{first.Name} wins by what the runs recorded: held-out perplexity {ReportFigure.Of(best)} after epoch {first.Best!.Epoch}, "
                + $"{Share(best, second.BestFigure!.Value, "lower", "higher")} than {second.Name} ({ReportFigure.Of(second.BestFigure)})"
            : $"{first.Name} recorded held-out perplexity {ReportFigure.Of(best)} after epoch {first.Best!.Epoch}";
        return first.Result?.Unseen is { NGramLoss: { } nGram } unseen
            ? $"{lead}; on unseen text {(tied.Length > 1 ? first.Name : "it")} has {ReportFigure.Of(Math.Exp(unseen.Loss))}, "
                + $"and counting (n-gram of order {unseen.NGramOrder}: "
                + $"{ReportFigure.Of(Math.Exp(nGram))}) {(nGram < unseen.Loss ? "beats it" : "does not beat it")}."
            : $"{lead}; whether counting beats {(tied.Length > 1 ? "them" : "it")} was not measured.";
    }

    private static Paragraph Lead(string text) => new(text) { IsLead = true };
}
