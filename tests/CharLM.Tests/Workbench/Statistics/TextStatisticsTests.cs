using CharLM.Corpora;
using CharLM.Tests.Corpora;
using CharLM.Tokenization;
using CharLM.Workbench.Statistics;

namespace CharLM.Tests.Workbench.Statistics;

/// <summary>Statistics of texts, against the book's figures and against counting by hand.</summary>
public sealed class TextStatisticsTests
{
    private static readonly TextConfig Plain = new() { Cleaning = Cleaning.None, MaxTokens = 0 };

    /// <summary>Dive into Deep Learning, "Exploratory language statistics": the most frequent words, bigrams and trigrams.</summary>
    [Fact]
    public void Of_TheTimeMachine_HasTheFiguresOfTheBook()
    {
        string text = File.ReadAllText(Path.Combine(Repository.SharedFolderOrSkip("corpora"), "timemachine.txt"));
        var statistics = TextStatistics.Of(TestCorpus.Of(text), new TextConfig(), order: 3);
        UnitStatistics words = statistics.Units.Single(unit => unit.Kind == TokenKind.Word);

        Assert.Equal([32775L, 32774, 32773], words.Orders.Select(one => one.Total));
        Assert.Equal(4579, words.Orders[0].Kinds);
        Assert.Equal(
            ["the 2261", "i 1267", "and 1245", "of 1155", "a 816", "to 695", "was 552", "in 541", "that 443", "my 440"],
            Most(words.Orders[0], 10));
        Assert.Equal(
            ["of the 309", "in the 169", "i had 130", "i was 112", "and the 109", "the time 102", "it was 99", "to the 85", "as i 78",
                "of a 73"],
            Most(words.Orders[1], 10));
        Assert.Equal(
            ["the time traveller 59", "the time machine 30", "the medical man 24", "it seemed to 16", "it was a 15"],
            Most(words.Orders[2], 5));
        // The book: the exponents of bigrams and trigrams are smaller, though some structure remains.
        double[] exponents = [.. words.Orders.Select(one => one.Zipf!.Exponent)];
        Assert.InRange(exponents[0], 0.9, 1.2);
        Assert.True(exponents[0] > exponents[1] && exponents[1] > exponents[2], string.Join(", ", exponents));
        UnitStatistics characters = statistics.Units.Single(unit => unit.Kind == TokenKind.Char);
        Assert.Equal((170_580L, 27), (characters.Orders[0].Total, characters.Orders[0].Kinds));
        Assert.Equal(("Latin", true), (statistics.Scripts.First(script => script.ShareOfLetters is not null).Script,
            statistics.Scripts.Sum(script => script.Share) is > 0.999999 and < 1.000001));
    }

    /// <summary>A text in which the word of rank r occurs round(C / r^a) times has exponent a.</summary>
    [Theory]
    [InlineData(0.7)]
    [InlineData(1.0)]
    [InlineData(1.6)]
    public void Of_TextThatObeysZipf_FindsItsExponent(double exponent)
    {
        string text = string.Join(' ', Enumerable.Range(1, 400).SelectMany(rank =>
            Enumerable.Repeat($"w{rank}", (int)Math.Round(20_000 / Math.Pow(rank, exponent)))));
        ZipfFit fit = TextStatistics.Of(TestCorpus.Of(text), Plain, order: 1).Units[1].Orders[0].Zipf!;

        Assert.Equal(exponent, fit.Exponent, 0.01);
        Assert.Equal(20_000, fit.Constant, 20_000 * 0.02);
        Assert.InRange(fit.Determination, 0.999, 1);
    }

    [Theory]
    [InlineData(DocumentKind.None)]
    [InlineData(DocumentKind.Lines)]
    public void Of_TextOfManyChunks_CountsAsADictionaryDoes(DocumentKind documents)
    {
        var random = new Random(7);
        string text = string.Concat(Enumerable.Range(0, 40_000).Select(_ =>
            random.Next(12) switch { 0 => "\n", 1 => "🐳 ", 2 => "漢 ", var n => $"{(char)('a' + n)} " }));
        TextConfig config = Plain with { Documents = documents };
        var statistics = TextStatistics.Of(TestCorpus.Of(text), config, order: 5);
        string[] parts = documents == DocumentKind.None ? [text] : text.Split('\n');

        foreach (UnitStatistics unit in statistics.Units)
        {
            var tokenizer = Tokenizer.Create(unit.Kind);
            string[][] tokens = [.. parts.Where(part => documents == DocumentKind.None || !string.IsNullOrWhiteSpace(part))
                .Select(part => tokenizer.Tokenize(part).ToArray())];
            foreach (NGramStatistics one in unit.Orders)
            {
                Dictionary<string, int> counted = tokens.SelectMany(part => Enumerable.Range(0, Math.Max(0, part.Length - one.Order + 1))
                    .Select(i => string.Join('|', part[i..(i + one.Order)]))).CountBy(gram => gram).ToDictionary();
                Assert.Equal((counted.Values.Sum(), counted.Count, 0L), ((int)one.Total, one.Kinds, one.Dropped));
                Assert.All(one.Most, gram => Assert.Equal((counted[string.Join('|', gram.Tokens)], 0L), ((int)gram.Count, gram.Error)));
                Assert.Equal(counted.Values.OrderDescending().Take(one.Most.Count), one.Most.Select(gram => (int)gram.Count));
            }
            EncodedText encoded = EncodedText.Of(TestCorpus.Of(text), config with { Token = unit.Kind });
            Assert.All(unit.VocabSizes, size => Assert.Equal(encoded.VocabOf((int)size.MinFreq).Count, size.Size));
        }
    }

    /// <summary>The bounds of Manku and Motwani: no count is too high, none is lower by more than it says.</summary>
    [Theory]
    [InlineData(50)]
    [InlineData(1000)]
    public void Counter_WithTooManyKinds_KeepsTheFrequentAndBoundsItsErrors(int most)
    {
        var random = new Random(3);
        int[] tokens = [.. Enumerable.Range(0, 60_000).Select(_ => (int)(Math.Pow(random.NextDouble(), 4) * 500))];
        var counter = new NGramCounter(2, most);
        foreach (int[] chunk in tokens.Chunk(777))
            counter.Add(chunk);
        Dictionary<(int, int), int> counted = tokens.Zip(tokens.Skip(1)).CountBy(pair => pair).ToDictionary();
        NGramCount[] kept = counter.Sorted();

        Assert.InRange(kept.Length, 1, most);
        Assert.True(counter.DroppedKinds > 0 && counter.Total == tokens.Length - 1);
        Assert.All(kept, gram => Assert.InRange(counted[(gram.Tokens[0], gram.Tokens[1])], gram.Count, gram.Count + gram.Error));
        var missing = counted.Keys.Except(kept.Select(gram => (gram.Tokens[0], gram.Tokens[1])));
        Assert.All(missing, pair => Assert.InRange(counted[pair], 1, counter.MostDropped));
        if (most == 1000)
            Assert.Equal(counted.Values.Max(), kept[0].Count + kept[0].Error);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(100)]
    public void Lines_OfEveryKindOfEnd_HaveTheirLengths(int chunk)
    {
        const string Text = "abc\r\n\r\nü🐳\rx\n\nlast";
        var lines = new LineLengths();
        foreach (char[] part in Text.Chunk(chunk))
            lines.Add(part);
        lines.End();

        // abc, an empty line, ü and a whale, x, an empty line, last.
        Assert.Equal([(0L, 2L), (1, 1), (2, 1), (3, 1), (4, 1)], lines.Counts.Select(pair => (pair.Key, pair.Value)));
        Assert.Equal((6L, 2L, 4L, 10 / 6.0), (lines.Count, lines.Empty, lines.Longest, lines.Mean));
        Assert.Equal([0L, 1, 4], new[] { 0.3, 0.5, 1 }.Select(lines.Quantile));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    public void Scripts_OfMixedText_AreUnicodes(int chunk)
    {
        var scripts = new ScriptShares();
        foreach (char[] part in "Aé漢字Да𠀀 🐳\u0301\ud800".Chunk(chunk))
            scripts.Add(part);
        scripts.End();

        // Han: two characters and one beyond the first plane; a lone surrogate reads as U+FFFD, which is Common, as space and whale are.
        Assert.Equal([("Common", 3L, 3), ("Han", 3, 3), ("Cyrillic", 2, 2), ("Latin", 2, 2), ("Inherited", 1, 1)],
            scripts.Result().OrderByDescending(script => script.Characters).ThenBy(script => script.Script, StringComparer.Ordinal)
                .Select(script => (script.Script, script.Characters, script.Kinds)));
        Assert.Equal(3 / 7.0, scripts.Result().Single(script => script.Script == "Han").ShareOfLetters);
    }

    [Fact]
    public void Of_Bytes_CountsBytes()
    {
        var statistics = TextStatistics.Of(TestCorpus.Of("aab\u00ff\u00ff"), Plain with { Token = TokenKind.Byte }, order: 2);
        UnitStatistics bytes = Assert.Single(statistics.Units);

        Assert.Equal(["61 61", "61 62", "62 ff", "ff ff"],
            bytes.Orders[1].Most.Select(gram => StatisticsPage.Spell(bytes.Kind, gram.Tokens)));
        Assert.Empty(statistics.Scripts);
    }

    [Fact]
    public void Of_TextWithoutWhiteSpace_CountsAllButWords()
    {
        var statistics = TextStatistics.Of(TestCorpus.Of(new string('a', (16 << 20) + 2)), Plain, order: 2);
        UnitStatistics characters = Assert.Single(statistics.Units);

        Assert.Equal((16 << 20) + 1, characters.Orders[1].Most.Single().Count);
        Assert.Contains("read it in characters", statistics.WithoutWords, StringComparison.Ordinal);
        Assert.StartsWith("Words are not counted: ", new StatisticsPage(statistics, "a", Cleaning.None).Dropped().Single().Text,
            StringComparison.Ordinal);
        // Nothing at all after cleaning.
        Assert.Equal(4, new StatisticsPage(TextStatistics.Of(TestCorpus.Of("漢字"), new TextConfig(), order: 3), "b", Cleaning.D2L).Page()
            .Sections.Count(section => section.Parts.Count > 0 && section.Title != "Scripts"));
    }

    private static IEnumerable<string> Most(NGramStatistics statistics, int most) =>
        statistics.Most.Take(most).Select(gram => $"{string.Join(' ', gram.Tokens)} {gram.Count}");
}
