using System.Diagnostics;
using System.Text;
using CharLM.Cli.Streams;

namespace CharLM.Cli.Reporting;

/// <summary>
/// Writes text that comes in small pieces: at once to a terminal; in time slices to a pipe or a file, since a system call for each piece
/// takes longer than computing it.
/// </summary>
internal sealed class PieceWriter(TextWriter output, TimeSpan slice, Stream? bytes = null) : IDisposable
{
    // Too short to notice, and some hundred characters long.
    private static readonly TimeSpan PipeSlice = TimeSpan.FromMilliseconds(20);

    private readonly long _ticks = (long)(slice.TotalSeconds * Stopwatch.Frequency);
    private readonly StringBuilder _waiting = new();

    // Combines bytes into characters for a terminal.
    private readonly Decoder? _decoder;
    private long _written = Stopwatch.GetTimestamp();

    private PieceWriter(TextWriter output, Decoder decoder)
        : this(output, TimeSpan.Zero) => _decoder = decoder;

    /// <summary>Whether bytes are written unchanged.</summary>
    public bool IsRaw => bytes is not null;

    /// <summary>
    /// A writer of bytes, each given as the character of the same number: unchanged to a pipe or a file, as UTF-8 to a terminal.
    /// </summary>
    public static PieceWriter ForBytes(TextWriter output) => StandardStreams.RawOutput is { } stream
        ? new PieceWriter(output, PipeSlice, stream) : new PieceWriter(output, Encoding.UTF8.GetDecoder());

    /// <summary>A writer of text for standard output.</summary>
    public static PieceWriter For(TextWriter output) => new(output, Console.IsOutputRedirected ? PipeSlice : TimeSpan.Zero);

    /// <summary>Queues a piece, and writes all queued text once the slice is over.</summary>
    public void Write(string piece)
    {
        _waiting.Append(piece);
        long now = Stopwatch.GetTimestamp();
        if (now - _written < _ticks)
            return;
        _written = now;
        Flush();
    }

    /// <summary>Writes the queued text.</summary>
    public void Flush()
    {
        if (_waiting.Length == 0)
            return;
        string text = _waiting.ToString();
        // Clear first, so that nothing is written twice if the reader has gone.
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

    // An incomplete character waits for its remaining bytes.
    private string Decoded(byte[] some)
    {
        var characters = new char[Encoding.UTF8.GetMaxCharCount(some.Length)];
        return new string(characters, 0, _decoder!.GetChars(some, characters, flush: false));
    }

    /// <summary>Writes the queued text, so that an interruption loses nothing.</summary>
    public void Dispose() => Flush();
}
