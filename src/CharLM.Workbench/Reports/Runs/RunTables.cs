using CharLM.Evaluation;

namespace CharLM.Workbench.Reports.Runs;

/// <summary>The records of runs as tables at full precision, for CSV.</summary>
public static class RunTables
{
    /// <summary>One row per run.</summary>
    /// <param name="runs">The runs, 1 or more, all on text or all on pairs.</param>
    public static ReportTable Runs(IReadOnlyList<RunRecord> runs)
    {
        (bool onPairs, string loss) = (runs[0].IsOnPairs, runs[0].LossName);
        return new ReportTable(
            "runs",
            [
                Text("run"), .. onPairs ? [Text("kind")] : Array.Empty<ReportColumn>(), Text("cell"), Text("implementation"),
                Number("layers"), Number("hidden"), Number("parameters"), Number("epochs"), Number($"train_{loss}"),
                Number($"held_out_{loss}"), Number(onPairs ? "best_held_out" : "best_held_out_perplexity"), Number("best_epoch"),
                Number("trained_seconds"), Text("complete"),
            ],
            [
                .. runs.Select(run => (string[])
                [
                    run.Name,
                    .. onPairs ? [run.Kind] : Array.Empty<string>(),
                    run.Model is { } model ? model.CellName : "",
                    run.Model is { } same ? Choices.NameOf(same.Implementation) : "",
                    $"{run.Model?.NumLayers}",
                    $"{run.Model?.NumHiddens}",
                    $"{run.Result?.Parameters}",
                    $"{run.Last?.Epoch}",
                    $"{run.TrainOf(run.Last)}",
                    $"{run.HeldOutOf(run.Last)}",
                    $"{run.BestFigure}",
                    $"{run.Best?.Epoch}",
                    $"{run.Epochs.Sum(epoch => epoch.Seconds)}",
                    run.Result is null ? "no" : "yes",
                ]),
            ]);
    }

    /// <summary>One row per epoch and run.</summary>
    /// <param name="runs">The runs, 1 or more, all on text or all on pairs.</param>
    public static ReportTable Epochs(IReadOnlyList<RunRecord> runs)
    {
        string loss = runs[0].LossName;
        IReadOnlyList<string> figures = RunRecord.FiguresOf(runs);
        return new ReportTable(
            "epochs",
            [
                Text("run"), Number("epoch"), Number("step"), Number($"train_{loss}"), Number($"held_out_{loss}"),
                .. figures.Select(Number), Number("gradient_norm"), Number("learning_rate"),
                Number(runs[0].IsOnPairs ? "predictions_per_second" : "tokens_per_second"), Number("seconds"), Number("elapsed_seconds"),
            ],
            [
                .. runs.SelectMany(run => run.Epochs.Select(epoch => (string[])
                [
                    run.Name, $"{epoch.Epoch}", $"{epoch.Step}", $"{run.TrainOf(epoch)}", $"{run.HeldOutOf(epoch)}",
                    .. figures.Select(key => $"{RunRecord.FigureOf(epoch, key)}"),
                    $"{epoch.GradientNorm}", $"{epoch.LearningRate}", $"{epoch.TokensPerSecond}", $"{epoch.Seconds}",
                    $"{epoch.ElapsedSeconds}",
                ])),
            ]);
    }

    /// <summary>The measurements of the runs' models.</summary>
    /// <param name="runs">The runs, 1 or more, all on text or all on pairs.</param>
    /// <param name="measurements">Their measurements.</param>
    public static ReportTable Evaluations(IReadOnlyList<RunRecord> runs, IReadOnlyList<RunMeasurement> measurements) => runs[0].IsOnPairs
        ? Evaluations([.. measurements.OfType<PairMeasurement>()], RunGroup.Of(runs))
        : Evaluations([.. measurements.OfType<TextMeasurement>()]);

    // One row per model and baseline, with the bounds of its 95 % intervals.
    private static ReportTable Evaluations(TextMeasurement[] measurements) => new(
        "evaluations",
        [Text("model"), Text("text"), Number("tokens"), Number("unknown_tokens"), Number("perplexity"), Number("perplexity_low"),
            Number("perplexity_high"), Number("bits_per_character"), Number("bits_per_character_low"), Number("bits_per_character_high"),
                Number("bits_per_byte"), Number("accuracy"), Number("calibration_error"), Number("bits_per_raw_byte"), Text("cleaning"),
                    Number("passages_trained_on")],
        [
            .. measurements.Select(measurement => Row(measurement.Evaluation)),
            .. Baselines(measurements).SelectMany(measured => measured.NGram is { } nGram ? (string[][])[Row(nGram)] : []),
            .. Baselines(measurements).SelectMany(measured => measured.WithoutContext.Select(Row)),
            .. Baselines(measurements).SelectMany(measured => measured.Compressors.Select(compressor => (string[])
            [
                compressor.Name, measured.Evaluation.Text, "", "", "", "", "", $"{compressor.BitsPerCharacter}", "", "",
                    $"{compressor.BitsPerByte}", "", "", "", Choices.NameOf(measured.Evaluation.Measured.Cleaning), "",
            ])),
        ]);

    // One row per model and figure; for classifiers also precision, recall and F1 of each label.
    private static ReportTable Evaluations(PairMeasurement[] measurements, IReadOnlyList<RunGroup> groups) => new(
        "evaluations",
        [Text("model"), Text("label"), Text("figure"), Number("value"), Number("count"), Text("pairs")],
        [
            .. measurements.SelectMany(measured => (string[][])
            [
                ["", "loss", $"{measured.Loss.Mean}", $"{measured.Loss.Tokens}"],
                .. measured.Metrics.Select(figure => (string[])["", figure.Name, $"{figure.Value}", $"{measured.Pairs}"]),
                .. measured.Confusion is not { } matrix ? [] : Enumerable.Range(0, matrix.Labels.Count).SelectMany(label => (string[][])
                [
                    [matrix.Labels[label], "precision", $"{matrix.Precision(label)}", $"{matrix.Support(label)}"],
                    [matrix.Labels[label], "recall", $"{matrix.Recall(label)}", $"{matrix.Support(label)}"],
                    [matrix.Labels[label], "F1", $"{matrix.F1(label)}", $"{matrix.Support(label)}"],
                ]),
            ], (measured, row) => (string[])
                [measured.Run, .. row, groups.First(group => group.Runs.Any(run => run.Name == measured.Run)).Name]),
        ]);

    /// <summary>The measurements whose baselines differ: the first of each text and reading.</summary>
    internal static IEnumerable<TextMeasurement> Baselines(IEnumerable<TextMeasurement> measurements) =>
        measurements.DistinctBy(measured => (measured.Evaluation.Measured, measured.Evaluation.Text, measured.NGram?.All));

    private static ReportColumn Text(string name) => new(name, IsNumber: false);

    private static ReportColumn Number(string name) => new(name);

    private static string[] Row(EvaluationReport report) =>
    [
        report.Model,
        report.Text,
        $"{report.All.Tokens}",
        $"{report.Unknown.Tokens}",
        $"{report.Perplexity}",
        $"{report.PerplexityInterval.Low}",
        $"{report.PerplexityInterval.High}",
        $"{report.BitsPerCharacter}",
        $"{report.BitsPerCharacterInterval.Low}",
        $"{report.BitsPerCharacterInterval.High}",
        $"{report.BitsPerByte}",
        $"{report.Accuracy}",
        $"{report.CalibrationError}",
        $"{report.BitsPerRawByte}",
        Choices.NameOf(report.Measured.Cleaning),
        $"{report.PassagesTrainedOn}",
    ];
}
