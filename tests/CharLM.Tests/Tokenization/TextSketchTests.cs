using System.Text;
using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Models;
using CharLM.Randomness;
using CharLM.Tests.Corpora;
using CharLM.Tokenization;
using CharLM.Workbench.Runs;

namespace CharLM.Tests.Tokenization;

public sealed class TextSketchTests
{
    private const double Within = 0.1;

    private static readonly Vocab Letters = new(" abcdefghijklmnopqrstuvwxyz\n".Select(c => new TokenCount(c.ToString(), 1)));

    [Fact]
    public void ShareOf_TextItself_IsAllOfIt()
    {
        foreach (int length in new[] { 2_000, 30_000, 300_000 })
        {
            int[] text = Prose(1, length);
            TextSketch sketch = Sketch(text);
            Assert.Equal(1, sketch.ShareOf(text, Letters));
            Assert.InRange(sketch.Pack().Length, 1, 10_000);
            Assert.InRange(sketch.ShareOf(Prose(2, length), Letters)!.Value, 0, 0.02);
        }
    }

    // Pieces of 2,000 characters, a given number of them known: at the beginning, at the end, in the middle, and in slices.
    [Theory]
    [InlineData(0)]
    [InlineData(0.25)]
    [InlineData(0.5)]
    [InlineData(0.75)]
    [InlineData(1)]
    public void ShareOf_TwoThousandCharacters_IsWithinTenPoints(double known)
    {
        int[] trained = Prose(1, 150_000), foreign = Prose(2, 150_000);
        TextSketch sketch = Sketch(trained);
        int length = (int)(2_000 * known), rest = 2_000 - length;
        for (int begin = 0; begin < 140_000; begin += 14_000)
        {
            int[] cut = trained[begin..(begin + length)], other = foreign[begin..(begin + rest)];
            int[][] texts = [[.. cut, .. other], [.. other, .. cut], [.. other[..(rest / 2)], .. cut, .. other[(rest / 2)..]]];
            foreach (int[] text in texts)
                Assert.Equal(known, sketch.ShareOf(text, Letters)!.Value, Within);
        }
    }

    [Fact]
    public void ShareOf_LinesInAnotherOrder_IsAllOfIt()
    {
        int[] text = Lines(1, 4_000);
        int[][] lines = [.. SplitLines(text)];
        new RandomStream(5).Shuffle<int[]>(lines);
        Assert.InRange(Sketch(text).ShareOf(lines.SelectMany(line => line).ToArray(), Letters)!.Value, 1 - 0.01, 1);
        // Lines shorter than a passage count as passages.
        int[] names = Lines(3, 3_000, words: 1);
        lines = [.. SplitLines(names)];
        new RandomStream(6).Shuffle<int[]>(lines);
        Assert.Equal(1, Sketch(names).ShareOf(lines.SelectMany(line => line).ToArray(), Letters));
    }

    [Fact]
    public void ShareOf_LettersInAnotherOrder_IsNothing()
    {
        int[] text = Prose(1, 20_000), shuffled = [.. text];
        new RandomStream(5).Shuffle<int>(shuffled);
        Assert.InRange(Sketch(text).ShareOf(shuffled, Letters)!.Value, 0, 0.01);
    }

    [Fact]
    public void ShareOf_PassagesWrittenOut_IsTheirShare()
    {
        // A text this short keeps every passage: the share is that of the passages, up to rounding at the middles between them.
        int[] text = Prose(1, 200), other = [.. text[40..140], .. Prose(2, 100)];
        HashSet<string> known = [.. Enumerable.Range(0, text.Length - 19).Select(i => string.Join(' ', text[i..(i + 20)]))];
        bool[] told = [.. Enumerable.Range(0, other.Length - 19).Select(i => known.Contains(string.Join(' ', other[i..(i + 20)])))];
        Assert.Equal(told.Count(is_ => is_) / (double)told.Length, Sketch(text).ShareOf(other, Letters)!.Value, 0.06);
        Assert.Null(Sketch(text).ShareOf(text.AsMemory(0, 22), Letters));
    }

    [Fact]
    public void ShareOf_Words_CountsPassagesOfWords()
    {
        var config = new TextConfig { Token = TokenKind.Word, MaxTokens = 0 };
        string first = Spell(Prose(1, 20_000)), second = Spell(Prose(2, 20_000));
        TokenizedText trained = TokenizedText.From(first, config);
        int[] both = TokenizedText.From($"{second} {first}", config, trained.Vocab).Train.ToArray();
        Assert.Equal(0.5, TextSketch.Of(trained.Train, trained.Vocab, TokenKind.Word).ShareOf(both, trained.Vocab)!.Value, Within);
    }

    [Fact]
    public void With_AnotherText_KnowsBoth()
    {
        int[] first = Prose(1, 150_000), second = Prose(2, 20_000), third = Prose(3, 20_000);
        TextSketch both = Sketch(second).With(Sketch(first));
        Assert.All([first, second], text => Assert.Equal(1, both.ShareOf(text, Letters)));
        Assert.InRange(both.ShareOf(third, Letters)!.Value, 0, 0.02);
        Assert.Equal(both.Pack(), both.With(Sketch(second)).Pack());
        Assert.InRange(both.Count, 1, 4096);
    }

    [Fact]
    public void Unpack_Packed_IsTheSame()
    {
        foreach (int length in new[] { 0, 10, 21, 3_000, 100_000 })
        {
            TextSketch sketch = Sketch(Prose(1, length));
            TextSketch again = TextSketch.Unpack(sketch.PassageLength, sketch.Limit, sketch.Pack());
            Assert.Equal((sketch.Count, sketch.Limit), (again.Count, again.Limit));
            Assert.Equal(sketch.Pack(), again.Pack());
        }
    }

    public static TheoryData<int, int, byte[]> Damaged => new()
    {
        { 0, 100, [1] },
        { 20, -1, [1] },
        { 20, 1 << 28, [1] },
        { 20, 100, [101] },              // above the limit
        { 20, 100, [5, 0] },             // duplicate
        { 20, 100, [5, 0x80] },          // cut off
        { 20, 100, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1] },
    };

    [Theory]
    [MemberData(nameof(Damaged))]
    public void Unpack_Damaged_IsRefused(int passageLength, int limit, byte[] packed) =>
        Assert.Throws<FormatException>(() => TextSketch.Unpack(passageLength, limit, packed));

    [Fact]
    public void Checkpoint_Written_KeepsItsSketchAndNotWhatWasHeldOut()
    {
        using var folder = new TemporaryFolder();
        CorpusText corpus = TestCorpus.Of(Spell(Prose(1, 6_000)), "one");
        var text = new TextConfig { MaxTokens = 0, ValidationFraction = 0.5 };
        Train(folder.File("model"), corpus, text);
        new NGramRun { Text = text, Order = 2, CheckpointPath = folder.File("counts") }.Execute(corpus,
            TestContext.Current.CancellationToken);
        foreach (string file in new[] { "model", "counts" })
        {
            ISavedModel saved = ModelFile.Read(folder.File(file));
            TokenizedText tokens = TokenizedText.From(corpus.Text, text, saved.Vocab);
            Assert.Equal(1, saved.TrainedText!.ShareOf(tokens.Train, saved.Vocab));
            Assert.InRange(saved.TrainedText.ShareOf(tokens.HeldOut, saved.Vocab)!.Value, 0, 0.02);
        }
        // Training on with another text adds it; for a model without a sketch, it stays unknown.
        CorpusText other = TestCorpus.Of(Spell(Prose(2, 6_000)), "two");
        Checkpoint start = CheckpointFile.Read(folder.File("model"));
        Train(folder.File("more"), other, text, start, epochs: 2);
        Checkpoint more = CheckpointFile.Read(folder.File("more"));
        Assert.Equal(0.5, Share(more, corpus), Within);
        Assert.Equal(0.5, Share(more, other), Within);
        Train(folder.File("unknown"), other, text, start with { TrainedText = null }, epochs: 2);
        Assert.Null(CheckpointFile.Read(folder.File("unknown")).TrainedText);

        static double Share(Checkpoint saved, CorpusText corpus) =>
            saved.TrainedText!.ShareOf(TokenizedText.From(corpus.Text, new TextConfig { MaxTokens = 0 }, saved.Vocab).Train,
                saved.Vocab)!.Value;
    }

    private static void Train(string path, CorpusText corpus, TextConfig text, Checkpoint? start = null, int epochs = 1) => new TrainingRun(
        new RunConfig
        {
            Text = text,
            Model = new ModelConfig { NumHiddens = 4 },
            Training = new() { BatchSize = 4, NumSteps = 20, NumEpochs = epochs },
            SampleEvery = 0,
            CheckpointPath = path
        },
        start,
        threads: 1).Execute(corpus, cancellationToken: TestContext.Current.CancellationToken);

    private static TextSketch Sketch(int[] text) => TextSketch.Of(text, Letters, TokenKind.Char);

    // 300 words in random order, so that no passage recurs elsewhere.
    private static int[] Prose(int seed, int length)
    {
        var random = new RandomStream(seed, "prose");
        var text = new StringBuilder();
        while (text.Length < length)
            text.Append(Word(random.Next(300))).Append(' ');
        return Tokenizer.Create(TokenKind.Char).Encode(text.ToString().AsSpan(0, length), Letters);
    }

    private static int[] Lines(int seed, int lines, int words = 9)
    {
        var random = new RandomStream(seed, "lines");
        IEnumerable<string> all = Enumerable.Range(0, lines).Select(_ =>
            string.Join(' ', Enumerable.Range(0, words).Select(_ => Word(random.Next(300)))) + "\n");
        return Tokenizer.Create(TokenKind.Char).Encode(string.Concat(all), Letters);
    }

    private static string Word(int number)
    {
        var random = new RandomStream(number, "word");
        return string.Concat(Enumerable.Range(0, 4 + random.Next(5)).Select(_ => (char)('a' + random.Next(26))));
    }

    private static string Spell(int[] text) => string.Concat(Letters[text]);

    private static IEnumerable<int[]> SplitLines(int[] text)
    {
        int end = Letters["\n"];
        for (int begin = 0, next; begin < text.Length; begin = next)
        {
            next = Array.IndexOf(text, end, begin) + 1;
            yield return text[begin..next];
        }
    }
}
