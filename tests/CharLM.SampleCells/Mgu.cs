using CharLM.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace CharLM.SampleCells;

/// <summary>Minimal gated unit (Zhou et al. 2016): one forget gate, which also resets. Not minGRU, whose gate sees no state.</summary>
public sealed class Mgu(int inputSize, int hiddenSize) : RecurrentCell(inputSize, hiddenSize)
{
    private readonly Parameter weight_ih = NewWeight(2 * hiddenSize, inputSize);
    private readonly Parameter weight_hh = NewWeight(2 * hiddenSize, hiddenSize);
    private readonly Parameter bias = NewBias(2 * hiddenSize);

    public override Tensor[] forward(Tensor input, Tensor[] states)
    {
        Tensor H = states[0];
        Tensor[] x = functional.linear(input, weight_ih, bias).chunk(2, dim: -1), W = Dropped(weight_hh).chunk(2);
        Tensor F = sigmoid(Add(x[0], functional.linear(H, W[0])));             // forget gate
        Tensor N = tanh(Add(x[1], functional.linear(F * H, W[1])));            // candidate
        return [Add(OneMinus(F) * H, F * N)];
    }
}
