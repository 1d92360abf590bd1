using System.Text;

namespace CharLM.Corpora;

/// <summary>Reads a UTF-8 text line by line as it comes, of whatever length, with bounded memory.</summary>
public static class LineReader
{
    /// <summary>The longest line, in UTF-16 units.</summary>
    public const int LongestLine = 16 << 20;

    private const int BlockLength = 1 << 14;

    /// <summary>The lines of a text, without their ends (\n or \r\n).</summary>
    /// <param name="stream">The text; a byte order mark is passed over.</param>
    /// <param name="location">What to call it in errors.</param>
    /// <exception cref="CorpusFileException">It is no UTF-8, or a line is longer than <see cref="LongestLine"/>.</exception>
    public static IEnumerable<string> Read(Stream stream, string location)
    {
        using var reader = new StreamReader(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: false);
        var line = new StringBuilder();
        var block = new char[BlockLength];
        long lines = 0;
        bool first = true;
        while (Fill(reader, block, location, lines) is var count and > 0)
        {
            int begin = first && block[0] == '\uFEFF' ? 1 : 0;
            first = false;
            for (int end; (end = Array.IndexOf(block, '\n', begin, count - begin)) >= 0; begin = end + 1)
            {
                line.Append(block, begin, end - begin);
                lines++;
                yield return Take(line);
            }
            line.Append(block, begin, count - begin);
            if (line.Length > LongestLine)
                throw new CorpusFileException(CorpusFileFault.TooLarge, location, $"{Display.Quote(location)} has a line {lines + 1} of more than {LongestLine:N0} characters");
        }
        if (line.Length > 0)
            yield return Take(line);
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

    private static string Take(StringBuilder line)
    {
        string text = line.Length > 0 && line[^1] == '\r' ? line.ToString(0, line.Length - 1) : line.ToString();
        line.Clear();
        return text;
    }
}
