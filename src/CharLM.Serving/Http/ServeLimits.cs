namespace CharLM.Serving.Http;

/// <summary>The bounds of requests.</summary>
internal sealed record ServeLimits
{
    /// <summary>Bytes of a request's body.</summary>
    public int Body { get; init; } = 1 << 20;

    /// <summary>Characters of all prompts of a request, or of a text to score.</summary>
    public int Characters { get; init; } = 100_000;

    /// <summary>Characters of a text to score with expectations, which is read token by token.</summary>
    public int ExplainedCharacters { get; init; } = 20_000;

    /// <summary>Tokens of one text.</summary>
    public int Tokens { get; init; } = 16_384;

    /// <summary>Tokens of all texts of a request.</summary>
    public int TokensOfAll { get; init; } = 200_000;

    /// <summary>Texts of a request: prompts times n.</summary>
    public int Texts { get; init; } = 64;

    /// <summary>Characters of an expression.</summary>
    public int Expression { get; init; } = 1_000;

    /// <summary>Alternatives per token.</summary>
    public int Top { get; init; } = 20;

    /// <summary>Texts that a model writes side by side.</summary>
    public int Rows { get; init; } = 256;

    /// <summary>Texts that wait for a place; further requests are refused.</summary>
    public int Waiting { get; init; } = 1_024;

    /// <summary>Connections at once.</summary>
    public int Connections { get; init; } = 2_048;

    /// <summary>The longest time for one request.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The least time between two events of a stream.</summary>
    public TimeSpan BetweenEvents { get; init; } = TimeSpan.FromMilliseconds(20);
}
