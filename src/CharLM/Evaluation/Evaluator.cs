using CharLM.Models;

namespace CharLM.Evaluation;

/// <summary>Measures a model on a text.</summary>
public static class Evaluator
{
    /// <summary>
    /// Predicts every token of a text but the first. The text is cut into rows that are read side by side, each with
    /// its state carried from beginning to end; only the first token of a row is predicted without context.
    /// </summary>
    /// <param name="model">The model; its training mode is restored.</param>
    /// <param name="tokens">Token ids, 2 or more.</param>
    /// <param name="rows">Rows that are read side by side; fewer when the text is short. 1 gives every token all context.</param>
    /// <param name="numSteps">Tokens of a row that are read in one call; does not change the result.</param>
    /// <param name="cancellationToken">Looked at before each call.</param>
    /// <exception cref="ArgumentException">The text has fewer than 2 tokens.</exception>
    public static Nats Measure(ILanguageModel model, ReadOnlyMemory<int> tokens, int rows = 32, int numSteps = 64, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rows);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(numSteps);
        if (tokens.Length < 2)
            throw new ArgumentException($"a text of {tokens.Length} tokens has nothing to predict", nameof(tokens));

        using IPredictor predictor = model.Predictor();
        int targets = tokens.Length - 1;
        rows = Math.Min(rows, targets);
        int rowLength = targets / rows;
        Nats nats = MeasureRows(predictor, tokens.Span, rows, rowLength, numSteps, cancellationToken);
        // What does not fill the rows evenly is a last, short row of its own.
        ReadOnlySpan<int> rest = tokens.Span[(rows * rowLength)..];
        return rest.Length > 1 ? nats + MeasureRows(predictor, rest, 1, rest.Length - 1, numSteps, cancellationToken) : nats;
    }

    /// <summary>
    /// Predicts every token of windows that overlap: window i begins at token i, and its state at zero (Dive into Deep Learning
    /// v1.0's validation).
    /// </summary>
    /// <param name="model">The model; its training mode is restored.</param>
    /// <param name="tokens">Token ids, numWindows + numSteps of them.</param>
    /// <param name="numWindows">Windows, 1 or more.</param>
    /// <param name="numSteps">Tokens of a window.</param>
    /// <param name="cancellationToken">Looked at before each call.</param>
    /// <exception cref="ArgumentException">The text has fewer windows.</exception>
    public static Nats MeasureWindows(ILanguageModel model, ReadOnlyMemory<int> tokens, int numWindows, int numSteps, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(numWindows);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(numSteps);
        if (tokens.Length < numWindows + numSteps)
            throw new ArgumentException($"a text of {tokens.Length} tokens has no {numWindows} windows of {numSteps}", nameof(tokens));
        const int WindowsAtOnce = 256;
        using IPredictor predictor = model.Predictor();
        var inputs = new long[WindowsAtOnce * numSteps];
        var targets = new long[WindowsAtOnce * numSteps];
        var nats = new float[WindowsAtOnce * numSteps];
        double total = 0;
        for (int from = 0; from < numWindows; from += WindowsAtOnce)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int some = Math.Min(WindowsAtOnce, numWindows - from) * numSteps;
            for (int i = 0; i < some; i++)
            {
                int place = from + (i / numSteps) + (i % numSteps);
                (inputs[i], targets[i]) = (tokens.Span[place], tokens.Span[place + 1]);
            }
            predictor.Begin(some / numSteps);
            predictor.Score(inputs.AsSpan(0, some), targets.AsSpan(0, some), numSteps, nats.AsSpan(0, some));
            for (int i = 0; i < some; i++)
                total += nats[i];
        }
        return new Nats(total, (long)numWindows * numSteps);
    }

    private static Nats MeasureRows(IPredictor predictor, ReadOnlySpan<int> tokens, int rows, int rowLength, int numSteps, CancellationToken cancellationToken)
    {
        predictor.Begin(rows);
        var inputs = new long[rows * numSteps];
        var targets = new long[rows * numSteps];
        var nats = new float[rows * numSteps];
        double total = 0;
        for (int from = 0; from < rowLength; from += numSteps)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int steps = Math.Min(numSteps, rowLength - from);
            for (int row = 0; row < rows; row++)
            {
                for (int step = 0; step < steps; step++)
                {
                    int place = (row * rowLength) + from + step;
                    inputs[(row * steps) + step] = tokens[place];
                    targets[(row * steps) + step] = tokens[place + 1];
                }
            }
            Span<float> some = nats.AsSpan(0, rows * steps);
            predictor.Score(inputs.AsSpan(0, rows * steps), targets.AsSpan(0, rows * steps), steps, some);
            foreach (float value in some)
                total += value;
        }
        return new Nats(total, (long)rows * rowLength);
    }
}
