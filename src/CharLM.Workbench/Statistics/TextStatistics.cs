using CharLM.Corpora;
using CharLM.Tokenization;

namespace CharLM.Workbench.Statistics;

/// <summary>
/// The statistics of a text, as the books' chapter on text has them: frequencies of characters, words and their n-grams with Zipf's law,
/// the vocab by minimum frequency, the lengths of lines, the shares of scripts. Frequencies are those of the cleaned text, lines and
/// scripts those of the raw one.
/// </summary>
internal sealed record TextStatistics
{
    /// <summary>Characters and words, or bytes.</summary>
    public required IReadOnlyList<UnitStatistics> Units { get; init; }

    /// <summary>The lengths of the raw text's lines.</summary>
    public required LineLengths Lines { get; init; }

    /// <summary>Why words are not counted; null if they are.</summary>
    public string? WithoutWords { get; init; }

    /// <summary>The scripts of the raw text, most characters first; empty for bytes.</summary>
    public required IReadOnlyList<ScriptShare> Scripts { get; init; }

    /// <summary>Reads a text once, part by part, and counts it.</summary>
    /// <param name="corpus">The text.</param>
    /// <param name="config">How to clean it; its kind of token decides only whether the units are bytes.</param>
    /// <param name="order">The longest n-grams, 1 to 5.</param>
    /// <param name="mostNGrams">The number of different n-grams of each order to keep; default about a million.</param>
    /// <param name="cancellationToken">Looked at now and then.</param>
    /// <exception cref="InvalidConfigException">The order is out of range.</exception>
    /// <exception cref="CorpusException">The text cannot be read.</exception>
    public static TextStatistics Of(CorpusText corpus, TextConfig config, int order, int mostNGrams = NGramCounter.DefaultMost,
        CancellationToken cancellationToken = default)
    {
        if (order is < 1 or > NGramCounter.LongestOrder)
            throw new InvalidConfigException([$"ngrams must be 1 to {NGramCounter.LongestOrder}, not {order}"]);
        TokenKind[] kinds = config.Token == TokenKind.Byte ? [TokenKind.Byte] : [TokenKind.Char, TokenKind.Word];
        List<UnitPass> units = [.. kinds.Select(kind => new UnitPass(config with { Token = kind }, order, mostNGrams))];
        var lines = new LineLengths();
        string? withoutWords = null;
        ScriptShares? scripts = config.Token == TokenKind.Byte ? null : new ScriptShares();
        foreach (TextChunk chunk in corpus.Chunks(CorpusText.ChunkLength, cancellationToken))
        {
            cancellationToken.ThrowIfCancellationRequested();
            lines.Add(chunk.Text.Span);
            scripts?.Add(chunk.Text.Span);
            for (int i = 0; i < units.Count; i++)
            {
                try
                {
                    units[i].Add(chunk);
                }
                catch (InvalidConfigException e) when (i > 0)
                {
                    // Without white space, a word has no end; everything else can be counted all the same.
                    withoutWords = e.Message;
                    units.RemoveAt(i);
                }
            }
        }
        lines.End();
        scripts?.End();
        return new TextStatistics
        {
            Units = [.. units.Select(unit => unit.End())],
            Lines = lines,
            Scripts = scripts?.Result() ?? [],
            WithoutWords = withoutWords,
        };
    }
}

/// <summary>The frequencies of one kind of token.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Orders">The tokens themselves, then their n-grams by length.</param>
/// <param name="VocabSizes">The vocab by minimum frequency.</param>
internal sealed record UnitStatistics(TokenKind Kind, IReadOnlyList<NGramStatistics> Orders, IReadOnlyList<VocabSize> VocabSizes);

/// <summary>The frequencies of n-grams of one length.</summary>
/// <param name="Order">Tokens of each.</param>
/// <param name="Total">How many the text has.</param>
/// <param name="Kinds">How many different ones are kept: all, unless some were dropped.</param>
/// <param name="Most">The most frequent.</param>
/// <param name="Curve">Ranks and frequencies, at ranks evenly spaced in their logarithm.</param>
/// <param name="Zipf">Zipf's law fitted to them; null if there are too few.</param>
internal sealed record NGramStatistics(
    int Order, long Total, int Kinds, IReadOnlyList<(string[] Tokens, long Count, long Error)> Most,
    IReadOnlyList<(double Rank, double Frequency)> Curve, ZipfFit? Zipf)
{
    /// <summary>How many times rare n-grams were dropped to bound the memory; 0 if all counts are exact.</summary>
    public long Dropped { get; init; }

    /// <summary>No n-gram that is missing occurs more often.</summary>
    public long MostDropped { get; init; }
}

/// <summary>The vocab at one minimum frequency.</summary>
/// <param name="MinFreq">The minimum frequency.</param>
/// <param name="Size">Entries of the vocab, with the unknown token.</param>
/// <param name="Unknown">The share of the tokens that become unknown, 0 to 1.</param>
internal sealed record VocabSize(long MinFreq, int Size, double Unknown);

/// <summary>Counts one kind of token while a text is read.</summary>
internal sealed class UnitPass
{
    private const int MostFrequent = 50, CurvePoints = 200;
    private static readonly int[] Digits = [1, 2, 5];

    private readonly TextConfig _config;
    private readonly TextPass _pass;
    private readonly NGramCounter[] _counters;
    private readonly bool _hasEnds;

    /// <summary>Creates a pass that has read nothing.</summary>
    /// <param name="config">How to clean and tokenize.</param>
    /// <param name="order">The longest n-grams.</param>
    /// <param name="mostNGrams">The number of different n-grams of each order to keep.</param>
    public UnitPass(TextConfig config, int order, int mostNGrams)
    {
        (_config, _hasEnds) = (config, config.Documents != DocumentKind.None);
        _counters = [.. Enumerable.Range(2, order - 1).Select(n => new NGramCounter(n, mostNGrams))];
        _pass = new TextPass(config, _counters.Length == 0 ? null : Count);
    }

    /// <summary>Reads the next chunk.</summary>
    public void Add(TextChunk chunk) => _pass.Add(chunk);

    /// <summary>Ends the text.</summary>
    public UnitStatistics End()
    {
        _pass.End();
        IReadOnlyList<TokenCount> tokens = _pass.Tokens.Counts;
        int first = _hasEnds ? 1 : 0;
        TokenCount[] sorted = [.. tokens.OrderByDescending(token => token.Count)];
        long[] frequencies = [.. sorted.Select(token => token.Count)];
        var unigrams = new NGramStatistics(1, _pass.Tokens.Total, sorted.Length,
            [.. sorted.Take(MostFrequent).Select(token => ((string[])[token.Token], token.Count, 0L))],
            CurveOf(frequencies), ZipfFit.Of(frequencies));
        return new UnitStatistics(_config.Token, [unigrams, .. _counters.Select(counter => Of(counter, tokens, first))],
            _config.Token == TokenKind.Byte ? [] : VocabSizesOf(frequencies, _pass.Tokens.Total, first));
    }

    private static NGramStatistics Of(NGramCounter counter, IReadOnlyList<TokenCount> tokens, int first)
    {
        NGramCount[] sorted = counter.Sorted();
        // Where n-grams were dropped, a curve would only show what is kept.
        long[] frequencies = [.. sorted.Select(gram => gram.Count).Where(count => count > counter.MostDropped)];
        return new NGramStatistics(counter.Order, counter.Total, counter.Kinds,
            [.. sorted.Take(MostFrequent)
                .Select(gram => ((string[])[.. gram.Tokens.Select(token => tokens[token - first].Token)], gram.Count, gram.Error))],
            CurveOf(frequencies), ZipfFit.Of(frequencies))
        {
            Dropped = counter.DroppedKinds,
            MostDropped = counter.MostDropped,
        };
    }

    private static IReadOnlyList<(double Rank, double Frequency)> CurveOf(long[] frequencies) =>
        [.. ZipfFit.Ranks(frequencies.Length, CurvePoints).Select(rank => ((double)rank, (double)frequencies[rank - 1]))];

    // 1, 2, 5, 10, 20, 50 and so on, up to the highest frequency.
    private static List<VocabSize> VocabSizesOf(long[] frequencies, long total, int ends)
    {
        var sizes = new List<VocabSize>();
        for (long ten = 1; total > 0 && ten <= frequencies[0]; ten *= 10)
        {
            foreach (long least in Digits.Select(digit => digit * ten).Where(least => least <= frequencies[0]))
            {
                int kept = frequencies.TakeWhile(frequency => frequency >= least).Count();
                sizes.Add(new VocabSize(least, kept + ends + 1, 1 - (frequencies.Take(kept).Sum() / (double)total)));
            }
        }
        return sizes;
    }

    private void Count(ReadOnlySpan<int> numbers)
    {
        while (!numbers.IsEmpty)
        {
            // The number 0 ends a document.
            int end = _hasEnds ? numbers.IndexOf(0) : -1;
            foreach (NGramCounter counter in _counters)
            {
                counter.Add(end < 0 ? numbers : numbers[..end]);
                if (end >= 0)
                    counter.Break();
            }
            numbers = end < 0 ? [] : numbers[(end + 1)..];
        }
    }
}
