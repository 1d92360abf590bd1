using CharLM.Corpora;

namespace CharLM.Tokenization;

/// <summary>
/// From a raw text to numbered tokens, chunk by chunk, wherever it is cut: documents, cleaning, tokens. With documents, token 0 ends one:
/// it stands before the first and behind each.
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

    /// <summary>A pass that has read nothing.</summary>
    /// <param name="config">How to clean and to tokenize.</param>
    /// <param name="sink">Receives the tokens' numbers; null: they are only counted.</param>
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

    /// <summary>What splits the text into tokens.</summary>
    public TokenPass Tokens { get; }

    /// <summary>Different numbers so far.</summary>
    public int Kinds => Tokens.Kinds + (_documents is null ? 0 : 1);

    /// <summary>Tokens so far, with the ends of documents.</summary>
    public long Length => Tokens.Total + _ends;

    /// <summary>
    /// Told of each document that has a token: where it begins in the raw text, and the place of the end token before it.
    /// </summary>
    public Action<long, long>? OnDocument { get; init; }

    /// <summary>Reads on.</summary>
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
    /// <returns>What was found out about it.</returns>
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

    /// <summary>A pass over the raw text that cleans it as this one does.</summary>
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
        // The first one has an end before it, too, which was put with its first token.
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

/// <summary>What one reading of a raw text finds out about it.</summary>
/// <param name="Length">UTF-16 units of the text.</param>
/// <param name="NonBlank">Documents that are not blank; 0 where there are none.</param>
/// <param name="Documents">Documents of which the cleaning leaves a token.</param>
/// <param name="HasReturns">Whether lines end with a carriage return and a line feed.</param>
/// <param name="Loss">What the cleaning drops.</param>
internal sealed record TextFigures(long Length, long NonBlank, long Documents, bool HasReturns, CleaningLoss Loss);
