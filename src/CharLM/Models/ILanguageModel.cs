using System.Numerics;
using System.Runtime.InteropServices;

namespace CharLM.Models;

/// <summary>A model that predicts the next token of a text: a recurrent network or n-grams.</summary>
/// <remarks>
/// Thread safety: any number of threads may predict with it at once. One trainer may change it; using the model during a training step
/// or after it is disposed throws. If you change weights by other means (<c>load_state_dict</c>, <c>to</c>, an optimizer of your own), see
/// to it that no other thread uses the model meanwhile.
/// </remarks>
public interface ILanguageModel : IDisposable
{
    /// <summary>Number of tokens in the vocab.</summary>
    int VocabSize { get; }

    /// <summary>
    /// Whether predictions depend on later tokens, as in a bidirectional model. Texts are then read whole, and no state is carried.
    /// Default false.
    /// </summary>
    bool ReadsAhead => false;

    /// <summary>
    /// Creates a predictor, which reads text without gradients, with the fastest implementation for this model; the caller disposes it.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="InvalidOperationException">The model is being trained.</exception>
    IPredictor Predictor();
}

/// <summary>
/// Reads rows of text side by side and predicts the next tokens, without gradients; the state carries over from call to call.
/// </summary>
/// <remarks>
/// <para>
/// Thread safety: one thread at a time per predictor; any number of predictors may use one model at once. Calls throw while the model
/// is being trained and once it is disposed.
/// </para>
/// <para>
/// <see cref="Begin"/> picks up weights changed by training, <c>load_state_dict</c> or <c>to</c>. After training by the toolkit, a
/// predictor throws until <see cref="Begin"/> is called; after any other change, it may or may not keep using the old weights.
/// </para>
/// <para>All methods throw <see cref="ObjectDisposedException"/> when the predictor or its model is disposed, and
/// <see cref="InvalidOperationException"/> during another call, while the model is being trained, and, except for
/// <see cref="Begin"/>, before <see cref="Begin"/>.</para>
/// </remarks>
public interface IPredictor : IDisposable
{
    /// <summary>Starts over with a number of rows and a zero state.</summary>
    /// <param name="rows">Number of rows, 1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are no rows.</exception>
    void Begin(int rows);

    /// <summary>Reads the next tokens and measures the surprisal of each target.</summary>
    /// <param name="inputs">Token ids [rows, steps].</param>
    /// <param name="targets">The tokens that follow them, [rows, steps].</param>
    /// <param name="steps">Tokens per row.</param>
    /// <param name="nats">Receives -ln p(target) in nats, [rows, steps].</param>
    /// <param name="guesses">Receives the most probable token of each step, [rows, steps]; default empty: not wanted.</param>
    /// <exception cref="ArgumentException">A length does not match rows and steps, or an id is not in the vocab.</exception>
    void Score(ReadOnlySpan<int> inputs, ReadOnlySpan<int> targets, int steps, Span<float> nats, Span<TopPrediction> guesses = default);

    /// <summary>Reads the next tokens and predicts the ones after them.</summary>
    /// <param name="inputs">Token ids [rows, steps].</param>
    /// <param name="steps">Tokens per row.</param>
    /// <param name="logits">Receives the logits after the last step of each row, [rows, vocab].</param>
    /// <exception cref="ArgumentException">A length does not match rows and steps, or an id is not in the vocab.</exception>
    void Predict(ReadOnlySpan<int> inputs, int steps, Span<float> logits);

    /// <summary>
    /// Rearranges the states of the rows: row i continues from the old row <c>rows[i]</c>, and there are now as many rows as
    /// <paramref name="rows"/> has entries. An old row may continue in several rows or in none.
    /// </summary>
    /// <param name="rows">Indices of old rows, 1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row.</exception>
    void Rearrange(ReadOnlySpan<int> rows);
}

/// <summary>A token with its predicted probability, such as the most probable token.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
/// <param name="Token">Its id; on a tie the lowest.</param>
/// <param name="Probability">The model's probability, in (0, 1].</param>
public readonly record struct TopPrediction(int Token, float Probability)
{
    /// <summary>The most probable token, given the surprisal of one token.</summary>
    /// <param name="logits">One value per token.</param>
    /// <param name="target">The token with known surprisal.</param>
    /// <param name="nats">Its surprisal, in nats: log sum exp(logits) - logit.</param>
    internal static TopPrediction Of(ReadOnlySpan<float> logits, int target, float nats)
    {
        int best = Greatest(logits);
        return new TopPrediction(best, Math.Min(1, (float)Math.Exp((double)logits[best] - logits[target] - nats)));
    }

    // The first of the greatest: vectors find its value, then its place.
    private static int Greatest(ReadOnlySpan<float> logits)
    {
        ReadOnlySpan<Vector<float>> vectors = MemoryMarshal.Cast<float, Vector<float>>(logits);
        var most = new Vector<float>(logits[0]);
        foreach (Vector<float> vector in vectors)
            most = Vector.Max(most, vector);
        float greatest = logits[0];
        for (int lane = 0; lane < Vector<float>.Count; lane++)
            greatest = MathF.Max(greatest, most[lane]);
        foreach (float logit in logits[(vectors.Length * Vector<float>.Count)..])
            greatest = MathF.Max(greatest, logit);
        var sought = new Vector<float>(greatest);
        for (int vector = 0; vector < vectors.Length; vector++)
        {
            if (!Vector.EqualsAny(vectors[vector], sought))
                continue;
            int id = vector * Vector<float>.Count;
            while (logits[id] != greatest)
                id++;
            return id;
        }
        // Also reached when the logits are not numbers.
        return Math.Max(0, logits.IndexOf(greatest));
    }
}
