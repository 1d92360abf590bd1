using CharLM.Models.Fused.Threads;

namespace CharLM.Models.Fused;

/// <summary>The fused implementation's resources for a model: its weights as raw memory, and the threads.</summary>
internal sealed class FusedRuntime : IDisposable
{
    /// <summary>Opens a model.</summary>
    /// <param name="model">The model; the caller owns it.</param>
    /// <param name="threads">Threads; 0: chosen by measuring.</param>
    /// <exception cref="InvalidConfigException">The model is not float32 on the CPU.</exception>
    public FusedRuntime(LanguageModel model, int threads)
    {
        Weights = new RawWeights(model);
        Workers = new Workers(threads);
    }

    /// <summary>The weights as raw memory, shared with torch.</summary>
    public RawWeights Weights { get; }

    /// <summary>The threads.</summary>
    public Workers Workers { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Workers.Dispose();
        Weights.Dispose();
    }
}
