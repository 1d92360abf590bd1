using static TorchSharp.torch;

namespace CharLM.Batching;

/// <summary>Some rows of text as token ids, and what follows each token. The receiver disposes it.</summary>
/// <remarks>Thread safety: any number of threads may read its tensors; one disposes it when nobody else uses it.</remarks>
/// <param name="Inputs">Token ids, int64 [batch, num_steps].</param>
/// <param name="Targets">The ids that follow them: the inputs shifted by one, int64 [batch, num_steps].</param>
public sealed record Minibatch(Tensor Inputs, Tensor Targets) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        Inputs.Dispose();
        Targets.Dispose();
    }
}
