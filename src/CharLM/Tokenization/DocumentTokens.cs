using System.Text;
using CharLM.Corpora;

namespace CharLM.Tokenization;

/// <summary>
/// The documents of a text as one stream of token ids: an end token, then each document with an end token behind it. Wherever the
/// stream is cut at an end token, both parts have it: it is the last that one predicts, and the first that the other reads.
/// </summary>
internal sealed class DocumentTokens
{
    private readonly List<int> _places;
    private readonly int _length;
    private readonly List<string> _cleaned;
    private readonly Tokenizer _tokenizer;

    // The place of the end token before each document, and of that behind the last.
    private readonly long[] _ends;

    private DocumentTokens(
        Vocab vocab, Tokenizer tokenizer, TokenSource ids, List<int> places, int length, List<string> cleaned, long[] ends) =>
        (Vocab, _tokenizer, Ids, _places, _length, _cleaned, _ends) = (vocab, tokenizer, ids, places, length, cleaned, ends);

    /// <summary>Token to id and back.</summary>
    public Vocab Vocab { get; }

    /// <summary>The stream; empty when there is no document.</summary>
    public TokenSource Ids { get; }

    /// <summary>Cleans and tokenizes the documents of a text.</summary>
    /// <param name="text">The raw text.</param>
    /// <param name="files">Where each of its files begins.</param>
    /// <param name="config">How.</param>
    /// <param name="vocab">A vocab to encode with; null: made from the text.</param>
    /// <param name="extendsVocab">Whether tokens that it has not are added to it.</param>
    public static DocumentTokens Of(string text, IReadOnlyList<int> files, TextConfig config, Vocab? vocab, bool extendsVocab = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        Tokenizer tokenizer = Tokenizer.Create(config.Token);
        var places = new List<int>();
        var cleaned = new List<string>();
        var ends = new List<long> { 0 };
        var all = new StringBuilder();
        foreach ((int begin, int end) in DocumentSplit.Of(text, config.Documents, files))
        {
            string document = TextCleaner.Clean(text[begin..end], config.Cleaning, tokenizer.LineSeparator);
            int tokens = tokenizer.Kind == TokenKind.Word ? tokenizer.Tokenize(document).Count() : CharTokenizer.Length(document);
            if (tokens == 0)
                continue;
            all.Append(document).Append(tokenizer.LineSeparator);
            places.Add(begin);
            cleaned.Add(document);
            ends.Add(ends[^1] + tokens + 1);
        }
        string joined = all.ToString();
        if (vocab is null || extendsVocab)
        {
            // A word may look like the end token, and is none.
            IEnumerable<TokenCount> counts = tokenizer.Count(joined).Where(count => count.Token != Vocab.End);
            vocab = vocab?.Extend(counts, config.MinFreq) ?? tokenizer.VocabOf(
                cleaned.Count == 0 ? [] : counts.Append(new TokenCount(Vocab.End, cleaned.Count)), config.MinFreq, [Vocab.End]);
        }
        int endId = config.EndIdIn(vocab)!.Value;
        int[] tokensOfAll = EncodeText(tokenizer, joined, vocab, endId);
        var ids = new int[cleaned.Count == 0 ? 0 : checked((int)(ends[^1] + 1))];
        for (int document = 0; document < cleaned.Count; document++)
        {
            int place = (int)ends[document], length = (int)(ends[document + 1] - ends[document]) - 1;
            ids[place] = endId;
            tokensOfAll.AsSpan(place - document, length).CopyTo(ids.AsSpan(place + 1));
        }
        if (ids.Length > 0)
            ids[^1] = endId;
        return new DocumentTokens(vocab, tokenizer, ids, places, text.Length, cleaned, [.. ends]);
    }

    /// <summary>The ids of a text in a document, which holds no end.</summary>
    /// <param name="tokenizer">Splits it.</param>
    /// <param name="text">The text.</param>
    /// <param name="vocab">Token to id.</param>
    /// <param name="endId">What no token of a text is; null: the model knows no documents.</param>
    public static int[] EncodeText(Tokenizer tokenizer, string text, Vocab vocab, int? endId)
    {
        int[] ids = tokenizer.Encode(text, vocab);
        if (endId is { } end)
            ids.AsSpan().Replace(end, Vocab.UnknownId);
        return ids;
    }

    /// <summary>Some tokens, cut at documents: those that are whole before a cut, and the one that is cut, after it.</summary>
    public TextRange Whole(TextRange range)
    {
        if (range.Count == 0 || Ids.IsEmpty)
            return default;
        var whole = new TextRange(EndBefore(range.Begin), EndBefore(Math.Min(range.End, Ids.Length)) + 1);
        return whole.Count < 2 ? default : whole;

        long EndBefore(long place) => _ends[Math.Max(0, Index(place - 1))];
    }

    /// <summary>Where whole documents stand in the raw text: from the first to the one behind the last.</summary>
    public (int Begin, int End) PlaceOf(TextRange whole)
    {
        int next = Index(whole.End - 1);
        return (_places[Index(whole.Begin)], next < _places.Count ? _places[next] : _length);
    }

    /// <summary>Characters and bytes of what is predicted of whole documents; an end is one, like a line end.</summary>
    public (long Characters, long Bytes) LengthOf(TextRange whole)
    {
        long characters = 0, bytes = 0;
        for (int document = Index(whole.Begin); document < Index(whole.End - 1); document++)
        {
            long words = _tokenizer.TokenSeparator.Length == 0 ? 0 : _ends[document + 1] - _ends[document] - 1;
            string text = _tokenizer.TokenSeparator.Length == 0 ? _cleaned[document]
                : string.Concat(_tokenizer.Tokenize(_cleaned[document]));
            characters += _tokenizer.CharactersOf(text) + words + 1;
            bytes += _tokenizer.BytesOf(text).Length + words + 1;
        }
        return (characters, bytes);
    }

    // Which end token is the last at or before a place.
    private int Index(long place)
    {
        int index = Array.BinarySearch(_ends, place);
        return index >= 0 ? index : ~index - 1;
    }
}
