using System.Text;

namespace CharLM.Cli.Streams;

/// <summary>
/// Writes text for people: lines and tabs unchanged, all other control characters escaped, including a carriage return without its line
/// feed.
/// </summary>
internal sealed class VisibleWriter : TextWriter
{
    private readonly TextWriter _inner;
    private bool _hasReturn;

    /// <summary>Wraps another writer and uses its line ends.</summary>
    public VisibleWriter(TextWriter inner) => (_inner, NewLine) = (inner, inner.NewLine);

    /// <inheritdoc/>
    public override Encoding Encoding => _inner.Encoding;

    /// <inheritdoc/>
    public override void Write(char value) => Write([value]);

    /// <inheritdoc/>
    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    /// <inheritdoc/>
    public override void Write(string? value) => Write(value.AsSpan());

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<char> buffer)
    {
        if (buffer.IsEmpty)
            return;
        // Only the next character shows whether a carriage return ends a line.
        string before = _hasReturn ? "\r" : "";
        _hasReturn = buffer[^1] == '\r';
        if (_hasReturn)
            buffer = buffer[..^1];
        if (before.Length == 0 && !Printable.Steers(buffer))
            _inner.Write(buffer);
        else
            _inner.Write(Printable.Lines(before + buffer.ToString()));
    }

    // In one call, so that lines of several writers do not mix.
    /// <inheritdoc/>
    public override void WriteLine(string? value) => Write(value + NewLine);

    /// <inheritdoc/>
    public override void Flush() => _inner.Flush();

    /// <summary>Writes a final carriage return.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing && _hasReturn)
            _inner.Write(Printable.Text("\r"));
        _hasReturn = false;
        base.Dispose(disposing);
    }
}
