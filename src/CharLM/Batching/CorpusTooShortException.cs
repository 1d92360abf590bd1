namespace CharLM.Batching;

/// <summary>A text has too few tokens for one minibatch.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed class CorpusTooShortException : Exception
{
    /// <summary>Names both numbers and the way out.</summary>
    public CorpusTooShortException(long tokens, int batchSize, int numSteps, string part = "text")
        : base($"the {part} has {tokens} tokens, but a minibatch of {batchSize} rows of {numSteps} steps needs {(long)batchSize * numSteps + 1}; "
            + "take a longer text, a smaller --batch-size or fewer --num-steps")
    {
    }
}
