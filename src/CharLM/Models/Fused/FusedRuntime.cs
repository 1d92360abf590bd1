using CharLM.Models.Fused.Threads;

namespace CharLM.Models.Fused;

/// <summary>A model that the kernels compute as a whole.</summary>
internal interface IFusedModel : ILanguageModel
{
    /// <summary>The configuration of the model.</summary>
    ModelConfig Config { get; }

    /// <summary>Tracks who is using the model.</summary>
    ModelAccess Access { get; }

    /// <summary>The kernels' weights and threads; another object when the weights have moved.</summary>
    FusedRuntime Fused { get; }
}

/// <summary>The fused implementation's resources for a model: its weights as raw memory, and the threads.</summary>
/// <param name="weights">The weights; disposed with this object.</param>
/// <param name="threads">Threads; 0: chosen by measuring.</param>
internal sealed class FusedRuntime(FusedWeights weights, int threads) : IDisposable
{
    /// <summary>The weights as raw memory.</summary>
    public FusedWeights Weights { get; } = weights;

    /// <summary>The threads.</summary>
    public Workers Workers { get; } = new(threads);

    /// <inheritdoc/>
    public void Dispose()
    {
        Workers.Dispose();
        Weights.Dispose();
    }
}
