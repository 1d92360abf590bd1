using System.Diagnostics;
using CharLM.Models;
using CharLM.Tokenization;

namespace CharLM.Evaluation;

/// <summary>Measures a model on a text.</summary>
/// <remarks>Thread safety: any number of threads, even with one model.</remarks>
public static class Evaluator
{
    // The token, its surprise, and what was expected in its place.
    private const int BytesOfPrediction = 16;

    /// <summary>
    /// Predicts every token of a text but the first. The text is cut into rows that are read side by side, each after a warm-up on the
    /// tokens before it (<see cref="EvaluationConfig.WarmUp"/>) and with its state carried from beginning to end.
    /// </summary>
    /// <param name="model">The model; its training mode is restored.</param>
    /// <param name="tokens">Token ids, 2 or more.</param>
    /// <param name="rows">Rows read side by side; fewer when the text is short. 1 gives every token its full context.</param>
    /// <param name="numSteps">Tokens per row that one call reads; does not change the result.</param>
    /// <param name="cancellationToken">Checked before each call.</param>
    /// <exception cref="InvalidConfigException">Rows or steps are out of range.</exception>
    /// <exception cref="ArgumentException">The text has fewer than 2 tokens.</exception>
    public static LossSum Measure(ILanguageModel model, TokenSource tokens, int rows = 32, int numSteps = 64,
        CancellationToken cancellationToken = default) =>
        Measure(model, tokens, new EvaluationConfig { Rows = rows, NumSteps = numSteps }, cancellationToken);

    /// <summary>Measures the loss of a model on a text, read as the configuration says.</summary>
    /// <inheritdoc cref="Surprisals"/>
    public static LossSum Measure(ILanguageModel model, TokenSource tokens, EvaluationConfig config,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(config);
        float[] nats = Read(model, tokens, config, [], cancellationToken);
        double total = 0;
        foreach (float value in nats)
            total += value;
        return new LossSum(total, nats.Length);
    }

    /// <summary>Measures every figure of a report for a model on a text.</summary>
    /// <param name="model">The model; its training mode is restored.</param>
    /// <param name="text">The text.</param>
    /// <param name="name">The name of the model in the report.</param>
    /// <param name="config">How the text is read; default the defaults.</param>
    /// <param name="cancellationToken">Checked before each call.</param>
    /// <exception cref="InvalidConfigException">The configuration is invalid, or the text has nothing to predict.</exception>
    public static EvaluationResult Evaluate(
        ILanguageModel model, EvaluationText text, string name, EvaluationConfig? config = null,
            CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        config ??= new EvaluationConfig();
        config = config with { EndId = text.EndId };
        long began = Stopwatch.GetTimestamp();
        TokenSurprisals surprisals = Surprisals(model, text.Tokens, config, cancellationToken);
        // Windows predict most tokens several times, so characters and bytes count as often.
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

    /// <summary>Measures each token of a text but the first; with overlapping windows, the tokens of window after window.</summary>
    /// <param name="model">The model; its training mode is restored.</param>
    /// <param name="tokens">Token ids, 2 or more, and more than the length of a window.</param>
    /// <param name="config">How the text is read; default the defaults.</param>
    /// <param name="cancellationToken">Checked before each call.</param>
    /// <exception cref="InvalidConfigException">The configuration is invalid, or a row is too long for a model that reads
    /// ahead.</exception>
    /// <exception cref="ArgumentException">The text has too few tokens.</exception>
    public static TokenSurprisals Surprisals(
        ILanguageModel model, TokenSource tokens, EvaluationConfig? config = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        config ??= new EvaluationConfig();
        config.Validate();
        var guesses = new TopPrediction[Predictions(tokens.Length, config)];
        float[] nats = Read(model, tokens, config, guesses, cancellationToken);
        ReadOnlyMemory<int> targets = config.WindowLength == 0 ? tokens.Slice(1).Load() : TargetsOfWindows(tokens, config.WindowLength);
        return new TokenSurprisals(targets, nats, guesses);
    }

    private static float[] Read(ILanguageModel model, TokenSource tokens, EvaluationConfig config, Span<TopPrediction> guesses,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokens);
        config.Validate();
        // The predictor could not tell two rows read one after the other from a single row.
        if (model is DynamicModel && config.EndId is not null)
            throw new InvalidConfigException(["dynamic evaluation does not work with documents: the state is reset at each of them"]);
        if (model is DynamicModel)
            DynamicPredictor.RefuseRows(config.Rows);
        var nats = new float[Predictions(tokens.Length, config)];
        using IPredictor predictor = model.Predictor();
        RowReader.Read(predictor, model, tokens, config, nats, guesses, cancellationToken);
        return nats;
    }

    private static int Predictions(long tokens, EvaluationConfig config)
    {
        int least = Math.Max(2, config.WindowLength + 1);
        if (tokens < least)
            throw new ArgumentException($"a text of {tokens} tokens has nothing to predict: it needs {least}", nameof(tokens));
        long predictions = config.WindowLength == 0 ? tokens - 1 : (tokens - config.WindowLength) * config.WindowLength;
        long bytes = BytesOfPrediction * predictions, memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        return predictions <= Array.MaxLength && bytes <= memory ? (int)predictions : throw new InvalidConfigException(
            [$"measuring {predictions} tokens takes {bytes / 1e9:0.0} GB of memory, and there are {memory / 1e9:0.0} GB: measure fewer of "
                + $"them (max-tokens {Math.Min(Array.MaxLength, memory / 2 / BytesOfPrediction)}, say)"]);
    }

    private static int[] TargetsOfWindows(TokenSource tokens, int length)
    {
        var targets = new int[(tokens.Length - length) * length];
        for (int window = 0; window < tokens.Length - length; window++)
            tokens.CopyTo(window + 1, targets.AsSpan(window * length, length));
        return targets;
    }
}

/// <summary>How a text is read, and the settings of the bootstrap.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed record EvaluationConfig
{
    /// <summary>
    /// Rows that the text is cut into and read side by side, 1 to 65,536; default 32. 1 gives every token its full context; a short
    /// text gets fewer rows, each at least as long as <see cref="WarmUp"/>.
    /// </summary>
    public int Rows { get; init; } = 32;

    /// <summary>
    /// Tokens before each row that are read but not measured, so that the start of the row has context, 0 to 1,000,000; default 256.
    /// </summary>
    public int WarmUp { get; init; } = 256;

    /// <summary>
    /// Tokens per row that one call reads, 1 to 65,536; default 64; does not change the result. A model that reads ahead reads each
    /// row in one call.
    /// </summary>
    public int NumSteps { get; init; } = 64;

    /// <summary>
    /// Tokens after which the state is reset to zero, 0 to 1,000,000; default 0: it is carried to the end of a row.
    /// </summary>
    public int ResetEvery { get; init; }

    /// <summary>
    /// Tokens per overlapping window, 0 to 65,536: window i starts at token i with a zero state, and there are as many windows as the
    /// text has tokens beyond one window (the validation of Dive into Deep Learning v1.0). Default 0: the text is read in rows. Rows,
    /// warm-up and resets do not apply to windows.
    /// </summary>
    public int WindowLength { get; init; }

    /// <summary>
    /// The id that ends a document, where the state is reset; default null: the text is one document. Up to <see cref="Rows"/>
    /// documents are read side by side; warm-up, resets and windows do not apply to documents.
    /// </summary>
    public int? EndId { get; init; }

    /// <summary>Texts that the bootstrap resamples, 1 to 1,000,000; default 1,000.</summary>
    public int BootstrapSamples { get; init; } = 1000;

    /// <summary>Tokens per bootstrap block; default 0: the square root of the number of tokens, 1 to 1,000.</summary>
    public int BlockLength { get; init; }

    /// <summary>Seed of the bootstrap's draws; default 0.</summary>
    public long Seed { get; init; }

    /// <summary>A description of the state policy and the context.</summary>
    public string Describe(long tokens)
    {
        if (EndId is not null)
            return $"documents, {Rows} side by side at most, the state zero for each";
        if (WindowLength > 0)
            return $"{tokens - WindowLength} windows of {WindowLength} tokens that overlap, the state zero for each";
        int rows = ResetEvery > 0 ? (int)Math.Min(Rows, Math.Max(1, (tokens - 1) / ResetEvery)) : RowsOf(tokens - 1);
        string side = rows == 1 ? "1 row" : $"{rows} rows side by side";
        string after = rows > 1 && WarmUp > 0 ? $", each after the {WarmUp} tokens before it" : "";
        return ResetEvery > 0
            ? $"{side}, the state zero again after every {ResetEvery} tokens"
            : $"{side}{after}, the state carried from beginning to end";
    }

    /// <summary>The number of rows for a number of targets, when the state is carried.</summary>
    internal int RowsOf(long targets) => (int)Math.Clamp(targets / Math.Max(1, WarmUp), 1, Rows);

    // Overlapping windows repeat the text, so a block holds whole windows.
    internal int BlockLengthOf(int predictions) => BlockLength > 0 || WindowLength == 0
        ? BlockLength
        : Math.Max(1, BlockBootstrap.BlockLength(predictions / WindowLength)) * WindowLength;

    /// <summary>Every error of the configuration; empty when there is none.</summary>
    public IEnumerable<string> Errors()
    {
        if (Rows is < 1 or > 65536)
            yield return $"rows must be 1 to 65536, not {Rows}";
        if (WarmUp is < 0 or > 1_000_000)
            yield return $"warm-up must be 0 to 1000000, not {WarmUp}";
        if (NumSteps is < 1 or > 65536)
            yield return $"num-steps must be 1 to 65536, not {NumSteps}";
        if (ResetEvery is < 0 or > 1_000_000)
            yield return $"reset-every must be 0 (never) to 1000000, not {ResetEvery}";
        if (WindowLength is < 0 or > 65536)
            yield return $"window-length must be 0 (no windows) to 65536, not {WindowLength}";
        if (EndId is not null && ResetEvery > 0)
            yield return "reset-every is for running text: each document resets the state anyway";
        if (EndId is not null && WindowLength > 0)
            yield return "overlapping windows do not work with documents";
        if (BootstrapSamples is < 1 or > 1_000_000)
            yield return $"bootstrap must be 1 to 1000000 samples, not {BootstrapSamples}";
        if (BlockLength < 0)
            yield return $"block-length must be 0 (chosen) or more, not {BlockLength}";
    }

    /// <summary>Throws when the configuration has an error.</summary>
    /// <exception cref="InvalidConfigException">Lists every error.</exception>
    public void Validate() => InvalidConfigException.ThrowIfAny(Errors());
}
