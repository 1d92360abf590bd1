using static TorchSharp.torch;

namespace CharLM.Models;

/// <summary>A stack of recurrent layers: from an input and a state to an output and the next state.</summary>
/// <remarks>
/// Thread safety: any number of threads may read with it at once, each in a dispose scope of its own, while nobody changes its weights.
/// </remarks>
public interface IRecurrentLayer
{
    /// <summary>Holds the weights, under PyTorch's names: weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, ..._l0_reverse, ..._l1.</summary>
    nn.Module Weights { get; }

    /// <summary>The state before the first token: zeros, of the weights' type and on their device.</summary>
    /// <param name="batchSize">Rows, 1 or more.</param>
    RecurrentState ZeroState(long batchSize);

    /// <summary>Reads one token of each row; to a bidirectional stack it is a whole sequence, of one token.</summary>
    /// <param name="input">[batch, input].</param>
    /// <param name="state">The state before it.</param>
    /// <returns>The last layer's hidden state [batch, directions * hidden], and the state after it.</returns>
    (Tensor Output, RecurrentState State) Step(Tensor input, RecurrentState state);

    /// <summary>Reads a whole sequence.</summary>
    /// <param name="inputs">[num_steps, batch, input].</param>
    /// <param name="state">The state before the first step.</param>
    /// <returns>
    /// The last layer's hidden states [num_steps, batch, directions * hidden], forward before backward, and the state that
    /// each layer and direction ended with: after the last step forwards, after the first backwards.
    /// </returns>
    (Tensor Outputs, RecurrentState State) Sequence(Tensor inputs, RecurrentState state);
}
