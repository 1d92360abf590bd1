using CharLM.Batching;
using CharLM.Models;
using CharLM.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Tests.Training;

/// <summary>The state at the beginning of an epoch, and the effect of random truncation on gradients.</summary>
public sealed class EpochBeginTests
{
    private const int Vocab = 6;

    public static TheoryData<Implementation> Implementations => [.. Enum.GetValues<Implementation>()];

    // Rows begin elsewhere in every epoch, so the final state of the last epoch's rows must not be carried over.
    [Theory]
    [MemberData(nameof(Implementations))]
    public void TrainEpoch_SecondOne_BeginsWithTheZeroState(Implementation implementation)
    {
        int[] text = [.. Enumerable.Range(0, 400).Select(i => 1 + (i * i % 5))];
        double[] LossesOfEpoch(int epoch, params int[] before)
        {
            using LanguageModel model = Model(implementation, CellKind.Lstm);
            using var trainer = new Trainer(model, new TrainerConfig
            {
                NumEpochs = 9,
                BatchSize = 3,
                NumSteps = 5,
                LearningRate = 1e-30
            }, text);
            foreach (int one in before)
                trainer.TrainEpoch(one);
            var losses = new List<double>();
            trainer.TrainEpoch(epoch, new Listener<StepReport>(step => losses.Add(step.Loss)));
            return [.. losses];
        }
        double[] alone = LossesOfEpoch(1);
        Assert.Equal(alone, LossesOfEpoch(1, before: [0]), (a, b) => Math.Abs(a - b) < 1e-6);
        // Within the epoch the state is carried: the same minibatch from a zero state has another loss.
        Assert.True(alone.Length > 10);
    }

    // Two minibatches of 5 tokens share a state, and the next begins at zero: the losses of the model read by hand.
    [Theory]
    [MemberData(nameof(Implementations))]
    public void TrainEpoch_ResetEvery_BeginsWithTheZeroStateAgain(Implementation implementation)
    {
        int[] text = [.. Enumerable.Range(0, 400).Select(i => 1 + (i * i % 5))];
        using LanguageModel model = Model(implementation, CellKind.Lstm);
        var config = new TrainerConfig { NumEpochs = 1, BatchSize = 3, NumSteps = 5, ResetEvery = 7, LearningRate = 1e-30 };
        using var trainer = new Trainer(model, config, text);
        var losses = new List<double>();
        trainer.TrainEpoch(0, new Listener<StepReport>(step => losses.Add(step.Loss)));
        Assert.Equal(Losses(everyOther: true), losses, (a, b) => Math.Abs(a - b) < 1e-5);
        Assert.NotEqual(Losses(everyOther: false), losses, (a, b) => Math.Abs(a - b) < 1e-5);

        List<double> Losses(bool everyOther)
        {
            using DisposeScope scope = NewDisposeScope();
            EpochPlan plan = new SequentialIterator(text, 3, 5, seed: 0).Plan(0);
            var read = new List<double>();
            RecurrentState state = model.BeginState(3);
            for (int batch = 0; batch < plan.NumBatches; batch++)
            {
                int[] inputs = new int[15], targets = new int[15];
                plan.Fill(text, batch, inputs, targets);
                if (everyOther && batch % 2 == 0)
                    state = model.BeginState(3);
                (Tensor logits, state) = model.Forward(Ids(inputs), state);
                read.Add(nn.functional.cross_entropy(logits, LanguageModel.StepByStep(Ids(targets))).item<float>());
            }
            return read;
        }

        static Tensor Ids(int[] ids) => tensor(Array.ConvertAll(ids, id => (long)id)).reshape(3, 5);
    }

    /// <summary>
    /// Tallec and Ollivier 2017: a gradient kept with probability p is divided by p, so that its mean does not change.
    /// </summary>
    [Theory]
    [InlineData(Implementation.BuiltIn, 0.5)]
    [InlineData(Implementation.Fused, 0.5)]
    [InlineData(Implementation.Custom, 0.8)]
    public void TrainEpoch_RandomTruncation_KeepsGradientsScaledUpOrNotAtAll(Implementation implementation, double keep)
    {
        const int Steps = 3;
        using LanguageModel model = Model(implementation, CellKind.Rnn);
        // All minibatches are equal, so there is one norm for each pattern of kept gradients.
        double[] possible = [.. Enumerable.Range(0, 1 << Steps).Select(pattern => NormWith([.. Enumerable.Range(0, Steps)
            .Select(step => (pattern >> step) % 2 == 0 ? 0 : (float)(1 / keep))]))];
        using var trainer = new Trainer(
            model, new TrainerConfig
            {
                NumEpochs = 1,
                BatchSize = 1,
                NumSteps = Steps,
                LearningRate = 1e-30,
                Sampling = SamplingOrder.Random,
                Truncation = Truncation.Random,
                TruncationKeep = keep
            },
            Enumerable.Repeat(2, 300).ToArray());
        var norms = new List<double>();
        trainer.TrainEpoch(0, new Listener<StepReport>(step => norms.Add(step.GradientNorm)));
        Assert.All(norms, norm => Assert.Contains(possible, one => Math.Abs(one - norm) < 1e-5 * one));
        Assert.True(norms.Select(norm => Math.Round(norm, 5)).Distinct().Count() > 2);

        double NormWith(float[] scales)
        {
            using LanguageModel same = Model(Implementation.BuiltIn, CellKind.Rnn);
            using var backend = new TorchBackend(same, new ScratchSgd(same.parameters(), 1));
            backend.Learn([2, 2, 2], [2, 2, 2], 1, Steps, dropoutKey: 0, scales);
            return backend.Optimizer.Clip(0);
        }
    }

    private static LanguageModel Model(Implementation implementation, CellKind cell)
    {
        manual_seed(7);
        var model = new LanguageModel(new ModelConfig
        {
            Cell = cell,
            NumHiddens = 8,
            Implementation = Implementation.BuiltIn,
            Init = WeightInit.Xavier
        }, Vocab);
        if (implementation == Implementation.BuiltIn)
            return model;
        var same = new LanguageModel(model.Config with { Implementation = implementation }, Vocab);
        same.load_state_dict(model.state_dict());
        model.Dispose();
        return same;
    }
}
