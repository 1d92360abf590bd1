namespace CharLM.Cli.Streams;

/// <summary>
/// Writes to another stream as long as that works: a run does not end because nobody can hear its progress any more
/// (standard error closed, or in a file on a full disk).
/// </summary>
internal sealed class TolerantStream(Stream inner) : WriteOnlyStream
{
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            inner.Write(buffer);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // There is no other place to tell it.
        }
    }
}
