using CharLM.Batching;
using CharLM.Checkpoints;
using CharLM.Models;
using CharLM.Training;

namespace CharLM.Tests.Training;

/// <summary>Epochs of a number of steps: the same minibatches in the same order as in passes over the text.</summary>
public sealed class StepsTests
{
    private static readonly int[] Text = [.. Enumerable.Range(0, 500).Select(i => 1 + (i * i % 7))];

    private static readonly TrainerConfig Passes = new()
    {
        NumEpochs = 3,
        BatchSize = 4,
        NumSteps = 9,
        Optimizer = OptimizerKind.Adam,
        LearningRate = 0.01,
    };

    [Theory]
    [InlineData(Implementation.Fused, SamplingOrder.Sequential, 1)]
    [InlineData(Implementation.Fused, SamplingOrder.Sequential, 5)]
    [InlineData(Implementation.Fused, SamplingOrder.Random, 100)]
    [InlineData(Implementation.BuiltIn, SamplingOrder.Sequential, 7)]
    [InlineData(Implementation.Custom, SamplingOrder.Windows, 11)]
    public void TrainEpoch_OfSteps_LearnsWhatPassesLearn(Implementation implementation, SamplingOrder sampling, int stepsPerEpoch)
    {
        TrainerConfig passes = Passes with { Sampling = sampling, NumEpochs = sampling == SamplingOrder.Windows ? 1 : 3 };
        (string weights, int steps, double nats) = Train(implementation, passes);
        (string bySteps, int same, double sum) = Train(
            implementation, passes with { TotalSteps = steps, StepsPerEpoch = stepsPerEpoch });

        Assert.Equal(steps, same);
        Assert.Equal(nats, sum, 1e-6 * nats);
        Assert.Equal(weights, bySteps);
    }

    [Theory]
    [InlineData(1000, 0, 50, 20)]
    [InlineData(101, 0, 6, 17)]
    [InlineData(101, 100, 100, 2)]
    [InlineData(1, 0, 1, 1)]
    [InlineData(0, 0, 0, 3)]
    [InlineData(0, 8, 8, 3)]
    public void EpochLength_OfSteps_IsAsGivenOrATwentieth(int total, int given, int length, int epochs)
    {
        TrainerConfig config = Passes with { TotalSteps = total, StepsPerEpoch = given };
        Assert.Equal((length, epochs), (config.EpochLength, config.EpochCount));
    }

    [Fact]
    public void TrainEpoch_CosineOfSteps_EndsAtTheLastStep()
    {
        using var model = new LanguageModel(new ModelConfig { NumHiddens = 3 }, 8);
        using var trainer = new Trainer(model, Passes with
        {
            TotalSteps = 25,
            StepsPerEpoch = 10,
            Schedule = new ScheduleConfig { Kind = ScheduleKind.Cosine, WarmUpEpochs = 0.5 },
        }, Text);
        double[] rates = [.. Enumerable.Range(0, 3).Select(epoch => trainer.TrainEpoch(epoch).LearningRate)];

        // The last step of each epoch, 9, 19 and 24, on a cosine from step 5 to step 25.
        double[] expected = [.. new[] { 9, 19, 24 }.Select(step => 0.01 * 0.5 * (1 + Math.Cos(Math.PI * (step - 5) / 20)))];
        Assert.Equal(expected, rates, (one, other) => Math.Abs(one - other) < 1e-12);
    }

    private static (string Weights, int Steps, double Nats) Train(Implementation implementation, TrainerConfig config)
    {
        TorchSharp.torch.manual_seed(1);
        using var model = new LanguageModel(
            new ModelConfig { NumHiddens = 6, NumLayers = 2, Dropout = 0.3, Cell = CellKind.Lstm, Implementation = implementation }, 8);
        using var trainer = new Trainer(model, config, Text);
        var count = new Counter();
        double nats = 0;
        for (int epoch = 0; epoch < config.EpochCount; epoch++)
        {
            EpochReport report = trainer.TrainEpoch(epoch, count);
            nats += report.Train.Total;
            trainer.EpochEnded(report.Train.Mean);
        }
        return (string.Join(' ', Checkpoint.CopyWeights(model).Select(weight => $"{weight.Key} {string.Join(',', weight.Value.Values)}")),
            count.Steps, nats);
    }

    private sealed class Counter : IProgress<StepReport>
    {
        public int Steps { get; private set; }

        public void Report(StepReport value) => Steps++;
    }
}
