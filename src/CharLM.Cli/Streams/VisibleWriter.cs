using System.Text;

namespace CharLM.Cli.Streams;

/// <summary>
/// Writes to a place where people look, whatever the text is: lines and tabs as they are, all else that would steer a terminal
/// written out, a carriage return without its line feed among it.
/// </summary>
internal sealed class VisibleWriter : TextWriter
{
    private readonly TextWriter _inner;
    private bool _hasReturn;

    /// <summary>Writes on to another writer, and ends lines as that does.</summary>
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
        // Only what follows a return tells whether it ends a line.
        string before = _hasReturn ? "\r" : "";
        _hasReturn = buffer[^1] == '\r';
        if (_hasReturn)
            buffer = buffer[..^1];
        if (before.Length == 0 && !Printable.Steers(buffer))
            _inner.Write(buffer);
        else
            _inner.Write(Printable.Lines(before + buffer.ToString()));
    }

    // In one piece, as lines of several writers shall be.
    /// <inheritdoc/>
    public override void WriteLine(string? value) => Write(value + NewLine);

    /// <inheritdoc/>
    public override void Flush() => _inner.Flush();

    /// <summary>Writes a return that nothing followed.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing && _hasReturn)
            _inner.Write(Printable.Text("\r"));
        _hasReturn = false;
        base.Dispose(disposing);
    }
}
