using CharLM.Models;
using CharLM.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Tests.Models.Fused;

/// <summary>A weight that two layers share, in the kernels: both contribute to its gradient.</summary>
public sealed class TiedWeightTests
{
    public static TheoryData<CellKind, int, int> Shapes =>
        [.. Enum.GetValues<CellKind>().SelectMany(cell => new[] { (cell, 1, 1), (cell, 16, 32), (cell, 21, 19), (cell, 5, 70) })];

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Learn_TiedWeights_GiveEveryGradientTorchsValue(CellKind cell, int size, int vocab)
    {
        vocab = Math.Max(vocab, 2);
        using var both = new FusedCase(new ModelConfig { Cell = cell, NumHiddens = size, EmbeddingSize = size, TieWeights = true },
            vocab, batch: 3, steps: 5, seed: 4);
        // The first token and the last one are both inputs and targets.
        (both.Inputs[0], both.Inputs[^1], both.Targets[1], both.Targets[2]) = (0, vocab - 1, 0, vocab - 1);
        Dictionary<string, float[]> expected = both.Torch().Gradients, actual = both.Kernels(workers: 2).Gradients;
        float[] shared = expected["embedding.weight"], kernels = actual["embedding.weight"];
        Assert.Equal(vocab * size, shared.Length);
        float scale = shared.Max(Math.Abs);
        for (int i = 0; i < shared.Length; i++)
            Assert.True(Math.Abs(shared[i] - kernels[i]) <= 1e-5 * scale, $"[{i / size}, {i % size}]: {kernels[i]}, torch has {shared[i]}");
        Assert.InRange(FusedCase.Deviation(expected, actual), 0, 1e-5);
    }

    // What one minibatch leaves in either memory must not affect the next one's gradient.
    [Fact]
    public void Learn_TwoMinibatches_HaveTheGradientOfTheSecond()
    {
        using var both = new FusedCase(new ModelConfig { NumHiddens = 9, EmbeddingSize = 9, TieWeights = true }, 11, batch: 2, steps: 4,
            seed: 6);
        Assert.InRange(FusedCase.Deviation(both.Torch(minibatches: 2).Gradients, both.Kernels(minibatches: 2).Gradients), 0, 1e-5);
    }

    [Theory]
    [InlineData(OptimizerKind.Sgd)]
    [InlineData(OptimizerKind.Adam)]
    public void TrainEpoch_TiedWeights_LearnsAsTorchDoes(OptimizerKind optimizer)
    {
        int[] text = [.. Enumerable.Range(0, 600).Select(i => 1 + (i * i / 7 % 8))];
        double[] Losses(Implementation implementation)
        {
            manual_seed(3);
            using var model = new LanguageModel(new ModelConfig
            {
                NumHiddens = 10,
                EmbeddingSize = 10,
                TieWeights = true,
                Implementation = implementation
            }, 9);
            using var trainer = new Trainer(model, new TrainerConfig
            {
                NumEpochs = 3,
                BatchSize = 4,
                NumSteps = 8,
                Optimizer = optimizer,
                LearningRate = optimizer == OptimizerKind.Sgd ? 0.5 : 0.01
            }, text);
            return [.. Enumerable.Range(0, 3).Select(epoch => trainer.TrainEpoch(epoch).Train.Mean)];
        }
        Assert.Equal(Losses(Implementation.BuiltIn), Losses(Implementation.Fused), (a, b) => Math.Abs(a - b) < 1e-4 * a);
    }
}
