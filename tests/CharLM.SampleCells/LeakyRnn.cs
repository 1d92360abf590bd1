using CharLM.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace CharLM.SampleCells;

/// <summary>Leaky integrator units (Jaeger 2002; Bengio et al. 2013), each with a leak of its own that is learned.</summary>
public sealed class LeakyRnn(int inputSize, int hiddenSize) : RecurrentCell(inputSize, hiddenSize)
{
    private readonly Parameter weight_ih = NewWeight(hiddenSize, inputSize);
    private readonly Parameter weight_hh = NewWeight(hiddenSize, hiddenSize);
    private readonly Parameter bias = NewBias(hiddenSize);
    private readonly Parameter leak = NewBias(hiddenSize);

    public override Tensor[] forward(Tensor input, Tensor[] states)
    {
        Tensor H = states[0], A = sigmoid(leak);
        Tensor N = tanh(Add(functional.linear(input, weight_ih, bias), functional.linear(H, Dropped(weight_hh))));
        return [Add(OneMinus(A) * H, A * N)];
    }
}
