using System.Diagnostics;
using CharLM.Workbench.Benchmarking;

namespace CharLM.Cli.Reporting;

/// <summary>One row of <c>charlm bench</c>, also as JSON.</summary>
internal sealed record BenchRow
{
    public required string Cell { get; init; }

    public required string Implementation { get; init; }

    public required int NumLayers { get; init; }

    public required int NumHiddens { get; init; }

    public required int BatchSize { get; init; }

    public required int NumSteps { get; init; }

    public required int VocabSize { get; init; }

    public required double TokensPerSecond { get; init; }

    public required double MillisecondsOfStep { get; init; }

    public required double FastestMilliseconds { get; init; }

    public required double SlowestMilliseconds { get; init; }

    public required double OfGemmPeak { get; init; }

    public required long? PeakBytes { get; init; }

    public required double ActivationBytes { get; init; }

    /// <summary>Rate of torch.nn, measured alternately in the same process at its faster number of threads; null unless fused.</summary>
    public double? BuiltInTokensPerSecond { get; init; }

    public int? BuiltInThreads { get; init; }

    /// <summary>Speedup over torch.nn, median over the rounds.</summary>
    public double? TimesBuiltIn { get; init; }

    /// <summary>The row of a measurement.</summary>
    /// <param name="timing">The measurement.</param>
    /// <param name="peak">Floating-point operations per second of the product alone.</param>
    public static BenchRow Of(StepTiming timing, double peak) => new()
    {
        Cell = Choices.NameOf(timing.Shape.Model.Cell),
        Implementation = Choices.NameOf(timing.Shape.Model.Implementation),
        NumLayers = timing.Shape.Model.NumLayers,
        NumHiddens = timing.Shape.Model.NumHiddens,
        BatchSize = timing.Shape.BatchSize,
        NumSteps = timing.Shape.NumSteps,
        VocabSize = timing.Shape.VocabSize,
        TokensPerSecond = timing.TokensPerSecond,
        MillisecondsOfStep = timing.SecondsOfStep * 1000,
        FastestMilliseconds = timing.Fastest * 1000,
        SlowestMilliseconds = timing.Slowest * 1000,
        OfGemmPeak = timing.FlopsPerSecond / peak,
        PeakBytes = timing.PeakBytes,
        ActivationBytes = timing.Shape.ActivationBytes,
        BuiltInTokensPerSecond = timing.Shape.Tokens / timing.BuiltIn?.SecondsOfStep,
        BuiltInThreads = timing.BuiltIn?.Threads,
        TimesBuiltIn = timing.BuiltIn?.Ratio,
    };

    /// <summary>Measures a shape in a child process.</summary>
    /// <exception cref="InvalidOperationException">The process failed; its error is on standard error.</exception>
    public static async Task<BenchRow> OfChildAsync(StepShape shape, CancellationToken cancellationToken)
    {
        string program = Environment.ProcessPath
            ?? throw new InvalidOperationException("the path of charlm itself is unknown: give --cell and --implementation");
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(program) == "dotnet")
            start.ArgumentList.Add(Environment.GetCommandLineArgs()[0]);
        string[] arguments =
        [
            "bench", "--json", "--cell", Choices.NameOf(shape.Model.Cell), "--implementation", Choices.NameOf(shape.Model.Implementation),
            "--layers", $"{shape.Model.NumLayers}", "--hidden", $"{shape.Model.NumHiddens}", "--batch-size", $"{shape.BatchSize}",
                "--num-steps", $"{shape.NumSteps}",
            "--vocab", $"{shape.VocabSize}", "--seconds", $"{shape.SecondsOfRound}", "--rounds", $"{shape.Rounds}", "--threads",
                $"{shape.Threads}",
        ];
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        using Process process = Process.Start(start)!;
        try
        {
            string answer = await process.StandardOutput.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
            await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
            if (process.ExitCode != 0)
                throw new InvalidOperationException(
                    $"measuring {Choices.NameOf(shape.Model.Cell)} {Choices.NameOf(shape.Model.Implementation)} ended with exit code "
                        + $"{process.ExitCode}");
            return JsonOutput.Read<BenchAnswer>(answer)!.Rows[0];
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }

    private sealed record BenchAnswer(BenchRow[] Rows);
}
