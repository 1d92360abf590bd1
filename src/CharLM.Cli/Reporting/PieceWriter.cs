using System.Diagnostics;
using System.Text;

namespace CharLM.Cli.Reporting;

/// <summary>
/// Writes a text that comes in small pieces: a terminal gets each at once; a pipe or a file gets them in slices of time, since
/// a system call for each takes longer than computing it.
/// </summary>
internal sealed class PieceWriter(TextWriter output, TimeSpan slice) : IDisposable
{
    // A slice that nobody notices, and some hundred characters long.
    private static readonly TimeSpan PipeSlice = TimeSpan.FromMilliseconds(20);

    private readonly long _ticks = (long)(slice.TotalSeconds * Stopwatch.Frequency);
    private readonly StringBuilder _waiting = new();
    private long _written = Stopwatch.GetTimestamp();

    /// <summary>A writer that suits standard output.</summary>
    public static PieceWriter For(TextWriter output) => new(output, Console.IsOutputRedirected ? PipeSlice : TimeSpan.Zero);

    /// <summary>Writes a piece; no later than the first piece after the slice.</summary>
    public void Write(string piece)
    {
        _waiting.Append(piece);
        long now = Stopwatch.GetTimestamp();
        if (now - _written < _ticks)
            return;
        _written = now;
        Flush();
    }

    /// <summary>Writes what waits.</summary>
    public void Flush()
    {
        if (_waiting.Length == 0)
            return;
        string text = _waiting.ToString();
        // First, so that nothing is written twice when the reader has gone.
        _waiting.Clear();
        output.Write(text);
        output.Flush();
    }

    /// <summary>Writes what waits: what was written before an interruption is not lost.</summary>
    public void Dispose() => Flush();
}
