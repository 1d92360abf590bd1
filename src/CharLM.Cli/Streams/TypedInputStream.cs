using System.Text;

namespace CharLM.Cli.Streams;

/// <summary>
/// Text typed into a Windows console, as UTF-8. Ctrl+Z at the beginning of a line ends the input: when read as text, the console delivers
/// it as an ordinary character.
/// </summary>
/// <param name="console">The console's input in UTF-16, little-endian.</param>
internal sealed class TypedInputStream(Stream console) : Stream
{
    private const char EndOfInput = '\u001a';

    private readonly byte[] _typed = new byte[8192];
    private readonly Decoder _decoder = Encoding.Unicode.GetDecoder();
    private readonly Encoder _encoder = Encoding.UTF8.GetEncoder();
    private byte[] _bytes = [];
    private int _given;
    private bool _beginsLine = true, _hasEnded;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        while (_given == _bytes.Length && !_hasEnded)
            Fill();
        int count = Math.Min(buffer.Length, _bytes.Length - _given);
        _bytes.AsSpan(_given, count).CopyTo(buffer);
        _given += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            console.Dispose();
        base.Dispose(disposing);
    }

    private void Fill()
    {
        int read = console.Read(_typed, 0, _typed.Length);
        var text = new char[_typed.Length / sizeof(char) + 1];
        int length = _decoder.GetChars(_typed, 0, read, text, 0, flush: read == 0);
        _hasEnded = read == 0;
        for (int i = 0; i < length; i++)
        {
            if (text[i] == EndOfInput && _beginsLine)
            {
                (length, _hasEnded) = (i, true);
                break;
            }
            _beginsLine = text[i] == '\n';
        }
        _bytes = new byte[Encoding.UTF8.GetMaxByteCount(length + 1)];
        _bytes = _bytes[.._encoder.GetBytes(text, 0, length, _bytes, 0, flush: _hasEnded)];
        _given = 0;
    }
}
