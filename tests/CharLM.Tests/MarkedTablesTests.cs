using CharLM.Figures.Tables;

namespace CharLM.Tests;

/// <summary>The tables of the README and the docs are those that docs/figures says: none goes stale unseen.</summary>
public sealed class MarkedTablesTests
{
    [Fact]
    public void Pages_OfTheRepository_HaveWhatTheFiguresSay()
    {
        foreach (string page in MarkedTables.Pages(Repository.Root))
        {
            string text = File.ReadAllText(page).Replace("\r\n", "\n", StringComparison.Ordinal);

            string filled = MarkedTables.Filled(Repository.Root, text);

            Assert.True(filled == text, $"{Path.GetRelativePath(Repository.Root, page)} differs from docs/figures: run scripts/tables");
        }
    }

    [Fact]
    public void Filled_TableThatWasEdited_ComesBack()
    {
        using var root = new TemporaryFolder();
        FigureFile.Write(root.File(""), "results", Sample);

        string filled = MarkedTables.Filled(root.File(""), "above\n<!-- table: results -->\n\n| typed by hand |\n\n<!-- end -->\nbelow\n");

        Assert.Equal(
            """
            above
            <!-- table: results -->

            | text: characters trained on, kinds | preset | steps (passes) | test perplexity: mean ± sd (seeds) | nats | counted 7-grams |
            |---|---|---|---|---|---|
            | A book: 1,000,000, 66 | `own-text` | 6,000 (9.2) | **2.351** ± 0.331 (2) | 0.8500 | 2.718 |

            `scripts/results`, commits abc, def, 2026-11-28 to 2026-11-29, a machine, an engine. Half of it.

            <!-- end -->
            below

            """.Replace("\r\n", "\n", StringComparison.Ordinal),
            filled);
        Assert.Equal(filled, MarkedTables.Filled(root.File(""), filled));
    }

    [Fact]
    public void Filled_Experiments_ShowTheBestVariantFirstAndWhatDiverged()
    {
        using var root = new TemporaryFolder();
        ExperimentVariant[] variants =
        [
            new("rate 3", 3, 10, null, null, 3), new("rate 1", 3, 10, 7.5, 0.0123, 0), new("rate 2", 3, 10, 7.25, 0.5, 1),
            new("rate 9", 1, 10, 4e6, 3e6, 0),
        ];
        FigureFile.Write(root.File(""), "experiments", new ExperimentFigures(Sample.Origin, [RowOf("rates", "a", "2026-11-28", variants)]));

        string filled = MarkedTables.Filled(root.File(""), "<!-- table: experiments -->\n<!-- end -->");

        Assert.Contains(
            "| [rates](../scripts/experiments/rates.yaml): Which rate is best | 10 | perplexity: rate 2 **7.250** ± 0.500 (1 diverge); "
                + "rate 1 7.500 ± 0.012; rate 9 4.0e6; rate 3 diverges |\n", filled);
    }

    [Fact]
    public void Figures_ExperimentsOfSeveralCommits_NameThemAllAndWhatIsMissing()
    {
        ExperimentFigures figures = ExperimentFigures.Of(
            "scripts/findings", "charlm",
            [RowOf("one", "b", "2026-11-30"), RowOf("two", "a", "2026-11-28"), RowOf("three", "a", "2026-11-29")], missing: 2);

        Assert.Equal("`scripts/findings`, commits b, a, 2026-11-28 to 2026-11-30, CPU, charlm. 3 of 5 experiments.", figures.Origin.Line);
        Assert.Equal("", ExperimentFigures.Of("s", "c", [RowOf("one", "b", "2026-11-30")], missing: 0).Origin.Note);
    }

    [Fact]
    public void Filled_OneExperiment_HasItsVariantsAndItsOwnCommit()
    {
        using var root = new TemporaryFolder();
        FigureFile.Write(root.File(""), "experiments", new ExperimentFigures(
            Sample.Origin,
            [RowOf("other", "b", "2026-11-30"), RowOf("rates", "a", "2026-11-28", new("1", 3, 12345, 7.5, 0.01, 0), new("2", 3, 9, 7, 0.02, 0))]));

        string filled = MarkedTables.Filled(
            root.File(""), "<!-- table: experiment rates -->\n<!-- end -->\n<!-- table: experiment new -->\n<!-- end -->");

        Assert.Contains("|---|---|---|\n| 2 | 9 | **7.000** ± 0.020 |\n| 1 | 12,345 | 7.500 ± 0.010 |\n", filled);
        Assert.Contains("`scripts/findings rates`, commit a, 2026-11-28, CPU", filled);
        Assert.Contains("Not measured yet: `scripts/findings new`.", filled);
    }

    [Fact]
    public void Figures_TextsOfSeveralCommits_NameThemAll()
    {
        ResultRow row = Sample.Rows[0];

        ResultFigures figures = ResultFigures.Of(
            "scripts/results", "charlm", [row with { Commits = ["b", "a"] }, row with { Dates = ["2026-11-27"], Machines = ["GPU"] }], "Two.");

        Assert.Equal("`scripts/results`, commits b, a, 2026-11-27 to 2026-11-28, CPU; GPU, charlm. Two.", figures.Origin.Line);
    }

    private static ExperimentRow RowOf(string name, string commit, string day, params ExperimentVariant[] variants) =>
        new(name, "Which rate is best", "held-out-perplexity", variants, commit, [day], "CPU");

    [Fact]
    public void Filled_TableOfAScript_HasItsCells()
    {
        using var root = new TemporaryFolder();
        FigureFile.Write(root.File(""), "serving", new PlainFigures(Sample.Origin, ["load", "rate"], [["one", "1"], ["two", "2"]]));

        Assert.Equal(
            "<!-- table: serving -->\n\n| load | rate |\n|---|---|\n| one | 1 |\n| two | 2 |\n\n" + Sample.Origin.Line + "\n\n<!-- end -->",
            MarkedTables.Filled(root.File(""), "<!-- table: serving -->\n<!-- end -->"));
    }

    [Fact]
    public void Filled_FileThatIsMissing_SaysSo()
    {
        using var root = new TemporaryFolder();

        Assert.Contains(
            "docs/figures/speed.json is missing", MarkedTables.Filled(root.File(""), "<!-- table: speed -->\n<!-- end -->"));
    }

    [Theory]
    [InlineData("<!-- table: nothing -->\n<!-- end -->", "there is no table nothing")]
    [InlineData("<!-- table: speed -->\n", "the table speed has no <!-- end -->")]
    [InlineData("<!-- table: speed -->\n<!-- table: d2l -->\n<!-- end -->", "the table speed has no <!-- end -->")]
    public void Filled_MarkerThatIsWrong_IsNamed(string page, string message)
    {
        using var root = new TemporaryFolder();

        FormatException error = Assert.Throws<FormatException>(() => MarkedTables.Filled(root.File(""), page));

        Assert.Contains(message, error.Message);
    }

    [Theory]
    [InlineData(1.0, 1.2, 1.25, true)]
    [InlineData(1.0, 1.2, 1.26, false)]
    [InlineData(1.0, 1.2, 0.94, false)]
    public void IsInside_MedianNearARange_AllowsForRounding(double low, double high, double median, bool inside)
    {
        var row = new D2lRow("GRU", "v0.17", "d2l-gru", "", [low, high], null, null, [0, 1, 2], [median, median - 1, median + 1], null, [], [], []);

        Assert.Equal(inside, row.IsInside);
        Assert.False((row with { Seeds = [], Train = [] }).IsInside);
    }

    private static ResultFigures Sample => new(
        new Origin("scripts/results", "an engine", ["abc", "def"], ["2026-11-28", "2026-11-29"], ["a machine"], "Half of it."),
        [new ResultRow("A book", "own-text", 1_000_000, 66, 6_000, 9.216, 55_000, [0, 1], [0.75, 0.95], 1, ["a"], ["2026-11-28"], ["CPU"])]);
}
