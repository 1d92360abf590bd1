namespace CharLM.Models;

/// <summary>
/// Reads rows of text side by side and tells what it expects next, without gradients; the state goes on from call to call.
/// </summary>
/// <remarks>
/// <para>
/// Thread safety: one thread at a time for each predictor; any number of predictors may read one model at once. While the model learns,
/// or once it is disposed, a call throws.
/// </para>
/// <para>
/// <see cref="Begin"/> sees weights that have changed, by training, <c>load_state_dict</c> or <c>to</c>. After training by the toolkit
/// a predictor throws until it begins anew; after a change by other hands it is undefined whether it goes on with the old weights.
/// </para>
/// <para>All methods throw <see cref="ObjectDisposedException"/> when the predictor or its model is disposed, and, but for <see cref="Begin"/>,
/// <see cref="InvalidOperationException"/> before <see cref="Begin"/>; so they do when another call goes on or the model learns.</para>
/// </remarks>
public interface IPredictor : IDisposable
{
    /// <summary>Starts anew: so many rows, their state zero.</summary>
    /// <param name="rows">1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are no rows.</exception>
    void Begin(int rows);

    /// <summary>Reads on, and measures how much each token surprises.</summary>
    /// <param name="inputs">Token ids [rows, steps].</param>
    /// <param name="targets">What follows them, [rows, steps].</param>
    /// <param name="steps">Tokens of a row.</param>
    /// <param name="nats">Receives -ln p(target), [rows, steps].</param>
    /// <param name="guesses">Receives what was expected most, [rows, steps]; empty: not asked for.</param>
    /// <exception cref="ArgumentException">A length is not that of rows and steps, or an id none of the vocab's.</exception>
    void Score(ReadOnlySpan<long> inputs, ReadOnlySpan<long> targets, int steps, Span<float> nats, Span<Guess> guesses = default);

    /// <summary>Reads on, and gives what is expected next.</summary>
    /// <param name="inputs">Token ids [rows, steps].</param>
    /// <param name="steps">Tokens of a row.</param>
    /// <param name="logits">Receives the logits after the last step of each row, [rows, vocab].</param>
    /// <exception cref="ArgumentException">A length is not that of rows and steps, or an id none of the vocab's.</exception>
    void Predict(ReadOnlySpan<long> inputs, int steps, Span<float> logits);

    /// <summary>
    /// Gives the rows other states: there are as many as <paramref name="rows"/> has entries from now on, and row i goes on
    /// from where row <c>rows[i]</c> was. A row may go on in several, or in none.
    /// </summary>
    /// <param name="rows">1 or more, each one of the rows that there were.</param>
    /// <exception cref="ArgumentOutOfRangeException">There was no such row.</exception>
    void Rearrange(ReadOnlySpan<int> rows);
}
