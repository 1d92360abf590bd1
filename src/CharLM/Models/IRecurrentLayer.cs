using CharLM.Models.Cells;
using CharLM.Models.Fused;
using static TorchSharp.torch;

namespace CharLM.Models;

/// <summary>A stack of recurrent layers: from an input and a state to an output and the next state.</summary>
/// <remarks>
/// Thread safety: any number of threads may read with it at once, each in a dispose scope of its own, while nobody changes its weights.
/// </remarks>
internal interface IRecurrentLayer
{
    /// <summary>
    /// Holds the weights, under PyTorch's names: weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, ..._l0_reverse, ..._l1.
    /// </summary>
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

/// <summary>Makes recurrent layers.</summary>
/// <remarks>Thread safety: any number of threads.</remarks>
internal static class RecurrentLayers
{
    /// <summary>A stack of layers of the implementation that a configuration names.</summary>
    /// <param name="config">What it is made of.</param>
    /// <param name="inputSize">Width of an input.</param>
    /// <param name="threads">Threads of the fused kernels; default 0: one a processor.</param>
    public static IRecurrentLayer Create(ModelConfig config, int inputSize, int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(config);
        return config.Implementation switch
        {
            Implementation.Custom => new CellStack(config, inputSize),
            Implementation.BuiltIn => new BuiltInLayer(config, inputSize),
            Implementation.Fused => new FusedLayer(config, inputSize, threads),
            _ => throw new ArgumentOutOfRangeException(nameof(config), config.Implementation, "not an implementation"),
        };
    }
}

/// <summary>What a recurrent layer remembers from one step to the next.</summary>
/// <remarks>Thread safety: any number of threads may read its tensors; one disposes it when nobody else uses it.</remarks>
/// <param name="Hidden">The hidden state, [layers * directions, batch, hidden]: forward and backward of layer 0, of layer 1, and so
/// on.</param>
/// <param name="Cell">
/// The cell state of an LSTM, in the same shape and order; of a cell with more states all but the first, side by side,
/// [layers * directions, batch, (states - 1) * hidden]; null for cells of one state.
/// </param>
/// <param name="Memory">
/// For models with attention: the last layer's hidden states that the next step can see, oldest first,
/// [1 to window, batch, hidden]; null for other models.
/// </param>
public sealed record RecurrentState(Tensor Hidden, Tensor? Cell = null, Tensor? Memory = null) : IDisposable
{
    /// <summary>The state before the first token: zeros.</summary>
    /// <param name="config">Cell, layers, directions, hidden units.</param>
    /// <param name="batchSize">Rows, 1 or more.</param>
    /// <param name="like">Gives the type and the device.</param>
    public static RecurrentState Zero(ModelConfig config, long batchSize, Tensor like)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(like);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        Tensor Zeros(long size) => zeros([config.NumLayers * config.NumDirections, batchSize, size], like.dtype, like.device);
        Tensor? memory = config.Attention is null ? null : zeros([1, batchSize, config.OutputSize], like.dtype, like.device);
        return new RecurrentState(Zeros(config.NumHiddens), config.HasCellState ? Zeros(config.CellSize) : null, memory);
    }

    /// <summary>The same values without their history: where backpropagation through time is cut.</summary>
    public RecurrentState Detach() => Map(tensor => tensor.detach());

    /// <summary>Lets the state outlive the dispose scope that it was made in.</summary>
    public RecurrentState MoveToOuterDisposeScope() => Map(tensor => tensor.MoveToOuterDisposeScope());

    /// <summary>Takes the state out of every dispose scope: its holder disposes it.</summary>
    public RecurrentState DetachFromDisposeScope() => Map(tensor => tensor.DetachFromDisposeScope());

    /// <summary>A state with each of its tensors changed.</summary>
    internal RecurrentState Map(Func<Tensor, Tensor> change) =>
        new(change(Hidden), Cell is null ? null : change(Cell), Memory is null ? null : change(Memory));

    /// <inheritdoc/>
    public void Dispose()
    {
        Hidden.Dispose();
        Cell?.Dispose();
        Memory?.Dispose();
    }
}
