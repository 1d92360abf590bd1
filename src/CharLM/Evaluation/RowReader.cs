using CharLM.Batching;
using CharLM.Models;
using CharLM.Tokenization;

namespace CharLM.Evaluation;

/// <summary>Reads a text in rows side by side and records the surprisal of each token, in the order of the text.</summary>
internal static class RowReader
{
    private const int WindowsAtOnce = 256;

    // A model that reads ahead holds a whole row at once; two bidirectional layers of 256 units need 12 KB per token.
    private const int MostAtOnce = 1 << 18;

    /// <summary>Reads a text.</summary>
    /// <param name="predictor">The predictor that reads it.</param>
    /// <param name="model">The predictor's model.</param>
    /// <param name="tokens">Token ids, 2 or more.</param>
    /// <param name="config">Rows, steps, warm-up and resets; or windows, or documents.</param>
    /// <param name="nats">Receives the surprisal of each token but the first; with windows, of each token of each window.</param>
    /// <param name="guesses">Receives the most probable token at each position; empty: not requested.</param>
    /// <param name="cancellationToken">Checked before each call.</param>
    public static void Read(
        IPredictor predictor, ILanguageModel model, TokenSource tokens, EvaluationConfig config, Span<float> nats,
        Span<TopPrediction> guesses, CancellationToken cancellationToken)
    {
        if (config.EndId is { } endId)
        {
            ReadDocuments(predictor, tokens, config, endId, nats, guesses, cancellationToken);
            return;
        }
        if (config.WindowLength > 0)
        {
            ReadWindows(predictor, tokens, config.WindowLength, nats, guesses, cancellationToken);
            return;
        }
        int targets = nats.Length, every = config.ResetEvery;
        if (every == 0)
        {
            int rows = config.RowsOf(targets), rowLength = targets / rows;
            // The first row has nothing to warm up on. It begins when the others have, or is read by itself, which takes much longer.
            int first = config.WarmUp > 0 && rows > 1 ? 1 : 0;
            bool joins = first > 0 && !model.ReadsAhead && predictor is Predictor { HasIndependentRows: true };
            if (!joins)
                ReadRows(tokens, new Rows(0, first, rowLength), 0, nats, guesses);
            ReadRows(tokens, new Rows(first * rowLength, rows - first, rowLength), config.WarmUp, nats, guesses, joins);
            // The remainder is a last, short row of its own.
            ReadRows(tokens, new Rows(rows * rowLength, 1, targets - (rows * rowLength)), config.WarmUp, nats, guesses);
            return;
        }
        // With resets, a row runs from one reset to the next.
        int whole = targets / every;
        for (int row = 0; row < whole; row += config.Rows)
            ReadRows(tokens, new Rows(row * every, Math.Min(config.Rows, whole - row), every), 0, nats, guesses);
        ReadRows(tokens, new Rows(whole * every, 1, targets - (whole * every)), 0, nats, guesses);

        void ReadRows(
            TokenSource tokens, Rows rows, int warmUp, Span<float> nats, Span<TopPrediction> guesses, bool firstJoins = false)
        {
            if (rows.Count == 0 || rows.Length == 0)
                return;
            warmUp = Math.Min(warmUp, rows.Begin);
            if (model.ReadsAhead)
            {
                ReadWhole(predictor, tokens, rows, warmUp, nats, guesses, cancellationToken);
                return;
            }
            predictor.Begin(rows.Count);
            WarmUp(predictor, tokens, rows, warmUp, config.NumSteps, model.VocabSize, cancellationToken);
            if (firstJoins)
            {
                predictor.Rearrange([Predictor.NewRow, .. Enumerable.Range(0, rows.Count)]);
                rows = new Rows(0, rows.Count + 1, rows.Length);
            }
            Measure(predictor, tokens, rows, config.NumSteps, nats, guesses, cancellationToken);
        }
    }

    /// <summary>The most tokens that a model that reads ahead can read in one call, checked against a row.</summary>
    /// <exception cref="InvalidConfigException">The row is too long.</exception>
    public static int LongestWhole(int rowLength) => rowLength <= MostAtOnce
        ? MostAtOnce
        : throw new InvalidConfigException(
            [$"a bidirectional model reads a whole row at once, at most {MostAtOnce} tokens, but this row has {rowLength}: take more "
                + "rows, or fewer tokens"]);

    // Each row in one call, together with its warm-up: a state cannot be carried from both ends.
    private static void ReadWhole(
        IPredictor predictor, TokenSource tokens, Rows rows, int warmUp, Span<float> nats, Span<TopPrediction> guesses,
        CancellationToken cancellationToken)
    {
        int steps = warmUp + rows.Length, atOnce = LongestWhole(steps) / steps;
        for (int row = 0; row < rows.Count; row += atOnce)
        {
            var some = new Rows(rows.Begin + (row * rows.Length), Math.Min(atOnce, rows.Count - row), rows.Length);
            predictor.Begin(some.Count);
            Measure(predictor, tokens, some, steps, nats, guesses, cancellationToken, warmUp);
        }
    }

    // Documents of similar length side by side; padding after a shorter one is not measured.
    private static void ReadDocuments(
        IPredictor predictor, TokenSource tokens, EvaluationConfig config, int endId, Span<float> nats, Span<TopPrediction> guesses,
        CancellationToken cancellationToken)
    {
        DocumentPart[] documents = [.. DocumentList.Of(tokens, endId).OrderBy(document => document.Length)];
        if (documents.Length == 0)
            return;
        int most = checked(Math.Min(config.Rows, documents.Length) * (int)Math.Min(config.NumSteps, documents[^1].Length));
        int[] inputs = new int[most], targets = new int[most];
        var someNats = new float[most];
        var someGuesses = new TopPrediction[guesses.IsEmpty ? 0 : most];
        foreach (DocumentPart[] rows in documents.Chunk(config.Rows))
        {
            predictor.Begin(rows.Length);
            for (long from = 0; from < rows[^1].Length; from += config.NumSteps)
            {
                cancellationToken.ThrowIfCancellationRequested();
                int steps = (int)Math.Min(config.NumSteps, rows[^1].Length - from), some = rows.Length * steps;
                inputs.AsSpan(0, some).Fill(endId);
                targets.AsSpan(0, some).Fill(endId);
                for (int row = 0; row < rows.Length; row++)
                {
                    if (Count(rows[row]) is var count and > 0)
                        tokens.CopyWindow(rows[row].Begin + from, inputs.AsSpan(row * steps, count), targets.AsSpan(row * steps, count));
                }
                predictor.Score(inputs.AsSpan(0, some), targets.AsSpan(0, some), steps, someNats.AsSpan(0, some),
                    guesses.IsEmpty ? default : someGuesses.AsSpan(0, some));
                for (int row = 0; row < rows.Length; row++)
                {
                    if (Count(rows[row]) is not (var count and > 0))
                        continue;
                    int place = (int)(rows[row].Begin + from);
                    someNats.AsSpan(row * steps, count).CopyTo(nats[place..]);
                    if (!guesses.IsEmpty)
                        someGuesses.AsSpan(row * steps, count).CopyTo(guesses[place..]);
                }

                int Count(DocumentPart document) => (int)Math.Min(steps, document.Length - from);
            }
        }
    }

    private static void ReadWindows(
        IPredictor predictor, TokenSource tokens, int length, Span<float> nats, Span<TopPrediction> guesses,
        CancellationToken cancellationToken)
    {
        var inputs = new int[WindowsAtOnce * length];
        var targets = new int[WindowsAtOnce * length];
        int windows = nats.Length / length;
        for (int from = 0; from < windows; from += WindowsAtOnce)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int some = Math.Min(WindowsAtOnce, windows - from) * length;
            for (int i = 0; i < some; i += length)
                tokens.CopyWindow(from + (i / length), inputs.AsSpan(i, length), targets.AsSpan(i, length));
            predictor.Begin(some / length);
            predictor.Score(
                inputs.AsSpan(0, some), targets.AsSpan(0, some), length, nats.Slice(from * length, some),
                guesses.IsEmpty ? default : guesses.Slice(from * length, some));
        }
    }

    // Reads the tokens before each row without measuring them.
    private static void WarmUp(
        IPredictor predictor, TokenSource tokens, Rows rows, int warmUp, int numSteps, int vocabSize, CancellationToken cancellationToken)
    {
        var logits = new float[warmUp == 0 ? 0 : rows.Count * vocabSize];
        var inputs = new int[rows.Count * Math.Min(numSteps, warmUp)];
        for (int from = -warmUp; from < 0; from += numSteps)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int steps = Math.Min(numSteps, -from), some = rows.Count * steps;
            for (int row = 0; row < rows.Count; row++)
                tokens.CopyTo(rows.PlaceOf(row, from), inputs.AsSpan(row * steps, steps));
            predictor.Predict(inputs.AsSpan(0, some), steps, logits);
        }
    }

    // The first `before` tokens, which precede each row, are read but not measured.
    private static void Measure(
        IPredictor predictor, TokenSource tokens, Rows rows, int numSteps, Span<float> nats, Span<TopPrediction> guesses,
        CancellationToken cancellationToken, int before = 0)
    {
        int most = rows.Count * Math.Min(numSteps, before + rows.Length);
        var inputs = new int[most];
        var targets = new int[most];
        var someNats = new float[most];
        var someGuesses = new TopPrediction[guesses.IsEmpty ? 0 : most];
        for (int from = -before; from < rows.Length; from += numSteps)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int steps = Math.Min(numSteps, rows.Length - from), some = rows.Count * steps;
            for (int row = 0; row < rows.Count; row++)
                tokens.CopyWindow(rows.PlaceOf(row, from), inputs.AsSpan(row * steps, steps), targets.AsSpan(row * steps, steps));
            predictor.Score(inputs.AsSpan(0, some), targets.AsSpan(0, some), steps, someNats.AsSpan(0, some),
                guesses.IsEmpty ? default : someGuesses.AsSpan(0, some));
            int unmeasured = Math.Clamp(-from, 0, steps);
            for (int row = 0; row < rows.Count; row++)
            {
                int place = rows.PlaceOf(row, from + unmeasured), begin = (row * steps) + unmeasured, count = steps - unmeasured;
                someNats.AsSpan(begin, count).CopyTo(nats[place..]);
                if (!guesses.IsEmpty)
                    someGuesses.AsSpan(begin, count).CopyTo(guesses[place..]);
            }
        }
    }

    // Rows of equal length, one after the other in the text.
    private readonly record struct Rows(int Begin, int Count, int Length)
    {
        // The position in the text of a step of a row.
        public int PlaceOf(int row, int step) => Begin + (row * Length) + step;
    }
}
