using System.Globalization;
using CharLM.Corpora;
using CharLM.Tokenization;
using CharLM.Workbench.Reports;

namespace CharLM.Workbench.Statistics;

/// <summary>The statistics of a text as tables and as a page with charts.</summary>
/// <param name="statistics">The statistics.</param>
/// <param name="name">The text's name.</param>
/// <param name="cleaning">How it was cleaned.</param>
internal sealed class StatisticsPage(TextStatistics statistics, string name, Cleaning cleaning)
{
    private const int MostBars = 80, LongestCell = 40;

    /// <summary>Builds the page.</summary>
    public Report Page() => new($"Text {name}",
    [
        new("Overview", [new Paragraph(Overview()) { IsLead = true }, Exponents(), .. Dropped()]),
        .. statistics.Units.Select(unit => new ReportSection($"Frequencies of {Plural(unit.Kind)}",
            [Zipf(unit), MostFrequent(unit, int.MaxValue)])),
        .. statistics.Units.Any(unit => unit.VocabSizes.Count > 0)
            ? [new("Vocab by minimum frequency", [VocabChart(), VocabSizes()])] : Array.Empty<ReportSection>(),
        new("Lengths of lines", [new Paragraph(DescribeLines()), LineChart()]),
        .. statistics.Scripts.Count > 0 ? [new("Scripts", [Scripts()])] : Array.Empty<ReportSection>(),
    ]);

    /// <summary>The tables of the page, for a terminal.</summary>
    /// <param name="most">The number of the most frequent tokens at most.</param>
    public IEnumerable<ReportTable> Tables(int most)
    {
        yield return Exponents() with { Caption = "frequencies and Zipf's law" };
        foreach (UnitStatistics unit in statistics.Units)
            yield return MostFrequent(unit, most);
        if (statistics.Units.Any(unit => unit.VocabSizes.Count > 0))
            yield return VocabSizes();
        if (statistics.Scripts.Count > 0)
            yield return Scripts();
    }

    /// <summary>The lengths of lines in a sentence.</summary>
    public string DescribeLines()
    {
        LineLengths lines = statistics.Lines;
        string mean = lines.Mean.ToString("#,0.0", CultureInfo.InvariantCulture);
        return $"{Count(lines.Count)} lines, {Count(lines.Empty)} of them empty: {mean} characters on average, median "
            + $"{Count(lines.Quantile(0.5))}, 90 % at most {Count(lines.Quantile(0.9))}, the longest {Count(lines.Longest)}.";
    }

    /// <summary>What was dropped to bound the memory, and why words are not counted; empty if everything is.</summary>
    public IEnumerable<Paragraph> Dropped() =>
        (statistics.WithoutWords is { } reason ? [new Paragraph($"Words are not counted: {reason}.")] : Array.Empty<Paragraph>())
        .Concat(statistics.Units.SelectMany(unit => unit.Orders.Where(one => one.Dropped > 0)
        .Select(one => new Paragraph($"Of the {NameOf(unit.Kind, one.Order, plural: true)}, rare ones were dropped "
            + $"{Count(one.Dropped)} times to bound the memory: {Count(one.Kinds)} are kept, none that is missing occurs more than "
            + $"{Count(one.MostDropped)} times, and a count marked with + may be higher by as much."))));

    /// <summary>The name of a kind of n-gram: "word bigram", "characters".</summary>
    public static string NameOf(TokenKind kind, int order, bool plural = false) => order == 1
        ? plural ? Plural(kind) : Singular(kind)
        : $"{Singular(kind)} {(order == 2 ? "bigram" : order == 3 ? "trigram" : $"{order}-gram")}{(plural ? "s" : "")}";

    /// <summary>An n-gram as text; white space and control characters are shown by signs.</summary>
    public static string Spell(TokenKind kind, IReadOnlyList<string> tokens) => kind switch
    {
        TokenKind.Word => string.Join(' ', tokens.Select(TokenText.Visible)),
        TokenKind.Byte => string.Join(' ', tokens.Select(token => ((int)token[0]).ToString("x2", CultureInfo.InvariantCulture))),
        _ => string.Concat(tokens.Select(TokenText.Visible)),
    };

    private string Overview()
    {
        IEnumerable<string> sizes = statistics.Units.Select(unit =>
            $"{Count(unit.Orders[0].Total)} {Plural(unit.Kind)} ({Count(unit.Orders[0].Kinds)} different)");
        return $"{name}, cleaned as '{Choices.NameOf(cleaning)}', has {string.Join(" and ", sizes)}.";
    }

    private ReportTable Exponents() => new(
        "",
        [Text("n-gram"), Number("occurrences"), Number("different"), Number("Zipf exponent"), Number("R squared"), Number("over ranks")],
        [.. statistics.Units.SelectMany(unit => unit.Orders.Select(one => (string[])
        [
            NameOf(unit.Kind, one.Order), Count(one.Total), Count(one.Kinds) + (one.Dropped > 0 ? " kept" : ""),
            ReportFigure.Of(one.Zipf?.Exponent), ReportFigure.Of(one.Zipf?.Determination),
            one.Zipf is { } fit ? $"1 to {Count(fit.LastRank)}" : "",
        ]))]);

    private static ReportTable MostFrequent(UnitStatistics unit, int most) => new(
        $"the most frequent {Plural(unit.Kind)}" + (unit.Orders.Count > 1 ? " and n-grams" : ""),
        [
            Number("rank"),
            .. unit.Orders.SelectMany(one => (ReportColumn[])[Text(NameOf(unit.Kind, one.Order)), Number("count")]),
        ],
        [.. Enumerable.Range(0, Math.Min(most, unit.Orders.Max(one => one.Most.Count))).Select(i => (string[])
        [
            $"{i + 1}",
            .. unit.Orders.SelectMany(one => i >= one.Most.Count ? ["", ""]
                : (string[])
                [
                    // Text without spaces has words as long as lines.
                    TokenText.Cut(Spell(unit.Kind, one.Most[i].Tokens), LongestCell),
                    Count(one.Most[i].Count) + (one.Most[i].Error > 0 ? "+" : ""),
                ]),
        ])]);

    // One line per length of n-grams, and its fit as a dashed line.
    private static LineChart Zipf(UnitStatistics unit) => new(
        $"Frequency by rank of {Plural(unit.Kind)}{(unit.Orders.Count > 1 ? " and their n-grams" : "")}", "rank", "frequency",
        [.. unit.Orders.SelectMany((one, group) => (LineSeries[])
        [
            new(NameOf(unit.Kind, one.Order), one.Curve) { Group = group },
            .. one.Zipf is not { } fit ? Array.Empty<LineSeries>() : [FitOf(fit) with { Group = group }],
        ])])
    {
        LogarithmicX = true,
        LogarithmicY = true,
    };

    private static LineSeries FitOf(ZipfFit fit) => new($"fit, exponent {ReportFigure.Of(fit.Exponent)}",
        [.. new[] { 1, fit.LastRank }.Select(rank => ((double)rank, fit.Constant * Math.Pow(rank, -fit.Exponent)))])
    {
        Dashed = true,
    };

    private LineChart VocabChart() => new("Size of the vocab by minimum frequency (--min-freq)", "minimum frequency", "entries",
        [.. statistics.Units.Select(unit => new LineSeries(Plural(unit.Kind),
            [.. unit.VocabSizes.Select(size => ((double)size.MinFreq, (double)size.Size))]))])
    {
        LogarithmicX = true,
        LogarithmicY = true,
    };

    private ReportTable VocabSizes()
    {
        Dictionary<long, VocabSize>[] sizes = [.. statistics.Units.Select(unit => unit.VocabSizes.ToDictionary(size => size.MinFreq))];
        return new ReportTable(
            "vocab by minimum frequency, <unk> included",
            [
                Number("min-freq"),
                .. statistics.Units.SelectMany(unit =>
                    (ReportColumn[])[Number(Plural(unit.Kind)), Number($"unknown {Plural(unit.Kind)}, %")]),
            ],
            [.. sizes.SelectMany(unit => unit.Keys).Distinct().Order().Select(least => (string[])
            [
                Count(least),
                .. sizes.SelectMany(unit => unit.TryGetValue(least, out VocabSize? size)
                    ? (string[])[Count(size.Size), (100 * size.Unknown).ToString("0.00", CultureInfo.InvariantCulture)] : ["", ""]),
            ])]);
    }

    private LineChart LineChart()
    {
        // The few longest lines would squeeze all others.
        long longest = statistics.Lines.Quantile(0.99), width = Math.Max(1, (longest + MostBars) / MostBars);
        IEnumerable<(double, double)> bars = statistics.Lines.Counts.Where(pair => pair.Key <= longest)
            .GroupBy(pair => pair.Key / width * width).Select(bar => ((double)bar.Key, (double)bar.Sum(pair => pair.Value)));
        string from = width == 1 ? "characters of a line" : $"characters of a line, from here to {width - 1} more";
        return new LineChart("Lines by their length, without the longest 1 %", from, "lines", [new LineSeries("lines", [.. bars])]);
    }

    private ReportTable Scripts() => new(
        "scripts of the raw text",
        [Text("script"), Number("characters"), Number("different"), Number("of all, %"), Number("of those with a script, %")],
        [.. statistics.Scripts.Select(script => (string[])
        [
            script.Script, Count(script.Characters), Count(script.Kinds), Percent(script.Share),
            script.ShareOfLetters is { } share ? Percent(share) : "",
        ])]);

    private static string Percent(double share) => (100 * share).ToString("0.000", CultureInfo.InvariantCulture);

    private static string Count(long value) => value.ToString("#,0", CultureInfo.InvariantCulture);

    private static string Singular(TokenKind kind) => kind == TokenKind.Char ? "character" : Choices.NameOf(kind);

    private static string Plural(TokenKind kind) => Singular(kind) + "s";

    private static ReportColumn Text(string name) => new(name, IsNumber: false);

    private static ReportColumn Number(string name) => new(name);
}
