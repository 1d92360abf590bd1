using CharLM.Tokenization;

namespace CharLM.Generation;

/// <summary>The text that each token of a model adds, and the tokens that are never written.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
internal sealed class TokenTexts
{
    private readonly string[] _pieces;
    private readonly int[] _reserved, _reservedByExpression;
    private readonly int _separator;

    /// <param name="vocab">The tokens.</param>
    /// <param name="tokenizer">Their tokenizer.</param>
    /// <param name="endId">The id that ends a document; null: the model has no documents.</param>
    public TokenTexts(Vocab vocab, Tokenizer tokenizer, int? endId)
    {
        EndId = endId;
        _separator = tokenizer.TokenSeparator.Length;
        _pieces = [.. vocab.Tokens.Select((token, id) => id == endId ? "" : tokenizer.TokenSeparator + token)];
        _reserved = [.. Enumerable.Range(0, vocab.Count).Where(id => id != endId && tokenizer.IsReserved(vocab[id]))];
        _reservedByExpression = endId is { } end ? [.. _reserved.Append(end).Order()] : _reserved;
    }

    /// <summary>Number of tokens.</summary>
    public int Count => _pieces.Length;

    /// <summary>The id that ends a document; null: the model has no documents.</summary>
    public int? EndId { get; }

    /// <summary>The text that a token adds.</summary>
    /// <param name="token">The token.</param>
    /// <param name="isAtBeginning">Whether it is the first one of a document, which no separator precedes.</param>
    public string Of(int token, bool isAtBeginning) =>
        isAtBeginning && token != EndId ? _pieces[token][_separator..] : _pieces[token];

    /// <summary>The tokens that do not stand for text; an expression decides about the end instead of the model.</summary>
    public int[] Reserved(bool hasExpression) => hasExpression ? _reservedByExpression : _reserved;
}
