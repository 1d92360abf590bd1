using CharLM.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Tests.Models.Fused;

/// <summary>Logits of any magnitude in the kernels: loss, gradients and guesses equal torch's.</summary>
public sealed class SoftmaxHeightTests
{
    // exp overflows float32 at 88.7 and underflows at -103.
    public static TheoryData<float> Heights => [100, -100, 1000, -1000];

    [Theory]
    [MemberData(nameof(Heights))]
    public void Learn_AnyHeight_HasTorchsLossAndGradients(float height)
    {
        using var both = new FusedCase(new ModelConfig { NumHiddens = 6 }, 21, batch: 3, steps: 4, seed: 1);
        Raise(both.BuiltIn, height);
        (double expectedLoss, Dictionary<string, float[]> expected) = both.Torch();
        (double loss, Dictionary<string, float[]> gradients) = both.Kernels();
        Assert.InRange(expectedLoss, 2, 4); // about ln 21
        Assert.Equal(expectedLoss, loss, 1e-3);
        Assert.InRange(FusedCase.Deviation(expected, gradients), 0, 1e-3);
    }

    // Several blocks of logits, one of them far above the others; more rows than the output layer takes at a time, some without a target.
    [Theory]
    [InlineData(0)]
    [InlineData(30)]
    [InlineData(1000)]
    public void Learn_LargeVocab_HasTorchsLossAndGradientsForAnyNumberOfWorkers(float height)
    {
        using var both = new FusedCase(new ModelConfig { NumHiddens = 6 }, vocab: 700, batch: 24, steps: 40, seed: 2);
        using (no_grad())
            both.BuiltIn.get_parameter("linear.bias")![TensorIndex.Slice(250, 300)].add_(height);
        for (int i = 0; i < both.Targets.Length; i += 7)
            both.Targets[i] = -100; // what torch ignores
        (double expectedLoss, Dictionary<string, float[]> expected) = both.Torch();
        (double loss, Dictionary<string, float[]> gradients) = both.Kernels();
        Assert.Equal(expectedLoss, loss, 1e-3);
        Assert.InRange(FusedCase.Deviation(expected, gradients), 0, 1e-3);
        foreach (int workers in new[] { 2, 3 })
        {
            (double again, Dictionary<string, float[]> same) = both.Kernels(workers: workers);
            Assert.Equal(loss, again);
            Assert.All(gradients, gradient => Assert.Equal(gradient.Value, same[gradient.Key]));
        }
    }

    // One logit is far above all others: that token's loss is zero, the others' is the distance.
    [Theory]
    [InlineData(100)]
    [InlineData(1000)]
    public void Score_OneLogitFarAbove_HasTheDistanceAsLoss(float height)
    {
        using var model = new LanguageModel(new ModelConfig { NumHiddens = 6 }, 21);
        using (no_grad())
            model.get_parameter("linear.bias")![4] = tensor(height);
        using IPredictor predictor = model.Predictor();
        float[] nats = new float[2];
        var guesses = new TopPrediction[2];
        predictor.Begin(1);
        predictor.Score([1, 2], [4, 5], 2, nats, guesses);
        Assert.Equal(0, nats[0], 1e-5);
        Assert.Equal(height, nats[1], 2f);
        Assert.All(guesses, guess => Assert.Equal((4, 1f), (guess.Token, guess.Probability)));
    }

    private static void Raise(LanguageModel model, float height)
    {
        using IDisposable unrecorded = no_grad();
        model.get_parameter("linear.bias")!.add_(height);
    }
}
