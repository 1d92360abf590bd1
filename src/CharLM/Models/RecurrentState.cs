using static TorchSharp.torch;

namespace CharLM.Models;

/// <summary>What a recurrent layer remembers from one step to the next.</summary>
/// <remarks>Thread safety: any number of threads may read its tensors; one disposes it when nobody else uses it.</remarks>
/// <param name="Hidden">The hidden state, [layers * directions, batch, hidden]: forward and backward of layer 0, of layer 1, and so on.</param>
/// <param name="Cell">The cell state of an LSTM, in the same shape and order; null for other cells.</param>
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
        long[] shape = [config.NumLayers * config.NumDirections, batchSize, config.NumHiddens];
        Tensor Zeros() => zeros(shape, like.dtype, like.device);
        Tensor? memory = config.Attention is null ? null : zeros([1, batchSize, config.OutputSize], like.dtype, like.device);
        return new RecurrentState(Zeros(), config.HasCellState ? Zeros() : null, memory);
    }

    /// <summary>The same values without their history: where backpropagation through time is cut.</summary>
    public RecurrentState Detach() => new(Hidden.detach(), Cell?.detach(), Memory?.detach());

    /// <summary>Lets the state outlive the dispose scope that it was made in.</summary>
    public RecurrentState MoveToOuterDisposeScope()
    {
        Hidden.MoveToOuterDisposeScope();
        Cell?.MoveToOuterDisposeScope();
        Memory?.MoveToOuterDisposeScope();
        return this;
    }

    /// <summary>Takes the state out of every dispose scope: its holder disposes it.</summary>
    public RecurrentState DetachFromDisposeScope()
    {
        Hidden.DetachFromDisposeScope();
        Cell?.DetachFromDisposeScope();
        Memory?.DetachFromDisposeScope();
        return this;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Hidden.Dispose();
        Cell?.Dispose();
        Memory?.Dispose();
    }
}
