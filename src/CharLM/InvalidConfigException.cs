namespace CharLM;

/// <summary>A configuration that cannot work; the message lists every fault at once.</summary>
public sealed class InvalidConfigException : Exception
{
    /// <summary>A configuration with these faults.</summary>
    public InvalidConfigException(IReadOnlyList<string> faults)
        : base(string.Join("; ", faults)) => Faults = faults;

    /// <summary>The faults, one sentence each.</summary>
    public IReadOnlyList<string> Faults { get; }

    /// <summary>Throws when there is a fault.</summary>
    /// <exception cref="InvalidConfigException">Lists every fault.</exception>
    public static void ThrowIfAny(IEnumerable<string> faults)
    {
        if (faults.ToList() is { Count: > 0 } found)
            throw new InvalidConfigException(found);
    }
}
