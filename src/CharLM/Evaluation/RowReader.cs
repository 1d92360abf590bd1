using CharLM.Models;

namespace CharLM.Evaluation;

/// <summary>Reads a text in rows side by side and writes down what each token surprised, in the order of the text.</summary>
internal static class RowReader
{
    /// <summary>Reads a text.</summary>
    /// <param name="predictor">Reads it.</param>
    /// <param name="tokens">Token ids, 2 or more.</param>
    /// <param name="config">Rows, steps, and where the state begins anew.</param>
    /// <param name="nats">Receives the surprise of each token but the first.</param>
    /// <param name="guesses">Receives what was expected in its place; empty: not asked for.</param>
    /// <param name="cancellationToken">Looked at before each call.</param>
    public static void Read(
        IPredictor predictor, ReadOnlySpan<int> tokens, EvaluationConfig config, Span<float> nats, Span<Guess> guesses, CancellationToken cancellationToken)
    {
        int targets = tokens.Length - 1;
        // Where the state begins anew, a row is what lies between; then so many rows after so many.
        long part = config.ResetEvery > 0 ? (long)config.Rows * config.ResetEvery : targets;
        for (long from = 0; from < targets; from += part)
        {
            int begin = (int)from, count = (int)Math.Min(part, targets - from);
            int rows = config.ResetEvery > 0 ? count / config.ResetEvery : Math.Min(config.Rows, count);
            int rowLength = rows == 0 ? 0 : config.ResetEvery > 0 ? config.ResetEvery : count / rows;
            int even = rows * rowLength;
            if (even > 0)
                ReadRows(begin, even, rows, tokens, nats, guesses);
            // What does not fill the rows evenly is a last, short row of its own.
            if (count > even)
                ReadRows(begin + even, count - even, 1, tokens, nats, guesses);
        }

        void ReadRows(int begin, int count, int rows, ReadOnlySpan<int> tokens, Span<float> nats, Span<Guess> guesses) => ReadPart(
            predictor, tokens.Slice(begin, count + 1), rows, config.NumSteps, nats.Slice(begin, count), guesses.IsEmpty ? default : guesses.Slice(begin, count), cancellationToken);
    }

    // Tokens that fill the rows evenly.
    private static void ReadPart(
        IPredictor predictor, ReadOnlySpan<int> tokens, int rows, int numSteps, Span<float> nats, Span<Guess> guesses, CancellationToken cancellationToken)
    {
        int rowLength = nats.Length / rows;
        numSteps = Math.Min(numSteps, rowLength);
        predictor.Begin(rows);
        var inputs = new long[rows * numSteps];
        var targets = new long[rows * numSteps];
        var someNats = new float[rows * numSteps];
        var someGuesses = new Guess[guesses.IsEmpty ? 0 : rows * numSteps];
        for (int from = 0; from < rowLength; from += numSteps)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int steps = Math.Min(numSteps, rowLength - from), some = rows * steps;
            for (int i = 0; i < some; i++)
            {
                int place = (i / steps * rowLength) + from + (i % steps);
                (inputs[i], targets[i]) = (tokens[place], tokens[place + 1]);
            }
            predictor.Score(inputs.AsSpan(0, some), targets.AsSpan(0, some), steps, someNats.AsSpan(0, some), guesses.IsEmpty ? default : someGuesses.AsSpan(0, some));
            for (int i = 0; i < some; i++)
            {
                int place = (i / steps * rowLength) + from + (i % steps);
                nats[place] = someNats[i];
                if (!guesses.IsEmpty)
                    guesses[place] = someGuesses[i];
            }
        }
    }
}
