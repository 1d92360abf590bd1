namespace CharLM.Cli.Streams;

/// <summary>Writes to standard output, and says that it was this that failed, and not some file of the user's.</summary>
internal sealed class OutputStream(Stream inner) : WriteOnlyStream
{
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            inner.Write(buffer);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException && !StandardStreams.IsClosedPipe(e))
        {
            throw new OutputException($"standard output cannot be written: {e.Message}", e);
        }
    }
}

/// <summary>Standard output takes no more: a full disk, or a terminal that has gone.</summary>
internal sealed class OutputException(string message, Exception inner) : IOException(message, inner);
