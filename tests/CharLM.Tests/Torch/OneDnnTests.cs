using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Tests.Torch;

/// <summary>
/// torch's own LSTM, which oneDNN computes, beside its equations: on some processors it is wrong with some numbers of units.
/// </summary>
public sealed class OneDnnTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(48)]
    [InlineData(100)]
    [InlineData(200)]
    public void Lstm_AnyNumberOfUnits_FollowsItsEquations(int hidden)
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(hidden);
        const int Steps = 6, Rows = 3, Inputs = 7;
        LSTM layer = nn.LSTM(Inputs, hidden);
        var weights = layer.named_parameters().ToDictionary(entry => entry.name, entry => entry.parameter);
        Tensor input = randn(Steps, Rows, Inputs).requires_grad_(), h0 = randn(1, Rows, hidden), c0 = randn(1, Rows, hidden);

        Tensor predicted;
        using (no_grad())
            (predicted, _, _) = layer.call(input, (h0, c0));
        (Tensor outputs, _, _) = layer.call(input, (h0, c0));
        outputs.square().sum().backward();
        Tensor[] learned = [.. weights.Values.Select(weight => weight.grad!.clone()), input.grad!.clone()];
        layer.zero_grad();
        input.grad!.zero_();

        var expected = new List<Tensor>();
        (Tensor h, Tensor c) = (h0[0], c0[0]);
        for (int step = 0; step < Steps; step++)
        {
            Tensor sums = input[step].matmul(weights["weight_ih_l0"].t()) + weights["bias_ih_l0"]
                + h.matmul(weights["weight_hh_l0"].t()) + weights["bias_hh_l0"];
            Tensor[] gates = sums.chunk(4, 1);
            c = (gates[1].sigmoid() * c) + (gates[0].sigmoid() * gates[2].tanh());
            h = gates[3].sigmoid() * c.tanh();
            expected.Add(h);
        }
        Tensor all = stack([.. expected]);
        all.square().sum().backward();

        foreach (Tensor actual in new[] { predicted, outputs })
            Assert.True(allclose(actual, all, 1e-4, 1e-5), $"outputs differ by {(actual - all).abs().max().item<float>()}");
        foreach ((Tensor actual, Tensor right) in learned.Zip([.. weights.Values.Select(weight => weight.grad!), input.grad!]))
            Assert.True(allclose(actual, right, 1e-3, 1e-4), $"gradients differ by {(actual - right).abs().max().item<float>()}");
    }
}
