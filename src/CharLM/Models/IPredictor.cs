namespace CharLM.Models;

/// <summary>
/// Reads rows of text side by side and tells what it expects next, without gradients; the state goes on from call to call.
/// </summary>
public interface IPredictor : IDisposable
{
    /// <summary>Starts anew: so many rows, their state zero.</summary>
    void Begin(int rows);

    /// <summary>Reads on, and measures how much each token surprises.</summary>
    /// <param name="inputs">Token ids [rows, steps].</param>
    /// <param name="targets">What follows them, [rows, steps].</param>
    /// <param name="steps">Tokens of a row.</param>
    /// <param name="nats">Receives -ln p(target), [rows, steps].</param>
    void Score(ReadOnlySpan<long> inputs, ReadOnlySpan<long> targets, int steps, Span<float> nats);

    /// <summary>Reads on, and gives what is expected next.</summary>
    /// <param name="inputs">Token ids [rows, steps].</param>
    /// <param name="steps">Tokens of a row.</param>
    /// <param name="logits">Receives the logits after the last step of each row, [rows, vocab].</param>
    void Predict(ReadOnlySpan<long> inputs, int steps, Span<float> logits);
}
