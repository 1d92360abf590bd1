using CharLM.Checkpoints;
using CharLM.Evaluation;
using CharLM.Pairs.Classification;
using CharLM.Workbench.Reports.Runs;
using CharLM.Workbench.Runs;

namespace CharLM.Tests.Workbench.Reports.Runs;

/// <summary>Records of runs with given figures, as if they had been trained.</summary>
internal static class MadeRun
{
    /// <summary>A run of a classifier.</summary>
    /// <param name="name">The run's name.</param>
    /// <param name="heldOut">The file of its held-out pairs.</param>
    /// <param name="sha256">The file's SHA-256.</param>
    /// <param name="accuracies">The held-out accuracy after each epoch.</param>
    public static RunRecord OnPairs(string name, string heldOut, string sha256, params double[] accuracies) => new()
    {
        Name = name,
        Kind = RunKind.Classifier.Name,
        Settings = new PairRunConfig(new ClassifierConfig()) { Data = "data.tsv", Validation = heldOut },
        Environment = RunEnvironment.Capture(
            new CorpusRecord("data.tsv", new string('d', 64)), "cpu", 1, new CorpusRecord(heldOut, sha256)),
        MainFigure = "accuracy",
        Samples = [],
        Epochs = [.. accuracies.Select((accuracy, i) => Epoch(i + 1, loss: 1) with
        {
            HeldOut = new Dictionary<string, double> { ["accuracy"] = accuracy },
        })],
    };

    /// <summary>A run on text.</summary>
    /// <param name="name">The run's name.</param>
    /// <param name="losses">The held-out loss after each epoch.</param>
    public static RunRecord OnText(string name, params double[] losses) => new()
    {
        Name = name,
        Samples = [],
        Epochs = [.. losses.Select((loss, i) => Epoch(i + 1, loss))],
    };

    /// <summary>The measurement of a classifier whose predictions were counted.</summary>
    /// <param name="run">The run's name.</param>
    /// <param name="counts">[actual, predicted] of the labels x and y.</param>
    public static PairMeasurement Measured(string run, long[,] counts)
    {
        var matrix = new ConfusionMatrix(["x", "y"]);
        foreach ((int actual, int predicted) in new[] { (0, 0), (0, 1), (1, 0), (1, 1) })
        {
            for (long i = 0; i < counts[actual, predicted]; i++)
                matrix.Add(actual, predicted);
        }
        return new PairMeasurement(run, 1, (int)matrix.Total, new LossSum(matrix.Total, matrix.Total), matrix.Metrics, [])
        {
            Confusion = matrix,
        };
    }

    private static EpochMetrics Epoch(int number, double loss) => new()
    {
        Epoch = number,
        Step = number,
        TrainLoss = 1,
        HeldOutLoss = loss,
        GradientNorm = 1,
        LearningRate = 1,
        TokensPerSecond = 1,
        Seconds = 1,
        ElapsedSeconds = number,
    };
}
