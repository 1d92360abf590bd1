namespace CharLM.Training;

/// <summary>What one minibatch told.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
/// <param name="Epoch">Which epoch, from 1.</param>
/// <param name="Batch">Which minibatch of it, from 1.</param>
/// <param name="NumBatches">Minibatches of the epoch.</param>
/// <param name="Loss">Mean cross-entropy, nats a token.</param>
/// <param name="GradientNorm">Global norm of the gradients before clipping.</param>
public readonly record struct StepReport(int Epoch, int Batch, int NumBatches, double Loss, double GradientNorm);
