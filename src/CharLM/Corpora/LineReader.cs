using System.Text;

namespace CharLM.Corpora;

/// <summary>Reads a UTF-8 text line by line as it comes, of whatever length, with bounded memory.</summary>
public static class LineReader
{
    /// <summary>The longest line, in UTF-16 units.</summary>
    public const int LongestLine = 16 << 20;

    private const int BlockLength = 1 << 14;

    /// <summary>The lines of a text; one ends with \n, \r\n or \r, the last one also with the text.</summary>
    /// <param name="stream">The text; a byte order mark is passed over.</param>
    /// <param name="location">What to call it in errors.</param>
    /// <exception cref="CorpusFileException">It is no UTF-8, or a line is longer than <see cref="LongestLine"/>.</exception>
    public static IEnumerable<TextLine> Read(Stream stream, string location)
    {
        using var reader = new StreamReader(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: false);
        var line = new StringBuilder();
        var block = new char[BlockLength];
        long lines = 0;
        // At the end of a block, whether a \r ends its line alone shows with the next one.
        bool first = true, afterReturn = false;
        while (Fill(reader, block, location, lines) is var count and > 0)
        {
            int begin = first && block[0] == '\uFEFF' ? 1 : 0;
            first = false;
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
                throw new CorpusFileException(CorpusFileFault.TooLarge, location, $"{Display.Quote(location)} has a line {lines + 1} of more than {LongestLine:N0} characters");
        }
        if (line.Length > 0 || afterReturn)
            yield return Take(line, afterReturn ? "\r" : "");
    }

    private static int Fill(StreamReader reader, char[] block, string location, long lines)
    {
        try
        {
            return reader.Read(block, 0, block.Length);
        }
        catch (DecoderFallbackException e)
        {
            throw new CorpusFileException(CorpusFileFault.NotUtf8, location, $"{Display.Quote(location)} is no UTF-8 after line {lines}; convert it first (iconv -t UTF-8)", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CorpusFileException(CorpusFileFault.Unreadable, location, $"cannot read {Display.Quote(location)}: {Display.OneLine(e.Message)}", e);
        }
    }

    private static TextLine Take(StringBuilder line, string end)
    {
        var taken = new TextLine(line.ToString(), end);
        line.Clear();
        return taken;
    }
}

/// <summary>A line of a text.</summary>
/// <param name="Text">The line without its end.</param>
/// <param name="End">What ends it: \n, \r\n or \r; nothing at the end of the text.</param>
public readonly record struct TextLine(string Text, string End = "");
