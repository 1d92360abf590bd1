namespace CharLM.Training;

/// <summary>Computes the loss of minibatches and the gradients of a model's weights; keeps the state between them.</summary>
internal interface ILearner : IDisposable
{
    /// <summary>What the gradients are for.</summary>
    IUpdate Update { get; }

    /// <summary>Forgets the state: the next minibatch begins at zero.</summary>
    void ResetState();

    /// <summary>Learns one minibatch: afterwards the gradients are those of its mean loss, and the state is that after it.</summary>
    /// <param name="inputs">Token ids [batch, steps].</param>
    /// <param name="targets">What follows them.</param>
    /// <param name="batch">Rows.</param>
    /// <param name="steps">Tokens of a row.</param>
    /// <param name="dropoutKey">Decides what dropout drops.</param>
    /// <param name="gradientScales">
    /// What the gradient of the state is multiplied by where it passes from a step to the one before, [steps]; empty: 1.
    /// </param>
    /// <returns>Mean cross-entropy, nats a token.</returns>
    double Learn(ReadOnlySpan<long> inputs, ReadOnlySpan<long> targets, int batch, int steps, ulong dropoutKey, ReadOnlySpan<float> gradientScales);

    /// <summary>The state that is carried to the next minibatch, copied.</summary>
    CarriedState CopyState();

    /// <summary>Goes on from a state.</summary>
    /// <param name="batch">Rows of a minibatch.</param>
    /// <param name="state">Of as many rows.</param>
    void SetState(int batch, CarriedState state);
}
