using CharLM.Models;

namespace CharLM.Evaluation;

/// <summary>Reads a text in rows side by side and writes down what each token surprised, in the order of the text.</summary>
internal static class RowReader
{
    /// <summary>Reads a text.</summary>
    /// <param name="predictor">Reads it.</param>
    /// <param name="vocabSize">Tokens of its vocab.</param>
    /// <param name="tokens">Token ids, 2 or more.</param>
    /// <param name="config">Rows, steps, what is read before a row, and where the state begins anew.</param>
    /// <param name="nats">Receives the surprise of each token but the first.</param>
    /// <param name="guesses">Receives what was expected in its place; empty: not asked for.</param>
    /// <param name="cancellationToken">Looked at before each call.</param>
    public static void Read(
        IPredictor predictor, int vocabSize, ReadOnlySpan<int> tokens, EvaluationConfig config, Span<float> nats, Span<Guess> guesses, CancellationToken cancellationToken)
    {
        int targets = tokens.Length - 1, every = config.ResetEvery;
        if (every == 0)
        {
            int rows = config.RowsOf(targets), rowLength = targets / rows;
            // The first row has nothing before it, and begins at zero.
            int alone = config.WarmUp > 0 && rows > 1 ? 1 : 0;
            ReadRows(predictor, tokens, new Rows(0, alone, rowLength), 0, nats, guesses);
            ReadRows(predictor, tokens, new Rows(alone * rowLength, rows - alone, rowLength), config.WarmUp, nats, guesses);
            // What does not fill the rows evenly is a last, short row of its own.
            ReadRows(predictor, tokens, new Rows(rows * rowLength, 1, targets - (rows * rowLength)), config.WarmUp, nats, guesses);
            return;
        }
        // Where the state begins anew, a row is what lies between.
        int whole = targets / every;
        for (int row = 0; row < whole; row += config.Rows)
            ReadRows(predictor, tokens, new Rows(row * every, Math.Min(config.Rows, whole - row), every), 0, nats, guesses);
        ReadRows(predictor, tokens, new Rows(whole * every, 1, targets - (whole * every)), 0, nats, guesses);

        void ReadRows(IPredictor predictor, ReadOnlySpan<int> tokens, Rows rows, int warmUp, Span<float> nats, Span<Guess> guesses)
        {
            if (rows.Count == 0 || rows.Length == 0)
                return;
            predictor.Begin(rows.Count);
            WarmUp(predictor, tokens, rows, Math.Min(warmUp, rows.Begin), config.NumSteps, vocabSize);
            Measure(predictor, tokens, rows, config.NumSteps, nats, guesses, cancellationToken);
        }
    }

    // What stands before each row, without measuring it.
    private static void WarmUp(IPredictor predictor, ReadOnlySpan<int> tokens, Rows rows, int warmUp, int numSteps, int vocabSize)
    {
        var logits = new float[warmUp == 0 ? 0 : rows.Count * vocabSize];
        var inputs = new long[rows.Count * Math.Min(numSteps, warmUp)];
        for (int from = -warmUp; from < 0; from += numSteps)
        {
            int steps = Math.Min(numSteps, -from), some = rows.Count * steps;
            for (int i = 0; i < some; i++)
                inputs[i] = tokens[rows.PlaceOf(i, from, steps)];
            predictor.Predict(inputs.AsSpan(0, some), steps, logits);
        }
    }

    private static void Measure(
        IPredictor predictor, ReadOnlySpan<int> tokens, Rows rows, int numSteps, Span<float> nats, Span<Guess> guesses, CancellationToken cancellationToken)
    {
        int most = rows.Count * Math.Min(numSteps, rows.Length);
        var inputs = new long[most];
        var targets = new long[most];
        var someNats = new float[most];
        var someGuesses = new Guess[guesses.IsEmpty ? 0 : most];
        for (int from = 0; from < rows.Length; from += numSteps)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int steps = Math.Min(numSteps, rows.Length - from), some = rows.Count * steps;
            for (int i = 0; i < some; i++)
            {
                int place = rows.PlaceOf(i, from, steps);
                (inputs[i], targets[i]) = (tokens[place], tokens[place + 1]);
            }
            predictor.Score(inputs.AsSpan(0, some), targets.AsSpan(0, some), steps, someNats.AsSpan(0, some), guesses.IsEmpty ? default : someGuesses.AsSpan(0, some));
            for (int i = 0; i < some; i++)
            {
                int place = rows.PlaceOf(i, from, steps);
                nats[place] = someNats[i];
                if (!guesses.IsEmpty)
                    guesses[place] = someGuesses[i];
            }
        }
    }

    // Rows of one length, one after the other in the text.
    private readonly record struct Rows(int Begin, int Count, int Length)
    {
        // Where entry i of [rows, steps] stands in the text, when the rows are read from a step on.
        public int PlaceOf(int i, int from, int steps) => Begin + (i / steps * Length) + from + (i % steps);
    }
}
