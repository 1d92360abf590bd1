namespace CharLM.Tests;

/// <summary>Hears progress where it is reported, at once: <see cref="Progress{T}"/> would tell it later, from another thread.</summary>
internal sealed class Listener<T>(Action<T> told) : IProgress<T>
{
    public void Report(T value) => told(value);
}

/// <summary>What a test throws out of a run, as if its process were killed there.</summary>
internal sealed class KilledException : Exception;
