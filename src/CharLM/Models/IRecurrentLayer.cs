using CharLM.Models.Cells;
using CharLM.Models.Fused;
using static TorchSharp.torch;

namespace CharLM.Models;

/// <summary>A stack of recurrent layers: from an input and a state to an output and the next state.</summary>
/// <remarks>
/// Thread safety: any number of threads may read with it at once, each in its own dispose scope, while nobody changes its weights.
/// </remarks>
internal interface IRecurrentLayer
{
    /// <summary>
    /// Holds the weights, under PyTorch's names: weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, ..._l0_reverse, ..._l1.
    /// </summary>
    nn.Module Weights { get; }

    /// <summary>The initial state: zeros, with the weights' type and device.</summary>
    /// <param name="batchSize">Rows, 1 or more.</param>
    RecurrentState ZeroState(long batchSize);

    /// <summary>Reads one token per row; a bidirectional stack treats it as a whole sequence of one token.</summary>
    /// <param name="input">[batch, input].</param>
    /// <param name="state">The state before it.</param>
    /// <returns>The last layer's hidden state [batch, directions * hidden], and the state after it.</returns>
    (Tensor Output, RecurrentState State) Step(Tensor input, RecurrentState state);

    /// <summary>Reads a whole sequence.</summary>
    /// <param name="inputs">[num_steps, batch, input].</param>
    /// <param name="state">The state before the first step.</param>
    /// <returns>
    /// The last layer's hidden states [num_steps, batch, directions * hidden], forward before backward, and the final state of each layer
    /// and direction: after the last step forward, after the first step backward.
    /// </returns>
    (Tensor Outputs, RecurrentState State) Sequence(Tensor inputs, RecurrentState state);
}

/// <summary>Creates recurrent layers.</summary>
/// <remarks>Thread safety: any number of threads.</remarks>
internal static class RecurrentLayers
{
    /// <summary>Creates a stack of layers with the implementation that the configuration names.</summary>
    /// <param name="config">Cell, layers, directions, hidden units, dropout, implementation.</param>
    /// <param name="inputSize">Width of the input.</param>
    /// <param name="threads">Threads of the fused kernels; default 0: one per processor.</param>
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

/// <summary>The state of recurrent layers between steps.</summary>
/// <remarks>Thread safety: any number of threads may read its tensors; dispose it only when no other thread uses it.</remarks>
/// <param name="Hidden">The hidden state, [layers * directions, batch, hidden]: forward and backward of layer 0, then of layer 1, and so
/// on.</param>
/// <param name="Cell">
/// The cell state of an LSTM, with the same shape and order; for a cell with more states, all but the first, concatenated, [layers *
/// directions, batch, (states - 1) * hidden]; null for cells with one state.
/// </param>
/// <param name="Memory">
/// For models with attention: the last layer's hidden states visible to the next step, oldest first, [1 to window, batch, hidden]; null
/// for other models.
/// </param>
public sealed record RecurrentState(Tensor Hidden, Tensor? Cell = null, Tensor? Memory = null) : IDisposable
{
    /// <summary>The initial state: zeros.</summary>
    /// <param name="config">Cell, layers, directions, hidden units.</param>
    /// <param name="batchSize">Rows, 1 or more.</param>
    /// <param name="like">A tensor with the type and device to use.</param>
    public static RecurrentState Zero(ModelConfig config, long batchSize, Tensor like)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(like);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        Tensor Zeros(long size) => zeros([config.NumLayers * config.NumDirections, batchSize, size], like.dtype, like.device);
        Tensor? memory = config.Attention is null ? null : zeros([1, batchSize, config.OutputSize], like.dtype, like.device);
        return new RecurrentState(Zeros(config.NumHiddens), config.HasCellState ? Zeros(config.CellSize) : null, memory);
    }

    /// <summary>The same values, detached from the graph, so that backpropagation through time stops here.</summary>
    public RecurrentState Detach() => Map(tensor => tensor.detach());

    /// <summary>Moves the state from its dispose scope to the enclosing one, and returns it.</summary>
    public RecurrentState MoveToOuterDisposeScope() => Map(tensor => tensor.MoveToOuterDisposeScope());

    /// <summary>Detaches the state from its dispose scope, and returns it; the caller disposes it.</summary>
    public RecurrentState DetachFromDisposeScope() => Map(tensor => tensor.DetachFromDisposeScope());

    /// <summary>Returns a state made by applying a function to each tensor.</summary>
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
