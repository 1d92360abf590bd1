namespace CharLM.Generation;

/// <summary>Why a text ends.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum EndReason
{
    /// <summary>It has as many tokens as were asked for.</summary>
    Length,

    /// <summary>A stop string would come.</summary>
    Stop,

    /// <summary>It matches the expression, and is at its end.</summary>
    Match,
}
