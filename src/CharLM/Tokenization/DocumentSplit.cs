using System.Text;
using CharLM.Corpora;

namespace CharLM.Tokenization;

/// <summary>
/// Finds the documents of a raw text, chunk by chunk, and leaves out blank ones. White space before a document and after its last line is
/// held back until it is clear whether it belongs to a document.
/// </summary>
/// <param name="kind">What a document is.</param>
/// <param name="begin">Called at the beginning of each document with its position in UTF-16 units.</param>
/// <param name="text">Called with the text of the current document, part by part.</param>
/// <param name="end">Called at the end of each document.</param>
internal sealed class DocumentSplit(
    DocumentKind kind, Action<long> begin, DocumentSplit.Receiver text, Action end)
{
    // As long as the longest line that can be scored.
    private const int LongestBlank = LineReader.LongestLine;

    private readonly StringBuilder _waiting = new();
    private long _place, _begin;
    private bool _isOpen, _isBlank = true, _afterReturn;

    /// <summary>Receives some text.</summary>
    internal delegate void Receiver(ReadOnlySpan<char> text);

    /// <summary>Reads the next chunk.</summary>
    public void Add(TextChunk chunk)
    {
        ReadOnlySpan<char> left = chunk.Text.Span;
        if (kind == DocumentKind.Files)
        {
            if (chunk.BeginsFile)
                EndUnit();
            Take(left);
            return;
        }
        while (!left.IsEmpty)
        {
            // The two characters of a line end may lie in two chunks.
            if (_afterReturn && left[0] == '\n')
            {
                EndLine(left[..1], isSame: true);
                left = left[1..];
                continue;
            }
            int length = left.IndexOfAny('\n', '\r');
            Take(length < 0 ? left : left[..length]);
            if (length < 0)
                return;
            EndLine(left.Slice(length, 1), isSame: false);
            left = left[(length + 1)..];
        }
    }

    /// <summary>Ends the last document.</summary>
    public void End() => EndUnit();

    private void Take(ReadOnlySpan<char> part)
    {
        if (part.IsEmpty)
            return;
        _afterReturn = false;
        _place += part.Length;
        if (_isBlank && part.IsWhiteSpace())
        {
            Wait(part);
            return;
        }
        if (!_isOpen)
            begin(_begin);
        (_isOpen, _isBlank) = (true, false);
        foreach (ReadOnlyMemory<char> waited in _waiting.GetChunks())
            text(waited.Span);
        _waiting.Clear();
        text(part);
    }

    // A line feed after a carriage return belongs to the same line end.
    private void EndLine(ReadOnlySpan<char> lineEnd, bool isSame)
    {
        _place++;
        _afterReturn = lineEnd[0] == '\r';
        if (kind == DocumentKind.Paragraphs && _isOpen && (isSame || !_isBlank))
        {
            Wait(lineEnd);
            _isBlank = true;
            return;
        }
        EndUnit();
    }

    private void EndUnit()
    {
        if (_isOpen)
            end();
        _waiting.Clear();
        (_isOpen, _isBlank, _begin) = (false, true, _place);
    }

    private void Wait(ReadOnlySpan<char> part)
    {
        _waiting.Append(part);
        if (_waiting.Length > LongestBlank)
        {
            throw new InvalidConfigException(
                [$"the text has more than {LongestBlank} characters of white space in a row, which no document can hold"]);
        }
    }
}
