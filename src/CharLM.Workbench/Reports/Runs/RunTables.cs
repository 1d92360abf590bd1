using CharLM.Evaluation;

namespace CharLM.Workbench.Reports.Runs;

/// <summary>The records of runs as tables with every figure in full, for CSV.</summary>
public static class RunTables
{
    /// <summary>A row for each run.</summary>
    public static ReportTable Runs(IReadOnlyList<RunRecord> runs) => new(
        "runs",
        [Text("run"), Text("cell"), Text("implementation"), Number("layers"), Number("hidden"), Number("parameters"), Number("epochs"),
            Number("train_perplexity"), Number("held_out_perplexity"), Number("best_held_out_perplexity"), Number("best_epoch"),
                Number("trained_seconds"), Text("complete")],
        [
            .. runs.Select(run => (string[])
            [
                run.Name,
                run.Model is { } model ? Choices.NameOf(model.Cell) : "",
                run.Model is { } same ? Choices.NameOf(same.Implementation) : "",
                $"{run.Model?.NumLayers}",
                $"{run.Model?.NumHiddens}",
                $"{run.Result?.Parameters}",
                $"{run.Last?.Epoch}",
                $"{run.Last?.TrainPerplexity}",
                $"{run.Last?.HeldOutPerplexity}",
                $"{run.Best?.HeldOutPerplexity}",
                $"{run.Best?.Epoch}",
                $"{run.Epochs.Sum(epoch => epoch.Seconds)}",
                run.Result is null ? "no" : "yes",
            ]),
        ]);

    /// <summary>A row for each epoch of each run.</summary>
    public static ReportTable Epochs(IReadOnlyList<RunRecord> runs) => new(
        "epochs",
        [Text("run"), Number("epoch"), Number("step"), Number("train_perplexity"), Number("held_out_perplexity"), Number("gradient_norm"),
            Number("learning_rate"), Number("tokens_per_second"), Number("seconds"), Number("elapsed_seconds")],
        [
            .. runs.SelectMany(run => run.Epochs.Select(epoch => (string[])
            [
                run.Name, $"{epoch.Epoch}", $"{epoch.Step}", $"{epoch.TrainPerplexity}", $"{epoch.HeldOutPerplexity}",
                    $"{epoch.GradientNorm}", $"{epoch.LearningRate}", $"{epoch.TokensPerSecond}", $"{epoch.Seconds}",
                        $"{epoch.ElapsedSeconds}",
            ])),
        ]);

    /// <summary>A row for each model and baseline that was measured, with the ends of its 95 % intervals.</summary>
    public static ReportTable Evaluations(IReadOnlyList<RunMeasurement> measurements) => new(
        "evaluations",
        [Text("model"), Text("text"), Number("tokens"), Number("unknown_tokens"), Number("perplexity"), Number("perplexity_low"),
            Number("perplexity_high"), Number("bits_per_character"), Number("bits_per_character_low"), Number("bits_per_character_high"),
                Number("bits_per_byte"), Number("accuracy"), Number("calibration_error"), Number("bits_per_raw_byte"), Text("cleaning"),
                    Number("passages_trained_on")],
        [
            .. measurements.Select(measurement => Row(measurement.Evaluation)),
            .. Baselines(measurements).SelectMany(measured => measured.NGram is { } nGram ? (string[][])[Row(nGram)] : []),
            .. Baselines(measurements).SelectMany(measured => measured.Compressors.Select(compressor => (string[])
            [
                compressor.Name, measured.Evaluation.Text, "", "", "", "", "", $"{compressor.BitsPerCharacter}", "", "",
                    $"{compressor.BitsPerByte}", "", "", "", Choices.NameOf(measured.Evaluation.Measured.Cleaning), "",
            ])),
        ]);

    /// <summary>Measurements with different baselines: the first of each text that was read in the same way.</summary>
    internal static IEnumerable<RunMeasurement> Baselines(IEnumerable<RunMeasurement> measurements) =>
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
