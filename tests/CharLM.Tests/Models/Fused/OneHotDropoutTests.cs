using CharLM.Models;
using CharLM.Models.Fused;
using CharLM.Models.Fused.Threads;
using CharLM.Torch;
using CharLM.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Tests.Models.Fused;

/// <summary>Dropout of one-hot tokens: a token is dropped, or scaled by 1 / (1 - p).</summary>
public sealed class OneHotDropoutTests
{
    private const int Vocab = 5, Hidden = 7, Keys = 300;
    private static readonly int[] Input = [2], Target = [3];

    [Theory]
    [InlineData(CellKind.Rnn, 0.25)]
    [InlineData(CellKind.Gru, 0.5)]
    [InlineData(CellKind.Lstm, 0.8)]
    public void Learn_AnyKey_HasTheLossOfNothingOrOfTheTokenScaledUp(CellKind cell, double probability)
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(2);
        using var model = new LanguageModel(new ModelConfig
        {
            Cell = cell,
            NumHiddens = Hidden,
            InputDropout = probability,
            Implementation = Implementation.BuiltIn
        }, Vocab);
        // From torch.nn's layers without dropout: the loss when the token's column is zero, and when it is scaled up.
        double nothing = LossWithInput(model, 0), scaled = LossWithInput(model, 1 / (1 - probability));
        Assert.True(Math.Abs(nothing - scaled) > 1e-3);

        using var raw = new RawWeights(model);
        using var workers = new Workers(1);
        using var network = new FusedNetwork(model.Config, Vocab, raw, workers);
        using var torch = new TorchBackend(model, new ScratchSgd(model.parameters(), 1));
        AssertEither(nothing, scaled, probability, key =>
        {
            network.Stack.ZeroState();
            return network.Learn(Input, Target, 1, 1, key);
        });
        AssertEither(nothing, scaled, probability, key =>
        {
            torch.ResetState();
            return torch.Learn(Input, Target, 1, 1, key * 2, []);
        });
    }

    // Nothing is dropped in measuring or generation.
    [Fact]
    public void Measure_WithInputDropout_ReadsTheTokenAsItIs()
    {
        using DisposeScope scope = NewDisposeScope();
        using var model = new LanguageModel(new ModelConfig
        {
            NumHiddens = Hidden,
            InputDropout = 0.5,
            Implementation = Implementation.BuiltIn
        }, Vocab);
        double whole = LossWithInput(model, 1);
        using var raw = new RawWeights(model);
        using var workers = new Workers(1);
        using var network = new FusedNetwork(model.Config, Vocab, raw, workers);
        for (ulong key = 0; key < 5; key++)
        {
            network.Stack.ZeroState();
            network.Learn(Input, Target, 1, 1, key);
            network.Stack.ZeroState();
            Assert.Equal(whole, network.Measure(Input, Target, 1, 1), 1e-5);
        }
    }

    private static double LossWithInput(LanguageModel model, double scale)
    {
        using IDisposable unrecorded = no_grad();
        Tensor column = model.get_parameter("rnn.weight_ih_l0")!.narrow(1, Input[0], 1), before = column.clone();
        column.mul_(scale);
        model.eval();
        double loss = nn.functional.cross_entropy(model.Forward(TokenTensor.Of(Input, [1, 1]), model.BeginState(1)).Logits, TokenTensor.Of(Target, [1]))
            .ToDouble();
        column.copy_(before);
        return loss;
    }

    private static void AssertEither(double nothing, double scaled, double probability, Func<ulong, double> lossOf)
    {
        int dropped = 0;
        for (ulong key = 0; key < Keys; key++)
        {
            double loss = lossOf(key);
            bool isNothing = Math.Abs(loss - nothing) < 1e-5;
            Assert.True(isNothing || Math.Abs(loss - scaled) < 1e-5, $"{loss} is neither {nothing} nor {scaled}");
            dropped += isNothing ? 1 : 0;
        }
        // Five standard deviations of a binomial count.
        double deviation = 5 * Math.Sqrt(Keys * probability * (1 - probability));
        Assert.InRange(dropped, (Keys * probability) - deviation, (Keys * probability) + deviation);
    }
}
