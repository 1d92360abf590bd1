namespace CharLM.Workbench.Reports.Runs;

/// <summary>The records of runs on pairs as tables with every figure in full, for CSV.</summary>
public static class PairTables
{
    /// <summary>A row for each run.</summary>
    public static ReportTable Runs(IReadOnlyList<RunRecord> runs) => new(
        "runs",
        [Text("run"), Text("kind"), Text("cell"), Text("implementation"), Number("layers"), Number("hidden"), Number("parameters"),
            Number("epochs"), Number("train_loss"), Number("held_out_loss"), Number("best_held_out"), Number("best_epoch"),
                Number("trained_seconds"), Text("complete")],
        [
            .. runs.Select(run => (string[])
            [
                run.Name,
                run.Kind,
                Choices.NameOf(run.Model!.Cell),
                Choices.NameOf(run.Model!.Implementation),
                $"{run.Model!.NumLayers}",
                $"{run.Model!.NumHiddens}",
                $"{run.Result?.Parameters}",
                $"{run.Last?.Epoch}",
                $"{run.Last?.TrainLoss}",
                $"{run.Last?.HeldOutLoss}",
                $"{run.MainOf(run.Best)}",
                $"{run.Best?.Epoch}",
                $"{run.Epochs.Sum(epoch => epoch.Seconds)}",
                run.Result is null ? "no" : "yes",
            ]),
        ]);

    /// <summary>A row for each epoch of each run.</summary>
    public static ReportTable Epochs(IReadOnlyList<RunRecord> runs)
    {
        IReadOnlyList<string> figures = PairReport.FiguresOf(runs);
        return new ReportTable(
            "epochs",
            [Text("run"), Number("epoch"), Number("step"), Number("train_loss"), Number("held_out_loss"), .. figures.Select(Number),
                Number("gradient_norm"), Number("learning_rate"), Number("predictions_per_second"), Number("seconds"),
                    Number("elapsed_seconds")],
            [
                .. runs.SelectMany(run => run.Epochs.Select(epoch => (string[])
                [
                    run.Name, $"{epoch.Epoch}", $"{epoch.Step}", $"{epoch.TrainLoss}", $"{epoch.HeldOutLoss}",
                    .. figures.Select(name => epoch.HeldOut?.TryGetValue(name, out double value) == true ? $"{value}" : ""),
                    $"{epoch.GradientNorm}", $"{epoch.LearningRate}", $"{epoch.TokensPerSecond}", $"{epoch.Seconds}",
                        $"{epoch.ElapsedSeconds}",
                ])),
            ]);
    }

    /// <summary>
    /// A row for each figure of each model that was measured; of classifiers, also precision, recall and F1 of each label.
    /// </summary>
    public static ReportTable Evaluations(IReadOnlyList<PairMeasurement> measurements) => new(
        "evaluations",
        [Text("model"), Text("label"), Text("figure"), Number("value"), Number("count")],
        [
            .. measurements.SelectMany(measured => (string[][])
            [
                [measured.Run, "", "loss", $"{measured.Loss.Mean}", $"{measured.Loss.Tokens}"],
                .. measured.Metrics.Select(figure => (string[])[measured.Run, "", figure.Name, $"{figure.Value}", $"{measured.Pairs}"]),
                .. measured.Confusion is not { } matrix ? [] : Enumerable.Range(0, matrix.Labels.Count).SelectMany(label => (string[][])
                [
                    [measured.Run, matrix.Labels[label], "precision", $"{matrix.Precision(label)}", $"{matrix.Support(label)}"],
                    [measured.Run, matrix.Labels[label], "recall", $"{matrix.Recall(label)}", $"{matrix.Support(label)}"],
                    [measured.Run, matrix.Labels[label], "F1", $"{matrix.F1(label)}", $"{matrix.Support(label)}"],
                ]),
            ]),
        ]);

    private static ReportColumn Text(string name) => new(name, IsNumber: false);

    private static ReportColumn Number(string name) => new(name);
}
