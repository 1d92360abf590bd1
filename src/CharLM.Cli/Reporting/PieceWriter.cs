using System.Diagnostics;
using System.Text;
using CharLM.Cli.Streams;

namespace CharLM.Cli.Reporting;

/// <summary>
/// Writes a text that comes in small pieces: a terminal gets each at once; a pipe or a file gets them in slices of time, since
/// a system call for each takes longer than computing it.
/// </summary>
internal sealed class PieceWriter(TextWriter output, TimeSpan slice, Stream? bytes = null) : IDisposable
{
    // A slice that nobody notices, and some hundred characters long.
    private static readonly TimeSpan PipeSlice = TimeSpan.FromMilliseconds(20);

    private readonly long _ticks = (long)(slice.TotalSeconds * Stopwatch.Frequency);
    private readonly StringBuilder _waiting = new();

    // Puts bytes together to characters, where a person reads them.
    private readonly Decoder? _decoder;
    private long _written = Stopwatch.GetTimestamp();

    private PieceWriter(TextWriter output, Decoder decoder)
        : this(output, TimeSpan.Zero) => _decoder = decoder;

    /// <summary>Whether bytes go out as they are.</summary>
    public bool IsRaw => bytes is not null;

    /// <summary>
    /// A writer of bytes, each as the character of the same number: a pipe or a file gets them as they are, a terminal as UTF-8.
    /// </summary>
    public static PieceWriter ForBytes(TextWriter output) => StandardStreams.RawOutput is { } stream
        ? new PieceWriter(output, PipeSlice, stream) : new PieceWriter(output, Encoding.UTF8.GetDecoder());

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
        if (bytes is not null)
        {
            output.Flush();
            bytes.Write(Encoding.Latin1.GetBytes(text));
            return;
        }
        output.Write(_decoder is null ? text : Decoded(Encoding.Latin1.GetBytes(text)));
        output.Flush();
    }

    // A character that has not come whole waits for the rest.
    private string Decoded(byte[] some)
    {
        var characters = new char[Encoding.UTF8.GetMaxCharCount(some.Length)];
        return new string(characters, 0, _decoder!.GetChars(some, characters, flush: false));
    }

    /// <summary>Writes what waits: what was written before an interruption is not lost.</summary>
    public void Dispose() => Flush();
}
