namespace CharLM.Tokenization;

/// <summary>Splits a text into training, held-out and test tokens; nothing else decides this split.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="Train">The training part.</param>
/// <param name="HeldOut">The part held out for model selection; empty if nothing is held out.</param>
/// <param name="Unseen">
/// Tokens that training does not read: the test part; without one, the held-out part, less what the last training window reads of it; if
/// nothing is held out, everything after the training part.
/// </param>
/// <param name="WindowLength">Tokens per window if the parts are counted in overlapping windows, else 0.</param>
public sealed record TextParts(TextRange Train, TextRange HeldOut, TextRange Unseen, int WindowLength)
{
    /// <summary>The test part, measured once, after model selection: the end of the text; empty by default.</summary>
    public TextRange Test { get; init; }

    // The second token is predicted from the first.
    private const int LeastHeldOut = 2;

    /// <summary>Splits a text.</summary>
    /// <param name="tokens">Number of tokens in the whole text.</param>
    /// <param name="config">How many tokens to use, and which fraction of these to hold out.</param>
    /// <param name="windows">Windows to split by instead of the fraction; default none.</param>
    public static TextParts Of(long tokens, TextConfig config, WindowCounts windows = default)
    {
        ArgumentNullException.ThrowIfNull(config);
        long used = config.MaxTokens == 0 ? tokens : Math.Min(tokens, config.MaxTokens);
        if (windows.Train > 0)
        {
            // The first held-out window begins one token after the beginning of the last training window.
            var train = new TextRange(0, (long)windows.Train + windows.Length);
            TextRange heldOut = windows.HeldOut == 0 ? default
                : new TextRange(windows.Train, (long)windows.Train + windows.HeldOut + windows.Length);
            return new TextParts(
                train, heldOut,
                heldOut.Count == 0 ? After(train.End) : new TextRange(Math.Min(train.End, tokens), Math.Min(heldOut.End, used)),
                windows.Length);
        }
        long tested = (long)(used * config.TestFraction), chosenBy = (long)(used * config.ValidationFraction);
        var test = new TextRange(used - tested, used);
        var validation = new TextRange(test.Begin - chosenBy, test.Begin);
        return new TextParts(
            new TextRange(0, validation.Begin), validation, tested > 0 ? test : chosenBy > 0 ? validation : After(used), 0)
        {
            Test = test,
        };

        TextRange After(long end) => new(Math.Min(end, tokens), tokens);
    }

    /// <summary>Why the parts of a text cannot be used for training; null if they can. An empty text is reported elsewhere.</summary>
    /// <inheritdoc cref="Of"/>
    internal static string? ErrorOf(long tokens, TextConfig config, WindowCounts windows)
    {
        TextParts parts = Of(tokens, config, windows);
        long used = config.MaxTokens == 0 ? tokens : Math.Min(tokens, config.MaxTokens), heldOut = parts.HeldOut.Count;
        if (windows.Train > 0)
        {
            long needed = Math.Max(parts.Train.End, parts.HeldOut.End);
            return needed <= used ? null
                : $"{windows.Train} windows to train on and {windows.HeldOut} to hold out need {needed} tokens; the text has {used}";
        }
        if (config.TestFraction > 0 && parts.Test.Count < LeastHeldOut && used > 0)
            return $"test-fraction {config.TestFraction} of the text's {used} tokens comes to {parts.Test.Count}, and a test needs "
                + $"{LeastHeldOut}: take a greater one or a longer text, or 0 to test nothing";
        if (config.ValidationFraction == 0 || heldOut >= LeastHeldOut || used == 0)
            return null;
        double least = Math.Ceiling(10_000.0 * LeastHeldOut / used) / 10_000;
        string way = least <= TextConfig.GreatestValidationFraction ? $"take {least} or more" : "take a longer text";
        return $"validation-fraction {config.ValidationFraction} of the text's {used} tokens comes to {heldOut} "
            + $"token{(heldOut == 1 ? "" : "s")}, and what is held out needs {LeastHeldOut}: {way}, or 0 to hold nothing out";
    }
}

/// <summary>Numbers of overlapping windows for training and held-out parts; window i begins at token i.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
/// <param name="Train">Training windows; 0: the text is not split by windows.</param>
/// <param name="HeldOut">Held-out windows, which follow the training windows.</param>
/// <param name="Length">Tokens per window; one more follows the last.</param>
public readonly record struct WindowCounts(int Train, int HeldOut, int Length);

/// <summary>A range of tokens of a text.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
/// <param name="Begin">The first token.</param>
/// <param name="End">The first token after the range.</param>
public readonly record struct TextRange(long Begin, long End)
{
    /// <summary>The number of tokens.</summary>
    public long Count => Math.Max(0, End - Begin);

    /// <summary>The intersection of two ranges.</summary>
    public TextRange Intersect(TextRange other) => new(Math.Max(Begin, other.Begin), Math.Min(End, other.End));

    /// <summary>The tokens of a text in this range.</summary>
    internal TokenSource Of(TokenSource tokens) => tokens.Slice(Begin, Count);
}
