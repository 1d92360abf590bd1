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
    /// <param name="guesses">Receives what was expected most, [rows, steps]; empty: not asked for.</param>
    void Score(ReadOnlySpan<long> inputs, ReadOnlySpan<long> targets, int steps, Span<float> nats, Span<Guess> guesses = default);

    /// <summary>Reads on, and gives what is expected next.</summary>
    /// <param name="inputs">Token ids [rows, steps].</param>
    /// <param name="steps">Tokens of a row.</param>
    /// <param name="logits">Receives the logits after the last step of each row, [rows, vocab].</param>
    void Predict(ReadOnlySpan<long> inputs, int steps, Span<float> logits);

    /// <summary>
    /// Gives the rows other states: there are as many as <paramref name="rows"/> has entries from now on, and row i goes on
    /// from where row <c>rows[i]</c> was. A row may go on in several, or in none.
    /// </summary>
    /// <param name="rows">1 or more, each one of the rows that there were.</param>
    /// <exception cref="ArgumentOutOfRangeException">There was no such row.</exception>
    void Rearrange(ReadOnlySpan<int> rows);
}
