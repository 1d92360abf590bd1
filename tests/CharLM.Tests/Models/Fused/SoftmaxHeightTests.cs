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
