using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Models.Cells;

/// <summary>
/// What the cells of the toolkit share: the weights of a layer's gates lie side by side in one matrix, as in PyTorch, so that one product
/// serves all gates.
/// </summary>
/// <remarks>
/// <para>
/// weight_ih [gates * hidden, input], weight_hh [gates * hidden, hidden], bias_ih and bias_hh [gates * hidden]; a cell whose gates do not
/// see the hidden state has neither weight_hh nor bias_hh. Initial values are the books': weights normal(0, 0.01), biases zero.
/// </para>
/// <para>Thread safety: any number of threads may read with it at once, each in a dispose scope of its own, while nobody changes its
/// weights.</para>
/// </remarks>
internal abstract class GatedCell : RecurrentCell
{
    /// <summary>A cell.</summary>
    /// <param name="inputSize">Width of its input.</param>
    /// <param name="hiddenSize">Width of its states.</param>
    /// <param name="gates">Gates, candidate values included.</param>
    /// <param name="numStates">States.</param>
    /// <param name="seesHidden">Whether the gates see the hidden state.</param>
    protected GatedCell(int inputSize, int hiddenSize, int gates, int numStates = 1, bool seesHidden = true)
        : base(inputSize, hiddenSize, numStates)
    {
        long rows = (long)gates * hiddenSize;
        register_parameter("weight_ih", NewWeight(rows, inputSize));
        if (seesHidden)
            register_parameter("weight_hh", NewWeight(rows, hiddenSize));
        register_parameter("bias_ih", NewBias(rows));
        if (seesHidden)
            register_parameter("bias_hh", NewBias(rows));
    }

    /// <summary>Hidden state to gates, [gates * hidden, hidden].</summary>
    protected Tensor W_hh => Dropped(Named("weight_hh"));

    /// <summary>Bias of the second product, [gates * hidden].</summary>
    protected Tensor B_hh => Named("bias_hh");

    /// <summary>What the input gives to all gates, [..., gates * hidden].</summary>
    protected Tensor FromInput(Tensor X) => nn.functional.linear(X, Named("weight_ih"), Named("bias_ih"));

    /// <summary>What the hidden state gives to all gates, [batch, gates * hidden].</summary>
    protected Tensor FromHidden(Tensor H) => nn.functional.linear(H, W_hh, B_hh);

    /// <summary>A parameter.</summary>
    protected Parameter Named(string name) => get_parameter(name) ?? throw new InvalidOperationException($"this cell has no {name}");
}
