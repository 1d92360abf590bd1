using CharLM.Corpora;

namespace CharLM.Tokenization;

/// <summary>
/// Turns a raw text into numbered tokens, chunk by chunk, with the same result wherever it is cut: documents, cleaning, tokens. With
/// documents, token 0 stands before the first document and after each.
/// </summary>
internal sealed class TextPass
{
    private const int EndToken = 0;
    private static readonly int[] OneEnd = [EndToken];

    private readonly Tokenizer _tokenizer;
    private readonly Cleaning _cleaningKind;
    private readonly DocumentSplit? _documents;
    private readonly CleaningLossPass _loss;
    private readonly Action<ReadOnlySpan<int>>? _sink;
    private CleaningPass _cleaning;
    private long _ends, _wordsBefore, _begin, _nonBlank, _length;
    private bool _hasReturns, _afterReturn;

    /// <summary>Creates a pass that has read nothing.</summary>
    /// <param name="config">How to clean and tokenize.</param>
    /// <param name="sink">Receives the tokens' numbers; null only counts them.</param>
    public TextPass(TextConfig config, Action<ReadOnlySpan<int>>? sink)
    {
        (_tokenizer, _cleaningKind, _sink) = (Tokenizer.Create(config.Token), config.Cleaning, sink);
        _documents = config.Documents == DocumentKind.None ? null
            : new DocumentSplit(config.Documents, BeginDocument, text => AddText(text, isLast: false), EndDocument);
        Tokens = _tokenizer.NewPass(_documents is null ? 0 : EndToken + 1);
        Tokens.Sink = _documents is null || sink is null ? sink : PutWithFirstEnd;
        _cleaning = NewCleaning();
        _loss = new CleaningLossPass(config.Cleaning);
    }

    /// <summary>The tokens so far, without the ends of documents.</summary>
    public TokenPass Tokens { get; }

    /// <summary>How many different numbers there are so far.</summary>
    public int Kinds => Tokens.Kinds + (_documents is null ? 0 : 1);

    /// <summary>How many tokens there are so far, including the ends of documents.</summary>
    public long Length => Tokens.Total + _ends;

    /// <summary>
    /// Called for each document that has a token, with its beginning in the raw text and the position of the end token before it.
    /// </summary>
    public Action<long, long>? OnDocument { get; init; }

    /// <summary>Reads the next chunk.</summary>
    public void Add(TextChunk chunk)
    {
        ReadOnlySpan<char> text = chunk.Text.Span;
        if (text.IsEmpty)
            return;
        _length += text.Length;
        _hasReturns = _hasReturns || (_afterReturn && text[0] == '\n') || text.IndexOf("\r\n", StringComparison.Ordinal) >= 0;
        _afterReturn = text[^1] == '\r';
        _loss.Read(text);
        if (_documents is null)
            AddText(text, isLast: false);
        else
            _documents.Add(chunk);
    }

    /// <summary>Ends the text.</summary>
    /// <returns>Figures of the whole text.</returns>
    public TextFigures End()
    {
        if (_documents is null)
        {
            AddText([], isLast: true);
            Tokens.End();
        }
        else
        {
            _documents.End();
        }
        return new TextFigures(_length, _nonBlank, _ends == 0 ? 0 : _ends - 1, _hasReturns, _loss.Result());
    }

    /// <summary>Creates a cleaning pass like the one in use.</summary>
    public CleaningPass NewCleaning() => new(_cleaningKind, _tokenizer.LineSeparator);

    private void AddText(ReadOnlySpan<char> text, bool isLast) => Tokens.Add(_cleaning.Read(text, isLast));

    private void BeginDocument(long place)
    {
        _nonBlank++;
        _cleaning = NewCleaning();
        (_begin, _wordsBefore) = (place, Tokens.Total);
    }

    private void EndDocument()
    {
        AddText([], isLast: true);
        Tokens.End();
        if (Tokens.Total == _wordsBefore)
            return;
        // The first document also has an end before it, emitted with its first token.
        _ends += _ends == 0 ? 2 : 1;
        OnDocument?.Invoke(_begin, _wordsBefore + _ends - 2);
        _sink?.Invoke(OneEnd);
    }

    private void PutWithFirstEnd(ReadOnlySpan<int> ids)
    {
        if (ids.IsEmpty)
            return;
        _sink!(OneEnd);
        Tokens.Sink = _sink;
        _sink(ids);
    }
}

/// <summary>Figures of a raw text.</summary>
/// <param name="Length">UTF-16 units of the text.</param>
/// <param name="NonBlank">Documents that are not blank; 0 if the text has no documents.</param>
/// <param name="Documents">Documents that have a token after cleaning.</param>
/// <param name="HasReturns">Whether any line ends with a carriage return and a line feed.</param>
/// <param name="Loss">What the cleaning drops.</param>
internal sealed record TextFigures(long Length, long NonBlank, long Documents, bool HasReturns, CleaningLoss Loss);
