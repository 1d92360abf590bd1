using CharLM.Corpora;

namespace CharLM.Tokenization;

/// <summary>Finds the part of a raw text that a range of tokens comes from.</summary>
internal static class RawPlaces
{
    /// <summary>
    /// The raw text, in UTF-16 units, of the predicted tokens of a range, all but its first; with documents, from the first document to the
    /// beginning of the one after the last.
    /// </summary>
    /// <param name="corpus">The text.</param>
    /// <param name="encoded">Its tokens.</param>
    /// <param name="range">Two or more tokens.</param>
    /// <param name="length">Chunk length for a text in memory, in UTF-16 units.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    public static (long Begin, long End) Of(
        CorpusText corpus, EncodedText encoded, TextRange range, int length = CorpusText.ChunkLength,
        CancellationToken cancellationToken = default)
    {
        IEnumerable<TextChunk> chunks = corpus.Chunks(length, cancellationToken);
        (long begin, long end) = encoded.Config.Documents == DocumentKind.None
            ? OfTokens(chunks, encoded.Config, range.Begin + 1, range.End) : OfDocuments(chunks, encoded.Config, range);
        return (begin, range.End == encoded.Length ? encoded.Figures.Length : end);
    }

    private static (long Begin, long End) OfDocuments(IEnumerable<TextChunk> chunks, TextConfig config, TextRange range)
    {
        (long begin, long end) = (-1, -1);
        var pass = new TextPass(config, null)
        {
            OnDocument = (raw, place) =>
            {
                begin = place == range.Begin ? raw : begin;
                end = place == range.End - 1 ? raw : end;
            },
        };
        foreach (TextChunk chunk in chunks)
        {
            pass.Add(chunk);
            if (end >= 0)
                return (begin, end);
        }
        pass.End();
        return (begin, end);
    }

    private static (long Begin, long End) OfTokens(IEnumerable<TextChunk> chunks, TextConfig config, long first, long next)
    {
        var tokenizer = Tokenizer.Create(config.Token);
        TokenPass tokens = tokenizer.NewPass();
        var cleaning = new CleaningPass(config.Cleaning, tokenizer.LineSeparator);
        long place = 0;
        (long begin, long end) = (-1, -1);
        foreach (TextChunk chunk in chunks.Append(default))
        {
            ReadOnlySpan<char> text = chunk.Text.Span;
            CleaningPass before = cleaning.Copy();
            ReadOnlySpan<char> cleaned = cleaning.Read(text, isLast: text.IsEmpty);
            begin = begin < 0 ? PlaceOf(first, text, cleaned) : begin;
            end = PlaceOf(next, text, cleaned);
            if (end >= 0)
                break;
            tokens.Add(cleaned);
            place += text.Length;

            long PlaceOf(long token, ReadOnlySpan<char> text, ReadOnlySpan<char> cleaned)
            {
                int index = tokens.PlaceOf(cleaned, token - tokens.Begun);
                return index == cleaned.Length ? -1 : place + before.Copy().RawPlaceOf(text, index);
            }
        }
        return (begin, end);
    }
}
