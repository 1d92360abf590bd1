namespace CharLM;

/// <summary>A configuration that cannot work; the message lists every error at once.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed class InvalidConfigException : Exception
{
    /// <summary>An exception that lists these errors.</summary>
    public InvalidConfigException(IReadOnlyList<string> errors)
        : base(string.Join("; ", errors)) => Errors = errors;

    /// <summary>The errors, one sentence each.</summary>
    public IReadOnlyList<string> Errors { get; }

    /// <summary>Throws when there is an error.</summary>
    /// <exception cref="InvalidConfigException">Lists every error.</exception>
    public static void ThrowIfAny(IEnumerable<string> errors)
    {
        if (errors.ToList() is { Count: > 0 } found)
            throw new InvalidConfigException(found);
    }
}
