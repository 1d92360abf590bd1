using CharLM.Models;
using CharLM.Training;
using static TorchSharp.torch;

namespace CharLM.Tests.Training;

public sealed class TruncationTests
{
    private static readonly int[] Text = [.. Enumerable.Range(0, 401).Select(i => 1 + (i * i / 3 % 5))];

    private static LanguageModel Model(Implementation implementation)
    {
        manual_seed(2);
        return new LanguageModel(new ModelConfig { Cell = CellKind.Lstm, NumHiddens = 10, Implementation = implementation }, 6);
    }

    [Theory]
    [InlineData(Implementation.BuiltIn)]
    [InlineData(Implementation.Fused)]
    public void TrainEpoch_NoTruncation_ReadsEveryRowToItsEndBeforeAStep(Implementation implementation)
    {
        using LanguageModel model = Model(implementation);
        using var trainer = new Trainer(model, new TrainerConfig { BatchSize = 4, NumSteps = 10, Truncation = Truncation.None }, Text);
        var steps = new List<StepReport>();
        EpochReport report = trainer.TrainEpoch(0, new Listener<StepReport>(steps.Add));
        Assert.Single(steps);
        Assert.Equal(400, report.Train.Tokens);
    }

    [Theory]
    [InlineData(Implementation.Custom)]
    [InlineData(Implementation.BuiltIn)]
    [InlineData(Implementation.Fused)]
    public void TrainEpoch_RandomTruncation_IsTheSameInEveryImplementation(Implementation implementation)
    {
        // One small step: the losses of the second epoch reveal the gradients of the first.
        double Loss(Implementation which)
        {
            using LanguageModel reference = Model(Implementation.BuiltIn), model = Model(which);
            using (no_grad())
            {
                foreach ((string name, TorchSharp.Modules.Parameter parameter) in model.named_parameters())
                    parameter.copy_(reference.get_parameter(name)!);
            }
            using var trainer = new Trainer(
                model, new TrainerConfig
                {
                    BatchSize = 4,
                    NumSteps = 20,
                    Truncation = Truncation.Random,
                    TruncationKeep = 0.7,
                    Seed = 5
                }, Text);
            trainer.TrainEpoch(0);
            return trainer.TrainEpoch(1).Train.Mean;
        }
        Assert.Equal(Loss(Implementation.BuiltIn), Loss(implementation), 1e-4);
    }

    [Fact]
    public void Learn_RandomTruncation_HasTheExpectationOfTheWholeGradient()
    {
        // E[scale] = 1, independently at each step: the mean over many draws approaches the untruncated gradient.
        using LanguageModel model = Model(Implementation.BuiltIn);
        using var backend = new TorchBackend(model, new ScratchSgd(model.parameters(), 1));
        int[] inputs = [1, 2, 3, 4, 5, 1], targets = [2, 3, 4, 5, 1, 2];
        double[] Gradient(float[] scales)
        {
            backend.ResetState();
            backend.Learn(inputs, targets, 1, 6, 0, scales);
            return [.. model.get_parameter("rnn.weight_hh_l0")!.grad!.data<float>().ToArray().Select(value => (double)value)];
        }
        double[] whole = Gradient([]);
        var mean = new double[whole.Length];
        var random = new Random(1);
        const int Draws = 3000;
        const double Keep = 0.8;
        for (int draw = 0; draw < Draws; draw++)
        {
            double[] some = Gradient([.. Enumerable.Range(0, 6).Select(_ => random.NextDouble() < Keep ? (float)(1 / Keep) : 0f)]);
            for (int i = 0; i < mean.Length; i++)
                mean[i] += some[i] / Draws;
        }
        double error = Math.Sqrt(whole.Zip(mean).Sum(pair => Math.Pow(pair.First - pair.Second, 2))) / Math.Sqrt(
            whole.Sum(value => value * value));
        Assert.InRange(error, 0, 0.05);
    }
}
