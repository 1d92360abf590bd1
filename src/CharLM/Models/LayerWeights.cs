using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Models;

/// <summary>The weights of one layer.</summary>
/// <param name="W_ih">Input to gates, [gates * hidden, input].</param>
/// <param name="W_hh">Hidden state to gates, [gates * hidden, hidden].</param>
/// <param name="B_ih">Bias of the first product, [gates * hidden].</param>
/// <param name="B_hh">Bias of the second product, [gates * hidden].</param>
public sealed record LayerWeights(Parameter W_ih, Parameter W_hh, Parameter B_ih, Parameter B_hh)
{
    /// <summary>What the input gives to all gates, [batch, gates * hidden].</summary>
    public Tensor FromInput(Tensor X) => nn.functional.linear(X, W_ih, B_ih);

    /// <summary>What the hidden state gives to all gates, [batch, gates * hidden].</summary>
    public Tensor FromHidden(Tensor H) => nn.functional.linear(H, W_hh, B_hh);
}
