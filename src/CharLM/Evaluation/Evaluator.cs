using System.Diagnostics;
using CharLM.Models;

namespace CharLM.Evaluation;

/// <summary>Measures a model on a text.</summary>
/// <remarks>Thread safety: any number of threads, also with one model.</remarks>
public static class Evaluator
{
    /// <summary>
    /// Predicts every token of a text but the first. The text is cut into rows that are read side by side, each after the
    /// tokens before it (<see cref="EvaluationConfig.WarmUp"/>) and with its state carried from beginning to end.
    /// </summary>
    /// <param name="model">The model; its training mode is restored.</param>
    /// <param name="tokens">Token ids, 2 or more.</param>
    /// <param name="rows">Rows that are read side by side; fewer when the text is short. 1 gives every token all context.</param>
    /// <param name="numSteps">Tokens of a row that are read in one call; does not change the result.</param>
    /// <param name="cancellationToken">Looked at before each call.</param>
    /// <exception cref="InvalidConfigException">Rows or steps are out of range.</exception>
    /// <exception cref="ArgumentException">The text has fewer than 2 tokens.</exception>
    public static Nats Measure(ILanguageModel model, ReadOnlyMemory<int> tokens, int rows = 32, int numSteps = 64,
        CancellationToken cancellationToken = default) =>
        Measure(model, tokens, new EvaluationConfig { Rows = rows, NumSteps = numSteps }, cancellationToken);

    /// <summary>Measures what a model makes of a text, read as a configuration says.</summary>
    /// <inheritdoc cref="Surprisals"/>
    public static Nats Measure(ILanguageModel model, ReadOnlyMemory<int> tokens, EvaluationConfig config,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(config);
        float[] nats = Read(model, tokens, config, [], cancellationToken);
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
        // Windows predict most tokens several times: what stands for a token counts as often.
        double times = (double)surprisals.Nats.Length / (text.Tokens.Length - 1);
        var report = new EvaluationReport
        {
            Model = name,
            Text = text.Describe(),
            Measured = text.Measured,
            Reading = config.Describe(text.Tokens.Length),
            Known = surprisals.Known,
            Unknown = surprisals.Unknown,
            Characters = (long)Math.Round(text.Characters * times),
            Bytes = (long)Math.Round(text.Bytes * times),
            RawBytes = (long)Math.Round(text.RawBytes * times),
            Accuracy = surprisals.Accuracy,
            CalibrationError = CalibrationError.Of(surprisals.Targets.Span, surprisals.Guesses.Span),
            MeanInterval = BlockBootstrap.OfMean(surprisals.Nats.Span, config.BootstrapSamples, config.Seed,
                config.BlockLengthOf(surprisals.Nats.Length)),
            Seconds = Stopwatch.GetElapsedTime(began).TotalSeconds,
        };
        return new EvaluationResult(report, surprisals);
    }

    /// <summary>Measures each token of a text but the first; of windows that overlap, those of each window, one after the other.</summary>
    /// <param name="model">The model; its training mode is restored.</param>
    /// <param name="tokens">Token ids, 2 or more, and more than a window has.</param>
    /// <param name="config">How the text is read; default the defaults.</param>
    /// <param name="cancellationToken">Looked at before each call.</param>
    /// <exception cref="InvalidConfigException">The configuration has a fault, or a row is too long for a model that reads ahead.</exception>
    /// <exception cref="ArgumentException">The text has too few tokens.</exception>
    public static TokenSurprisals Surprisals(ILanguageModel model, ReadOnlyMemory<int> tokens, EvaluationConfig? config = null, CancellationToken cancellationToken = default)
    {
        config ??= new EvaluationConfig();
        config.Validate();
        var guesses = new Guess[Predictions(tokens.Length, config)];
        float[] nats = Read(model, tokens, config, guesses, cancellationToken);
        ReadOnlyMemory<int> targets = config.WindowLength == 0 ? tokens[1..] : TargetsOfWindows(tokens.Span, config.WindowLength);
        return new TokenSurprisals(targets, nats, guesses);
    }

    private static float[] Read(ILanguageModel model, ReadOnlyMemory<int> tokens, EvaluationConfig config, Span<Guess> guesses,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(model);
        config.Validate();
        // Two rows may be read one after the other, which the predictor could not tell from one row.
        if (model is DynamicModel)
            DynamicPredictor.RefuseRows(config.Rows);
        var nats = new float[Predictions(tokens.Length, config)];
        using IPredictor predictor = model.Predictor();
        RowReader.Read(predictor, model, tokens.Span, config, nats, guesses, cancellationToken);
        return nats;
    }

    private static int Predictions(int tokens, EvaluationConfig config)
    {
        int least = Math.Max(2, config.WindowLength + 1);
        if (tokens < least)
            throw new ArgumentException($"a text of {tokens} tokens has nothing to predict: it takes {least}", nameof(tokens));
        return config.WindowLength == 0 ? tokens - 1 : checked((tokens - config.WindowLength) * config.WindowLength);
    }

    private static int[] TargetsOfWindows(ReadOnlySpan<int> tokens, int length)
    {
        var targets = new int[(tokens.Length - length) * length];
        for (int window = 0; window < tokens.Length - length; window++)
            tokens.Slice(window + 1, length).CopyTo(targets.AsSpan(window * length));
        return targets;
    }
}
