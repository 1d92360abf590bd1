using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Models.Cells;

/// <summary>
/// Base of the built-in cells: one matrix holds the weights of all gates, as in PyTorch, so that one product computes them all.
/// </summary>
/// <remarks>
/// <para>
/// weight_ih [gates * hidden, input], weight_hh [gates * hidden, hidden], bias_ih and bias_hh [gates * hidden]; a cell whose gates do not
/// read the hidden state has neither weight_hh nor bias_hh. Initial values are those of the books: weights normal(0, 0.01), biases zero.
/// </para>
/// <para>Thread safety: any number of threads may read with it at once, each in its own dispose scope, while nobody changes its
/// weights.</para>
/// </remarks>
internal abstract class GatedCell : RecurrentCell
{
    /// <summary>Creates a cell.</summary>
    /// <param name="inputSize">Width of the input.</param>
    /// <param name="hiddenSize">Width of each state.</param>
    /// <param name="gates">Number of gates, including the candidate.</param>
    /// <param name="numStates">Number of states.</param>
    /// <param name="seesHidden">Whether the gates read the hidden state.</param>
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

    /// <summary>The hidden-to-gates weight, after weight dropout, [gates * hidden, hidden].</summary>
    protected Tensor W_hh => Dropped(Named("weight_hh"));

    /// <summary>The hidden-to-gates bias, [gates * hidden].</summary>
    protected Tensor B_hh => Named("bias_hh");

    /// <summary>The input's contribution to all gates, [..., gates * hidden].</summary>
    protected Tensor FromInput(Tensor X) => nn.functional.linear(X, Named("weight_ih"), Named("bias_ih"));

    /// <summary>The hidden state's contribution to all gates, [batch, gates * hidden].</summary>
    protected Tensor FromHidden(Tensor H) => nn.functional.linear(H, W_hh, B_hh);

    /// <summary>The parameter of a name.</summary>
    protected Parameter Named(string name) => get_parameter(name) ?? throw new InvalidOperationException($"this cell has no {name}");
}
