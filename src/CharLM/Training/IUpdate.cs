namespace CharLM.Training;

/// <summary>
/// One way of turning gradients into new weights, clipping included. Frozen weights (<c>requires_grad</c> is false) stay as they are
/// and do not count in the norm.
/// </summary>
/// <remarks>Thread safety: one thread at a time.</remarks>
public interface IUpdate : IDisposable
{
    /// <summary>The step size.</summary>
    double LearningRate { get; set; }

    /// <summary>Forgets the gradients of the step before.</summary>
    void ZeroGradients();

    /// <summary>Holds the gradients to a bound.</summary>
    /// <param name="bound">The bound; 0 never clips.</param>
    /// <param name="kind">How; default all together, by their global norm.</param>
    /// <returns>The global norm before clipping.</returns>
    double Clip(double bound, ClippingKind kind = ClippingKind.Norm);

    /// <summary>Changes the weights.</summary>
    void Step();

    /// <summary>What it has gathered, copied.</summary>
    UpdateState CopyState();

    /// <summary>Goes on from what another one of the same kind and weights has gathered.</summary>
    /// <exception cref="FormatException">It is of another kind, or of other weights.</exception>
    void SetState(UpdateState state);
}
