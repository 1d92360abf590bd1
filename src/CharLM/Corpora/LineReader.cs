using System.Text;

namespace CharLM.Corpora;

/// <summary>Reads a text of any length line by line as it arrives, in bounded memory.</summary>
internal static class LineReader
{
    /// <summary>The longest line, in UTF-16 units.</summary>
    public const int LongestLine = 16 << 20;

    private const int BlockLength = 1 << 14;

    /// <summary>Reads the lines of a text; a line ends with \n, \r\n, \r or the end of the text.</summary>
    /// <param name="stream">The text; a byte order mark is skipped.</param>
    /// <param name="location">Its name in errors.</param>
    /// <param name="encoding">Its encoding without a byte order mark; null for UTF-8.</param>
    /// <exception cref="CorpusFileException">The text is in another encoding, or a line is longer than
    /// <see cref="LongestLine"/>.</exception>
    public static IEnumerable<TextLine> Read(Stream stream, string location, TextEncoding? encoding = null)
    {
        var reader = new CharacterReader(stream, location, encoding);
        var line = new StringBuilder();
        var block = new char[BlockLength];
        long lines = 0;
        // Whether a \r at the end of a block is followed by \n is known only with the next block.
        bool afterReturn = false;
        while (Fill(reader, block, location, lines) is var count and > 0)
        {
            int begin = 0;
            if (afterReturn)
            {
                (string ending, afterReturn, begin) = block[0] == '\n' ? ("\r\n", false, 1) : ("\r", false, 0);
                lines++;
                yield return Take(line, ending);
            }
            for (int length; (length = block.AsSpan(begin, count - begin).IndexOfAny('\n', '\r')) >= 0;)
            {
                line.Append(block, begin, length);
                int end = begin + length;
                afterReturn = block[end] == '\r' && end + 1 == count;
                string ending = block[end] == '\n' ? "\n" : !afterReturn && block[end + 1] == '\n' ? "\r\n" : "\r";
                begin = end + ending.Length;
                if (afterReturn)
                    break;
                lines++;
                yield return Take(line, ending);
            }
            line.Append(block, begin, count - begin);
            if (line.Length > LongestLine)
                throw new CorpusFileException(
                    CorpusFileError.TooLarge, location,
                        $"{Display.Quote(location)} has a line {lines + 1} of more than {LongestLine:N0} characters");
        }
        if (line.Length > 0 || afterReturn)
            yield return Take(line, afterReturn ? "\r" : "");
    }

    private static int Fill(CharacterReader reader, char[] block, string location, long lines)
    {
        try
        {
            return reader.Read(block);
        }
        catch (DecoderFallbackException e)
        {
            throw new CorpusFileException(
                CorpusFileError.WrongEncoding, location,
                    $"{Display.Quote(location)} is not {reader.Encoding} after line {lines}; name the encoding that it is in", e)
            {
                Suggestion = "gb18030, say",
            };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CorpusFileException(
                CorpusFileError.Unreadable, location, $"cannot read {Display.Quote(location)}: {Display.OneLine(e.Message)}", e);
        }
    }

    private static TextLine Take(StringBuilder line, string end)
    {
        var taken = new TextLine(line.ToString(), end);
        line.Clear();
        return taken;
    }
}

/// <summary>Decodes characters as their bytes arrive.</summary>
internal sealed class CharacterReader(Stream stream, string location, TextEncoding? encoding)
{
    private readonly byte[] _bytes = new byte[1 << 13];
    private TextEncoding _used = TextEncoding.Utf8;
    private Decoder? _decoder;

    /// <summary>The encoding's name.</summary>
    public string Encoding { get; private set; } = "UTF-8";

    /// <summary>Fills the beginning of a block, which has room for more than <c>1 &lt;&lt; 13</c> characters.</summary>
    /// <returns>The number of characters; 0 at the end.</returns>
    /// <exception cref="DecoderFallbackException">A byte is invalid in the encoding.</exception>
    public int Read(char[] block)
    {
        while (true)
        {
            (int begin, int end) = _decoder is null ? Begin() : (0, stream.Read(_bytes));
            int count = _decoder!.GetChars(_bytes, begin, end - begin, block, 0, flush: end == 0);
            // Legacy decoders replace some invalid bytes instead of throwing.
            if (_used.FillerIn(block.AsSpan(0, count)) >= 0)
                throw new DecoderFallbackException();
            if (count > 0 || end == 0)
                return count;
        }
    }

    private (int Begin, int End) Begin()
    {
        int end = stream.Read(_bytes);
        // Typed input arrives line by line, so wait only for a possible byte order mark.
        if (end is > 0 and < TextEncoding.LongestMark && _bytes[0] is 0 or >= 0xEF)
            end += stream.ReadAtLeast(_bytes.AsSpan(end), TextEncoding.LongestMark - end, throwOnEndOfStream: false);
        (TextEncoding Encoding, int Length)? mark = encoding is { IsBytes: true } ? null : TextEncoding.OfMark(_bytes.AsSpan(0, end));
        if (mark is null && encoding is null)
            CorpusReader.RefuseUtf16(_bytes.AsSpan(0, end), location);
        _used = mark?.Encoding ?? encoding ?? TextEncoding.Utf8;
        (Encoding, _decoder) = (_used.Title, _used.NewDecoder());
        return (mark?.Length ?? 0, end);
    }
}

/// <summary>A line of a text.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
/// <param name="Text">The line without its line end.</param>
/// <param name="End">Its line end: \n, \r\n or \r; empty at the end of the text.</param>
public readonly record struct TextLine(string Text, string End = "");
