using CharLM.Tokenization;

namespace CharLM.Batching;

/// <summary>
/// Where the documents of a stream lie: each is read from the end token before it, and predicted up to its own. Tokens before the
/// first end token or after the last belong to documents that were cut.
/// </summary>
internal static class DocumentList
{
    /// <summary>The documents, in order.</summary>
    /// <param name="tokens">The stream.</param>
    /// <param name="endId">The id that ends a document.</param>
    public static List<DocumentPart> Of(TokenSource tokens, int endId)
    {
        var documents = new List<DocumentPart>();
        long begin = 0, place = 0;
        foreach (ReadOnlyMemory<int> block in tokens.Blocks())
        {
            ReadOnlySpan<int> ids = block.Span;
            for (int from = 0, length; from < ids.Length; from += length + 1)
            {
                length = ids[from..].IndexOf(endId);
                if (length < 0)
                    break;
                if (place + from + length > begin)
                    documents.Add(new DocumentPart(begin, place + from + length - begin));
                begin = place + from + length;
            }
            place += ids.Length;
        }
        if (tokens.Length - 1 > begin)
            documents.Add(new DocumentPart(begin, tokens.Length - 1 - begin));
        return documents;
    }
}

/// <summary>A run of tokens of one document.</summary>
/// <param name="Begin">The position of the first input token.</param>
/// <param name="Length">The number of input tokens; each predicts the token after it.</param>
internal readonly record struct DocumentPart(long Begin, long Length);
