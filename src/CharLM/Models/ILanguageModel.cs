namespace CharLM.Models;

/// <summary>What predicts the next token of a text: a recurrent network, or counted n-grams.</summary>
/// <remarks>
/// Thread safety: any number of threads may read with it at once. One trainer may change it; who reads while a step is learned, and who
/// uses it after it is disposed, gets an exception. Weights that are changed by other means (<c>load_state_dict</c>, <c>to</c>, an
/// optimizer of your own) are yours to guard.
/// </remarks>
public interface ILanguageModel : IDisposable
{
    /// <summary>Tokens of the vocab.</summary>
    int VocabSize { get; }

    /// <summary>
    /// Whether what it expects depends on what comes later, as in a bidirectional model: a text is then read whole, and no state
    /// is carried; default false.
    /// </summary>
    bool ReadsAhead => false;

    /// <summary>Reads text without gradients, by whatever computes this model best.</summary>
    IPredictor Predictor();
}

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
/// <para>All methods throw <see cref="ObjectDisposedException"/> when the predictor or its model is disposed, and, but for
/// <see cref="Begin"/>,
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
    void Score(ReadOnlySpan<int> inputs, ReadOnlySpan<int> targets, int steps, Span<float> nats, Span<TopPrediction> guesses = default);

    /// <summary>Reads on, and gives what is expected next.</summary>
    /// <param name="inputs">Token ids [rows, steps].</param>
    /// <param name="steps">Tokens of a row.</param>
    /// <param name="logits">Receives the logits after the last step of each row, [rows, vocab].</param>
    /// <exception cref="ArgumentException">A length is not that of rows and steps, or an id none of the vocab's.</exception>
    void Predict(ReadOnlySpan<int> inputs, int steps, Span<float> logits);

    /// <summary>
    /// Gives the rows other states: there are as many as <paramref name="rows"/> has entries from now on, and row i goes on
    /// from where row <c>rows[i]</c> was. A row may go on in several, or in none.
    /// </summary>
    /// <param name="rows">1 or more, each one of the rows that there were.</param>
    /// <exception cref="ArgumentOutOfRangeException">There was no such row.</exception>
    void Rearrange(ReadOnlySpan<int> rows);
}

/// <summary>The token that a model expected most, or one of those.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
/// <param name="Token">Its id; the lowest one where several are equally probable.</param>
/// <param name="Probability">How probable the model held it, in (0, 1].</param>
public readonly record struct TopPrediction(int Token, float Probability)
{
    /// <summary>The guess of logits, when the surprise of one token is known already.</summary>
    /// <param name="logits">One value a token.</param>
    /// <param name="target">The token.</param>
    /// <param name="nats">Its surprise, in nats: log sum exp(logits) - logit.</param>
    internal static TopPrediction Of(ReadOnlySpan<float> logits, int target, float nats)
    {
        int best = 0;
        for (int id = 1; id < logits.Length; id++)
        {
            if (logits[id] > logits[best])
                best = id;
        }
        return new TopPrediction(best, Math.Min(1, (float)Math.Exp((double)logits[best] - logits[target] - nats)));
    }
}
