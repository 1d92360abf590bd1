using CharLM.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace CharLM.SampleCells;

/// <summary>Independently recurrent network (Li et al. 2018): each unit remembers itself alone.</summary>
public sealed class IndRnn(int inputSize, int hiddenSize) : RecurrentCell(inputSize, hiddenSize)
{
    private readonly Parameter weight_ih = NewWeight(hiddenSize, inputSize);
    private readonly Parameter weight_hh = new(ones(hiddenSize));
    private readonly Parameter bias = NewBias(hiddenSize);

    public override Tensor[] forward(Tensor input, Tensor[] states) =>
        [functional.relu(Add(functional.linear(input, weight_ih, bias), Dropped(weight_hh) * states[0]))];
}
