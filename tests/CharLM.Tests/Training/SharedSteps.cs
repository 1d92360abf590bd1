using CharLM.Models;
using CharLM.Training;
using static TorchSharp.torch;

namespace CharLM.Tests.Training;

/// <summary>For tests of minibatches that are learned in shares: models, texts, and how far apart two models are.</summary>
internal static class SharedSteps
{
    public const int Vocab = 12;

    public static readonly int[] Text = [.. Enumerable.Range(0, 2500).Select(i => 1 + ((i * i / 7 % 11) + (i % 3)) % 11)];

    /// <summary>Every document ends with token 11, and begins after one.</summary>
    public static readonly int[] Documents = [11, .. Enumerable.Range(0, 90)
        .SelectMany(i => Enumerable.Range(0, 1 + (i * 5 % 23)).Select(k => 1 + ((i + (k * k)) % 10)).Append(11))];

    public static readonly TrainerConfig Settings = new()
    {
        NumEpochs = 9,
        BatchSize = 12,
        NumSteps = 7,
        Optimizer = OptimizerKind.Adam,
        LearningRate = 0.001,
        ClipNorm = 0.5,
    };

    public static readonly ModelConfig TwoLayers = new() { Cell = CellKind.Lstm, NumHiddens = 20, NumLayers = 2 };

    /// <summary>All kinds of dropout that the kernels know, with tied weights.</summary>
    public static readonly ModelConfig AllDropouts = TwoLayers with
    {
        EmbeddingSize = 20,
        TieWeights = true,
        Dropout = 0.2,
        InputDropout = 0.1,
        OutputDropout = 0.3,
        WeightDropout = 0.2,
    };

    // torch has one generator for all threads.
    private static readonly Lock Drawing = new();

    public static LanguageModel Model(ModelConfig config, long seed = 4)
    {
        lock (Drawing)
        {
            manual_seed(seed);
            return new LanguageModel(config, Vocab);
        }
    }

    public static float[][] Weights(LanguageModel model) =>
        [.. model.parameters().Select(weight => weight.data<float>().ToArray())];

    public static void SetWeights(LanguageModel model, float[][] weights)
    {
        using IDisposable unrecorded = no_grad();
        foreach ((TorchSharp.Modules.Parameter weight, float[] values) in model.parameters().Zip(weights))
            weight.copy_(tensor(values, weight.shape));
    }

    public static double Apart(IEnumerable<float[]> some, IEnumerable<float[]> others) =>
        some.Zip(others).Max(pair => pair.First.Zip(pair.Second).Max(values => Math.Abs((double)values.First - values.Second)));

    /// <summary>Takes some steps, over the ends of epochs; ranks take one more, in which they agree to stop. Returns the losses.</summary>
    public static double[] Take(this Trainer trainer, int steps, int epoch = 0)
    {
        using var enough = new CancellationTokenSource();
        var losses = new List<double>();
        var listener = new Listener<StepReport>(step =>
        {
            losses.Add(step.Loss);
            if (losses.Count == steps)
                enough.Cancel();
        });
        for (; ; epoch++)
        {
            try
            {
                EpochReport report = trainer.TrainEpoch(epoch, listener, enough.Token);
                trainer.EpochEnded(report.Train.Mean);
            }
            catch (OperationCanceledException)
            {
                break;
            }
        }
        return [.. losses];
    }
}
