namespace CharLM.Tokenization;

/// <summary>Which tokens of a text are trained on and which are held out: the one place that decides it.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="Train">What is trained on.</param>
/// <param name="HeldOut">What is only measured, to choose by; empty when nothing is held out.</param>
/// <param name="Unseen">
/// What training does not read: the test part; where there is none, the held-out part, without what the last window of training reads
/// of it; where nothing is held out, all that comes after what is trained on.
/// </param>
/// <param name="WindowLength">Tokens of a window where the parts are counted in windows that overlap, else 0.</param>
public sealed record TextParts(TextRange Train, TextRange HeldOut, TextRange Unseen, int WindowLength)
{
    /// <summary>What is measured once, when all is chosen; the end of the text, and empty by default.</summary>
    public TextRange Test { get; init; }

    // One token is predicted from the other.
    private const int LeastHeldOut = 2;

    /// <summary>The parts of a text.</summary>
    /// <param name="tokens">Tokens of the whole text.</param>
    /// <param name="config">How many of them are used, and which fraction of these is held out.</param>
    /// <param name="windows">Windows to count in instead of the fraction; default none.</param>
    public static TextParts Of(long tokens, TextConfig config, WindowCounts windows = default)
    {
        ArgumentNullException.ThrowIfNull(config);
        long used = config.MaxTokens == 0 ? tokens : Math.Min(tokens, config.MaxTokens);
        if (windows.Train > 0)
        {
            // The first window that is held out begins where the last that is trained on began, and one token later.
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

    /// <summary>Why the parts of a text cannot be trained with, null when they can; an empty text has its own reasons.</summary>
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

/// <summary>How many windows that overlap a text is divided into; window i begins at token i.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
/// <param name="Train">Windows that are trained on; 0: the text is not divided in windows.</param>
/// <param name="HeldOut">The windows after them, which are held out.</param>
/// <param name="Length">Tokens of a window; one more follows the last.</param>
public readonly record struct WindowCounts(int Train, int HeldOut, int Length);

/// <summary>Which tokens of a text are meant.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
/// <param name="Begin">The first.</param>
/// <param name="End">The first after them.</param>
public readonly record struct TextRange(long Begin, long End)
{
    /// <summary>How many they are.</summary>
    public long Count => Math.Max(0, End - Begin);

    /// <summary>The tokens that both mean.</summary>
    public TextRange Intersect(TextRange other) => new(Math.Max(Begin, other.Begin), Math.Min(End, other.End));

    /// <summary>These tokens of a text.</summary>
    internal TokenSource Of(TokenSource tokens) => tokens.Slice(Begin, Count);
}
