using System.Diagnostics;
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
        ThrowIfNothing(tokens);
        using IPredictor predictor = model.Predictor();
        var nats = new float[tokens.Length - 1];
        RowReader.Read(predictor, model.VocabSize, tokens.Span, new EvaluationConfig { Rows = rows, NumSteps = numSteps, WarmUp = 0 }, nats, guesses: default, cancellationToken);
        double total = 0;
        foreach (float value in nats)
            total += value;
        return new Nats(total, nats.Length);
    }

    /// <summary>Measures everything that a report tells of a model on a text.</summary>
    /// <param name="model">The model; its training mode is restored.</param>
    /// <param name="text">The text.</param>
    /// <param name="name">What the model is called in the report.</param>
    /// <param name="config">How the text is read; default the defaults.</param>
    /// <param name="cancellationToken">Looked at before each call.</param>
    /// <exception cref="InvalidConfigException">The configuration has a fault, or the text nothing to predict.</exception>
    public static EvaluationResult Evaluate(
        ILanguageModel model, EvaluationText text, string name, EvaluationConfig? config = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        config ??= new EvaluationConfig();
        long began = Stopwatch.GetTimestamp();
        TokenSurprisals surprisals = Surprisals(model, text.Tokens, config, cancellationToken);
        var report = new EvaluationReport
        {
            Model = name,
            Text = text.Describe(),
            Reading = config.Describe(text.Tokens.Length),
            Known = surprisals.Known,
            Unknown = surprisals.Unknown,
            Characters = text.Characters,
            Bytes = text.Bytes,
            Accuracy = surprisals.Accuracy,
            CalibrationError = CalibrationError.Of(surprisals.Targets.Span, surprisals.Guesses.Span),
            MeanInterval = BlockBootstrap.OfMean(surprisals.Nats.Span, config.BootstrapSamples, config.Seed, config.BlockLength),
            Seconds = Stopwatch.GetElapsedTime(began).TotalSeconds,
        };
        return new EvaluationResult(report, surprisals);
    }

    /// <summary>Measures each token of a text but the first.</summary>
    /// <param name="model">The model; its training mode is restored.</param>
    /// <param name="tokens">Token ids, 2 or more.</param>
    /// <param name="config">How the text is read; default the defaults.</param>
    /// <param name="cancellationToken">Looked at before each call.</param>
    /// <exception cref="InvalidConfigException">The configuration has a fault.</exception>
    /// <exception cref="ArgumentException">The text has fewer than 2 tokens.</exception>
    public static TokenSurprisals Surprisals(ILanguageModel model, ReadOnlyMemory<int> tokens, EvaluationConfig? config = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        config ??= new EvaluationConfig();
        config.Validate();
        ThrowIfNothing(tokens);
        using IPredictor predictor = model.Predictor();
        var nats = new float[tokens.Length - 1];
        var guesses = new Guess[nats.Length];
        RowReader.Read(predictor, model.VocabSize, tokens.Span, config, nats, guesses, cancellationToken);
        return new TokenSurprisals(tokens[1..], nats, guesses);
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

    private static void ThrowIfNothing(ReadOnlyMemory<int> tokens)
    {
        if (tokens.Length < 2)
            throw new ArgumentException($"a text of {tokens.Length} tokens has nothing to predict", nameof(tokens));
    }
}
