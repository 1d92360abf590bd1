using CharLM.Workbench.Runs;

namespace CharLM.Workbench.Reports;

/// <summary>The horizontal axes of learning curves: epochs, and for the reader to choose, tokens or seconds.</summary>
internal static class LearningAxes
{
    /// <summary>The label of the first axis.</summary>
    public const string Epoch = "epoch";

    /// <summary>The labels of the other axes.</summary>
    /// <param name="ofPairs">Whether the runs train on pairs, whose tokens are not counted, but their predictions.</param>
    public static IReadOnlyList<string> Others(bool ofPairs) => [ofPairs ? "predictions" : "tokens", "seconds of training"];

    /// <summary>A figure of each epoch that has it, with the epoch's place on every axis.</summary>
    public static LineSeries Series(string name, IReadOnlyList<EpochMetrics> epochs, Func<EpochMetrics, double?> value)
    {
        var points = new List<(double X, double Y)>();
        List<double> tokens = [], seconds = [];
        double trained = 0, elapsed = 0;
        foreach (EpochMetrics epoch in epochs)
        {
            // Old logs lack the times: NaN from there on, which leaves the point out on these axes.
            elapsed += epoch.Seconds;
            trained += Math.Round(epoch.TokensPerSecond * epoch.Seconds);
            if (value(epoch) is not { } y)
                continue;
            points.Add((epoch.Epoch, y));
            tokens.Add(trained);
            seconds.Add(elapsed);
        }
        return new LineSeries(name, points) { OtherX = [tokens, seconds] };
    }
}
