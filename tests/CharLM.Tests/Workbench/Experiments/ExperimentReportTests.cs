using CharLM.Workbench.Experiments;
using CharLM.Workbench.Reports;

namespace CharLM.Tests.Workbench.Experiments;

public sealed class ExperimentReportTests
{
    private static readonly Experiment Experiment = ExperimentFile.Parse(
        "base: {text: {validation_fraction: 0.1}}\nlist: [{name: gru}, {name: lstm, model: {cell: lstm}}]\nseeds: [0, 1, 2]", "cells.yaml");

    private static TrialStatus Finished(Trial trial, double heldOut) => new(trial, TrialState.Finished)
    {
        Result = new TrialResult
        {
            Epochs = 3,
            Parameters = 1234,
            TrainPerplexity = heldOut / 2,
            HeldOutPerplexity = heldOut,
            HeldOutBits = Math.Log2(heldOut),
            TokensPerSecond = 1000 * heldOut,
            TrainedSeconds = 10,
        },
    };

    // The first variant reached 2, 4 and 9; one trial of the second reached 4, and its others are unfinished.
    private static ExperimentReport Report() => ExperimentReport.From(Experiment,
    [
        Finished(Experiment.Trials[0], 2), Finished(Experiment.Trials[1], 4), Finished(Experiment.Trials[2], 9),
        Finished(Experiment.Trials[3], 4), new TrialStatus(Experiment.Trials[4], TrialState.Failed) { Problem = "no" },
            new TrialStatus(Experiment.Trials[5], TrialState.Waiting),
    ]);

    [Fact]
    public void From_ThreeSeeds_HasMeanDeviationAndBest()
    {
        ExperimentRow row = Report().Rows[0];
        // (3^2 + 1^2 + 4^2) / 2 = 13.
        Assert.Equal(new Spread(5, Math.Sqrt(13), 2, Count: 3, Infinite: 0), row.HeldOutPerplexity);
        Assert.Equal(("gru_seed-0", 3, 3, 1234L, 4000.0, 30.0),
            (row.BestTrial, row.Trials, row.Finished, row.Parameters, row.TokensPerSecond, row.TrainedSeconds));
        Assert.Equal(1, row.HeldOutBits!.Best);
    }

    [Fact]
    public void From_OneFinished_HasNoDeviation()
    {
        ExperimentReport report = Report();
        Assert.Equal(new Spread(4, null, 4, Count: 1, Infinite: 0), report.Rows[1].HeldOutPerplexity);
        Assert.Equal((1, 3, 2), (report.Rows[1].Finished, report.Rows[1].Trials, report.Unfinished));
        Assert.Equal("lstm", report.Best?.Variant);
    }

    [Fact]
    public void From_NothingFinished_HasRowsWithoutFigures()
    {
        ExperimentReport report = ExperimentReport.From(
            Experiment, Experiment.Trials.Select(trial => new TrialStatus(trial, TrialState.Waiting)));
        Assert.Null(report.Best);
        Assert.All(report.Rows, row => Assert.Null(row.HeldOutPerplexity));
        Assert.Equal(["gru", "", "", "", "", "0 of 3", "", "", "", ""], ExperimentTable.Short(report).Rows[0]);
    }

    [Fact]
    public void Of_InfinitePerplexity_HasNoDeviation() =>
        Assert.Equal(new Spread(double.PositiveInfinity, null, 1, Count: 2, Infinite: 1), Spread.Of([1, double.PositiveInfinity]));

    // Two of three trials diverged, and one of the other variant has unknown tokens: neither mean may be that of the remaining trials.
    [Fact]
    public void From_InfiniteAndMissingFigures_AreNeverLeftOutOfAMean()
    {
        Experiment bits = ExperimentFile.Parse(
            "base: {text: {validation_fraction: 0.1}}\nlist: [{name: gru}, {name: lstm, model: {cell: lstm}}]\nseeds: [0, 1, 2]\nmeasure: "
                + "held-out-bits", "cells.yaml");
        double[] reached = [838.5, double.PositiveInfinity, double.PositiveInfinity, 3, 4, double.NaN];
        TrialStatus[] trials = [.. bits.Trials.Zip(reached, (trial, value) => Finished(trial, value) is var status && double.IsNaN(value)
            ? status with { Result = status.Result! with { HeldOutBits = null } }
            : status with { Result = status.Result! with { HeldOutBits = value } })];
        var report = ExperimentReport.From(bits, trials);
        Assert.Equal(["infinite (2 of 3)", "3.500 (2 of 3)"], ExperimentTable.Short(report).Rows.Select(row => row[1]));
        Assert.Equal("gru_seed-0", report.Rows[0].BestTrial);
        Assert.Equal("lstm", report.Best?.Variant);
        Assert.Equal("Infinity", ExperimentTable.Full(report).Rows[0][11]);
    }

    [Theory]
    [InlineData("grid: {corpus: [a.txt, b.txt]}", false)]
    [InlineData("grid: {text: {cleaning: [none, d2l]}}", false)]
    [InlineData("grid: {text: {max_tokens: [1000, 2000]}}", false)]
    [InlineData("grid: {text: {min_freq: [0, 2]}}", false)]
    [InlineData("grid: {text: {token: [char, word]}}\nbase: {prefix: the}", true)]
    [InlineData("grid: {model: {num_hiddens: [8, 16]}}", true)]
    public void Best_VariantsOnDifferentTexts_IsNone(string yaml, bool compares)
    {
        Experiment experiment = ExperimentFile.Parse(
            $"{yaml}\nmeasure: held-out-bits".Replace("\nbase: {", "\nbase: {text: {validation_fraction: 0.1}, ", StringComparison.Ordinal)
            + (yaml.Contains("base", StringComparison.Ordinal) ? "" : "\nbase: {text: {validation_fraction: 0.1}}"), "texts.yaml");
        Assert.Equal(compares, experiment.MeasuresOneText);
        Assert.Equal(compares, ExperimentReport.From(experiment, experiment.Trials.Select(trial => Finished(trial, 2))).Best is not null);
    }

    [Fact]
    public void Short_IsRoundedForPeople()
    {
        ReportTable table = ExperimentTable.Short(Report());
        Assert.Equal(["variant", "held-out perplexity", "sd", "best", "of", "trials", "epochs", "parameters", "tokens/s", "seconds"],
            table.Columns.Select(column => column.Name));
        Assert.Equal(["gru", "5.000", "3.606", "2.000", "gru_seed-0", "3", "3", "1,234", "4,000", "30"], table.Rows[0]);
        Assert.Equal(["lstm", "4.000", "", "4.000", "lstm_seed-0", "1 of 3", "3", "1,234", "4,000", "10"], table.Rows[1]);
    }

    // A curve of the mean, and a dashed one of the same colour for each trial; the mean covers the epochs that all trials reached.
    [Fact]
    public void Page_HasACurveForEachVariantWithItsSeeds()
    {
        using var folder = new TemporaryFolder();
        var directory = new ExperimentDirectory(Experiment, folder.File("runs"));
        double[][] heldOut = [[8, 4, 2], [10, 6, 4], [12, 5], [6, 4]];
        foreach ((double[] epochs, Trial trial) in heldOut.Zip(Experiment.Trials))
        {
            Directory.CreateDirectory(directory.Of(trial).Path);
            File.WriteAllLines(directory.Of(trial).MetricsPath, epochs.Select((perplexity, epoch) =>
                $$"""{"epoch":{{epoch + 1}},"step":1,"train_perplexity":1,"held_out_perplexity":{{perplexity}},"gradient_norm":1,"learning_rate":1,"tokens_per_second":1,"seconds":1,"elapsed_seconds":1}"""));
        }
        TrialStatus[] trials = [.. Experiment.Trials.Select(
            (trial, i) => i is 0 or 1 or 3 ? Finished(trial, heldOut[i][^1]) : new TrialStatus(trial, TrialState.Waiting))];
        Report page = ExperimentPage.Of(ExperimentReport.From(Experiment, trials), trials, directory);
        LineChart chart = Assert.Single(page.Sections.SelectMany(section => section.Parts).OfType<LineChart>());
        Assert.Equal("held-out perplexity, mean over the seeds, and each (dashed lines)", chart.Title);
        Assert.Equal(
            [("gru", 0, false), ("gru_seed-0", 0, true), ("gru_seed-1", 0, true), ("gru_seed-2", 0, true), ("lstm", 1, false)],
            chart.Series.Select(series => (series.Name, series.Group!.Value, series.Dashed)));
        AssertPoints([(1, 10), (2, 5)], chart.Series[0]);
        AssertPoints([(1, 8), (2, 4), (3, 2)], chart.Series[1]);
        AssertPoints([(1, 6), (2, 4)], chart.Series[4]);
        // Every epoch above took a second for one token.
        Assert.Equal([1, 2, 1, 2], chart.Series[0].OtherX.SelectMany(axis => axis));
        Assert.Equal("gru wins: held-out perplexity 3, mean of 2 seeds, 25 % lower than lstm (4).",
            page.Sections[0].Parts.OfType<Paragraph>().Single(paragraph => paragraph.IsLead).Text);
    }

    // Lines that have only perplexities give the corresponding losses.
    private static void AssertPoints(IReadOnlyList<(double X, double Y)> expected, LineSeries series) =>
        Assert.Equal(expected, series.Points.Select(point => (point.X, Math.Round(point.Y, 12))));

    [Fact]
    public void Full_HasEveryFigureExactly()
    {
        ReportTable table = ExperimentTable.Full(Report());
        Assert.Equal(
            "variant,trials,finished,parameters,epochs,train_perplexity_mean,train_perplexity_sd,train_perplexity_best,held_out_perplexity_mean,held_out_perplexity_sd,held_out_perplexity_best,held_out_bits_mean,held_out_bits_sd,held_out_bits_best,best_trial,tokens_per_second,trained_seconds,warning",
            string.Join(',', table.Columns.Select(column => column.Name)));
        Assert.Equal(["lstm", "3", "1", "1234", "3", "2", "", "2", "4", "", "4", "2", "", "2", "lstm_seed-0", "4000", "10", ""],
            table.Rows[1]);
        Assert.Equal("3.605551275463989", table.Rows[0][9]);
    }
}
