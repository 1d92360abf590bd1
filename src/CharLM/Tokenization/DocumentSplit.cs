namespace CharLM.Tokenization;

/// <summary>Finds the documents of a raw text.</summary>
internal static class DocumentSplit
{
    /// <summary>Where the documents stand, in UTF-16 units; blank ones are left out.</summary>
    /// <param name="text">The text.</param>
    /// <param name="kind">What a document is.</param>
    /// <param name="files">Where each file begins; empty: the text is one file.</param>
    public static IEnumerable<(int Begin, int End)> Of(string text, DocumentKind kind, IReadOnlyList<int> files) => (kind switch
    {
        DocumentKind.Lines => Lines(text).Select(line => (line.Begin, line.End)),
        DocumentKind.Paragraphs => Paragraphs(text),
        DocumentKind.Files => Files(text, files),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "not a kind of document"),
    }).Where(document => !IsBlank(text, document));

    // A line ends with \n, \r\n or \r, or with the text.
    private static IEnumerable<(int Begin, int End, int Next)> Lines(string text)
    {
        for (int begin = 0; begin < text.Length;)
        {
            int length = text.AsSpan(begin).IndexOfAny('\n', '\r'), end = length < 0 ? text.Length : begin + length;
            int next = end == text.Length ? end : text[end] == '\r' && end + 1 < text.Length && text[end + 1] == '\n' ? end + 2 : end + 1;
            yield return (begin, end, next);
            begin = next;
        }
    }

    private static IEnumerable<(int Begin, int End)> Paragraphs(string text)
    {
        (int begin, int end) = (-1, 0);
        foreach ((int lineBegin, int lineEnd, _) in Lines(text))
        {
            if (!IsBlank(text, (lineBegin, lineEnd)))
            {
                (begin, end) = (begin < 0 ? lineBegin : begin, lineEnd);
                continue;
            }
            if (begin >= 0)
                yield return (begin, end);
            begin = -1;
        }
        if (begin >= 0)
            yield return (begin, end);
    }

    private static IEnumerable<(int Begin, int End)> Files(string text, IReadOnlyList<int> files)
    {
        for (int file = 0; file < Math.Max(1, files.Count); file++)
            yield return (file == 0 ? 0 : files[file], file + 1 < files.Count ? files[file + 1] : text.Length);
    }

    private static bool IsBlank(string text, (int Begin, int End) part) => text.AsSpan(part.Begin, part.End - part.Begin).IsWhiteSpace();
}
