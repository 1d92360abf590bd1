using CharLM.Corpora;
using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Models.NGram;
using CharLM.Tokenization;

namespace CharLM.Tests.Evaluation;

public sealed class EvaluationReportTests
{
    private static readonly TextConfig Raw = new() { Cleaning = Cleaning.None };

    [Fact]
    public void CalibrationError_ByHand_IsTheWeightedGapOfTheBins()
    {
        // 0.9 twice (one right): |1 - 1.8|; 0.3 twice (both right): |2 - 0.6|; over 4 tokens.
        TopPrediction[] guesses = [new(1, 0.9f), new(1, 0.9f), new(2, 0.3f), new(3, 0.3f)];
        Assert.Equal((0.8 + 1.4) / 4, CalibrationError.Of([1, 2, 2, 3], guesses), 6);
        Assert.Equal(0, CalibrationError.Of([1], [new TopPrediction(1, 1)]), 6);
    }

    // Guo et al.: bin m is ((m - 1)/15, m/15]. One probability at the upper end of a bin, one inside it, one inside the next.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(10)]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    [InlineData(14)]
    public void CalibrationError_UpperEndOfABin_BelongsToIt(int bin)
    {
        float end = bin / 15f, inside = (bin - 0.5f) / 15, next = (bin + 0.5f) / 15;
        TopPrediction[] guesses = [new(1, end), new(1, inside), new(1, next)];
        double expected = (Math.Abs(1 - end - inside) + Math.Abs(0.0 - next)) / 3;
        Assert.Equal(expected, CalibrationError.Of([1, 2, 2], guesses), 1e-6);
    }

    [Fact]
    public void CalibrationError_EndsOfTheScale_AreInTheFirstAndTheLastBin()
    {
        Assert.Equal((1 - 0.03 + 0.0) / 2, CalibrationError.Of([1, 2], [new TopPrediction(1, 0), new TopPrediction(1, 0.03f)]), 1e-6);
        Assert.Equal(Math.Abs(1 - 1 - 0.99) / 2, CalibrationError.Of([1, 2], [new TopPrediction(1, 1), new TopPrediction(1, 0.99f)]), 1e-6);
    }

    [Fact]
    public void Evaluate_EvenOdds_HasTheFiguresOfACoin()
    {
        // Four equally probable tokens: 2 bits per token, whatever follows; the model claims one correct guess in four.
        var vocab = Vocab.Restore([Vocab.Unknown, "ä", "b", "c"]);
        EvaluationText text = EvaluationText.From("äbcx" + string.Concat(Enumerable.Repeat("äbcx", 99)), Raw, vocab);
        EvaluationReport report = Evaluator.Evaluate(
            new EvenOdds(4), text, "even", cancellationToken: TestContext.Current.CancellationToken).Report;
        Assert.Equal(399, report.All.Tokens);
        Assert.Equal(100, report.Unknown.Tokens);
        Assert.Equal(4, report.Perplexity, 5);
        Assert.Equal(4, report.PerplexityOfKnown, 5);
        Assert.Equal(2, report.BitsPerCharacter, 5);
        Assert.Equal(399 * 2.0 / (399 + 99), report.BitsPerByte, 5); // ä has two bytes
        Assert.Equal(99.0 / 399, report.Accuracy, 5); // the first ä is not predicted
        Assert.Equal(Math.Abs(99 - 99.75) / 399, report.CalibrationError, 5);
        Assert.Equal(4, report.PerplexityInterval.Low, 4);
        Assert.Equal(4, report.PerplexityInterval.High, 4);
        Assert.Equal("even", report.Model);
        Assert.Contains("1 row, the state carried", report.Reading, StringComparison.Ordinal);
    }

    [Fact]
    public void From_Words_CountsTheSpaceBeforeEach()
    {
        Vocab vocab = new([new("the", 2), new("wal", 1)]);
        EvaluationText text = EvaluationText.From("the wal\nthe größe", Raw with { Token = TokenKind.Word }, vocab);
        Assert.Equal(4, text.Tokens.Length);
        Assert.Equal(1, text.Unknown);
        Assert.Equal(" wal the größe".Length, text.Characters);
        Assert.Equal(" wal the größe".Length + 2, text.Bytes);
    }

    [Fact]
    public void From_Range_TakesTheseTokens()
    {
        Vocab vocab = new([new("a", 2), new("b", 1)]);
        EvaluationText text = EvaluationText.From("aabbab", Raw, vocab, tokens => new TextRange(tokens - 3, tokens + 5));
        Assert.Equal([2, 1, 2], text.Tokens.ToArray());
        Assert.Equal("text: tokens 4 to 6 of 6", text.Describe());
    }

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    public void From_NothingToPredict_IsRefused(string raw) => Assert.Contains(
        "there is nothing to predict", Assert.Throws<InvalidConfigException>(() => EvaluationText.From(raw, Raw, new Vocab([]))).Message,
            StringComparison.Ordinal);

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(40)]
    [InlineData(1000)]
    public void Surprisals_StateReset_ArePredictedFromNoMoreThanThat(int every)
    {
        int[] text = [.. Enumerable.Range(0, 101).Select(i => i * i % 11 % 5)];
        using NGramModel model = NGramModel.Train(text, 6, 5);
        var config = new EvaluationConfig { Rows = 4, NumSteps = 3, ResetEvery = every };
        ReadOnlyMemory<float> nats = Evaluator.Surprisals(model, text, config, TestContext.Current.CancellationToken).Nats;
        for (int i = 0; i < nats.Length; i++)
        {
            int begin = i / every * every;
            double expected = Evaluator.Measure(model, text.AsMemory(begin, i + 2 - begin), rows: 1).Total
                - (i > begin ? Evaluator.Measure(model, text.AsMemory(begin, i + 1 - begin), rows: 1).Total : 0);
            Assert.Equal(expected, nats.Span[i], 4);
        }
    }

    // An n-gram model of order 6 sees five tokens back: with that warm-up, several rows give the same result as one.
    [Theory]
    [InlineData(2, 5, 64)]
    [InlineData(7, 5, 3)]
    [InlineData(30, 50, 4)]
    [InlineData(100, 256, 64)]
    public void Surprisals_RowsWithWarmUp_AreThoseOfOneRow(int rows, int warmUp, int numSteps)
    {
        int[] text = [.. Enumerable.Range(0, 101).Select(i => i * i % 11 % 5)];
        using NGramModel model = NGramModel.Train(text, 6, 5);
        var config = new EvaluationConfig { Rows = rows, WarmUp = warmUp, NumSteps = numSteps };
        float[] expected = Evaluator.Surprisals(model, text, config with { Rows = 1 }, TestContext.Current.CancellationToken)
            .Nats.ToArray();
        Assert.Equal(expected, Evaluator.Surprisals(model, text, config, TestContext.Current.CancellationToken).Nats.ToArray());
    }

    // The first row of the text has no warm-up: its state is zero where it begins, however it is read beside the others.
    [Theory]
    [InlineData(Implementation.Fused)]
    [InlineData(Implementation.BuiltIn)]
    [InlineData(Implementation.Custom)]
    public void Surprisals_RowsOfANetwork_AreThoseOfEachRowByItself(Implementation implementation)
    {
        int[] text = [.. Enumerable.Range(0, 302).Select(i => i * i % 11 % 5)];
        using LanguageModel model = new(
            new ModelConfig { Cell = CellKind.Lstm, Implementation = implementation, NumHiddens = 12, NumLayers = 2 }, 5);
        var config = new EvaluationConfig { Rows = 3, WarmUp = 40, NumSteps = 7 };
        float[] nats = Nats(text, config);
        Assert.Equal(301, nats.Length);
        foreach ((int begin, int end) in new[] { (0, 100), (100, 200), (200, 300), (300, 301) })
        {
            int before = Math.Max(0, begin - config.WarmUp);
            float[] alone = Nats(text[before..(end + 1)], config with { Rows = 1 });
            Assert.All(nats[begin..end].Zip(alone[(begin - before)..]), pair => Assert.Equal(pair.Second, pair.First, 1e-5));
        }

        float[] Nats(int[] text, EvaluationConfig config) =>
            Evaluator.Surprisals(model, text, config, TestContext.Current.CancellationToken).Nats.ToArray();
    }

    [Theory]
    [InlineData(17_058, 0, "32 rows side by side, each after the 256 tokens before it, the state carried from beginning to end")]
    [InlineData(1000, 0, "3 rows side by side, each after the 256 tokens before it, the state carried from beginning to end")]
    [InlineData(100, 0, "1 row, the state carried from beginning to end")]
    [InlineData(17_058, 35, "32 rows side by side, the state zero again after every 35 tokens")]
    public void Describe_Reading_NamesRowsContextAndState(int tokens, int resetEvery, string words) =>
        Assert.Equal(words, new EvaluationConfig { ResetEvery = resetEvery }.Describe(tokens));

    [Fact]
    public void PairedComparison_OneAlwaysBetter_IsClearAndLeavesUnknownTokensOut()
    {
        TokenSurprisals first = Constant(2, 300, unknownAt: 5), second = Constant(1.5f, 300, unknownAt: 6);
        PairedComparison comparison = PairedComparison.Of(first, second);
        Assert.Equal(298, comparison.First.Tokens);
        Assert.Equal(2, comparison.LeftOut);
        Assert.Equal(-0.5, comparison.Difference, 6);
        Assert.Equal(Math.Exp(-0.5), comparison.PerplexityRatio, 6);
        Assert.Equal(-0.5, comparison.DifferenceInterval.Low, 6);
        Assert.True(comparison.IsClear);
        Assert.False(PairedComparison.Of(first, first).IsClear);
        Assert.Contains("vocab mismatch",
            Assert.Throws<InvalidConfigException>(
                () => PairedComparison.Of(Constant(1, 1, 0), first with { Targets = first.Targets[..1], Nats = first.Nats[..1] })).Message,
                    StringComparison.Ordinal);
    }

    // The whole cleaned text, as published: gzip -9 2.936 and Brotli 2.519 bits per character. .NET's zlib differs slightly.
    [Fact]
    public void Compressors_TimeMachine_NeedThePublishedBits()
    {
        string raw = File.ReadAllText(Repository.SharedOrSkip("corpora", "timemachine.txt"));
        TokenizedText text = TokenizedText.From(raw, new TextConfig { MaxTokens = 0, ValidationFraction = 0.1 });
        IReadOnlyList<CompressorBaseline> whole = Compress([], [.. text.Train.ToArray(), .. text.HeldOut.ToArray()]);
        Assert.Equal(["gzip -9", "brotli -11"], whole.Select(baseline => baseline.Name));
        Assert.InRange(whole[0].BitsPerCharacter / 2.936, 0.97, 1.05);
        Assert.InRange(whole[1].BitsPerCharacter / 2.519, 0.97, 1.03);
        // A text that was read before is nearly free; a match of gzip spans at most 258 bytes.
        IReadOnlyList<CompressorBaseline> again = Compress(text.HeldOut.ToArray(), text.HeldOut.ToArray());
        Assert.All(again, baseline => Assert.InRange(baseline.BitsPerCharacter, 0, 0.15));
        Assert.Equal(text.HeldOut.Length, again[0].Characters);

        IReadOnlyList<CompressorBaseline> Compress(int[] train, int[] heldOut) =>
            Baselines.Compressors(train, heldOut, text.Vocab, TokenKind.Char, TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData(TokenKind.Char, "")]
    [InlineData(TokenKind.Word, " ")]
    public void Compressors_Text_AreChargedForWhatItAdds(TokenKind kind, string separator)
    {
        Vocab vocab = new([new("ä", 3), new("b", 2), new("c", 1)]);
        int[] train = [.. Enumerable.Range(0, 3000).Select(i => i * i % 11 % 4)],
            text = [.. Enumerable.Range(0, 500).Select(i => i * i % 13 % 4)];
        byte[] known = Spelled(train), added = Spelled(text), both = [.. known, .. added];
        IReadOnlyList<CompressorBaseline> baselines = Baselines.Compressors(train, text, vocab, kind,
            TestContext.Current.CancellationToken);
        Assert.Equal([GZip(both) - GZip(known), Brotli(both) - Brotli(known)], baselines.Select(baseline => baseline.CompressedBytes));
        Assert.All(baselines, baseline =>
            Assert.Equal((System.Text.Encoding.UTF8.GetString(added).Length, added.Length), (baseline.Characters, baseline.Bytes)));
        Assert.Equal(8.0 * baselines[0].CompressedBytes / added.Length, baselines[0].BitsPerByte, 1e-12);
        Assert.Equal(8.0 * baselines[0].CompressedBytes / baselines[0].Characters, baselines[0].BitsPerCharacter, 1e-12);
        // Without a training text, the text alone.
        Assert.Equal([GZip(added), Brotli(added)], Baselines.Compressors(Array.Empty<int>(), text, vocab, kind,
            TestContext.Current.CancellationToken).Select(baseline => baseline.CompressedBytes));

        byte[] Spelled(int[] ids) => System.Text.Encoding.UTF8.GetBytes(string.Concat(ids.Select(id =>
            (id == 0 ? "<unk>" : id == 1 ? "ä" : id == 2 ? "b" : "c") + separator)));
    }

    [Fact]
    public void Compressors_LongTrainingText_HaveReadItsEnd()
    {
        Vocab vocab = new([new("a", 1), new("b", 1), new("c", 1), new("d", 1)]);
        var random = new CharLM.Randomness.RandomStream(3);
        int[] text = [.. Enumerable.Range(0, 2000).Select(_ => 1 + random.Next(4))],
            other = [.. Enumerable.Range(0, 2000).Select(_ => 1 + random.Next(4))];
        long ending = Bytes([.. other, .. text]), beginning = Bytes([.. text, .. other]);
        Assert.True(ending < 100 && beginning > 400, $"{ending} and {beginning} bytes");

        long Bytes(int[] train) => Baselines.Compressors(train, text, vocab, TokenKind.Char, mostTrainBytes: 2000,
            TestContext.Current.CancellationToken)[1].CompressedBytes;
    }

    [Fact]
    public void From_CleanedText_CountsTheRawBytesOfWhatIsPredicted()
    {
        const string Source = "Ab, -- cd!\nÄ ef;\n\n gh";
        Vocab vocab = new("abcdefgh ".Select(c => new TokenCount(c.ToString(), 1)));
        EvaluationText whole = EvaluationText.From(Source, new TextConfig(), vocab);
        Assert.Equal("b cdefgh".Length, whole.Bytes);
        Assert.Equal(System.Text.Encoding.UTF8.GetByteCount(Source[1..]), whole.RawBytes);
        EvaluationText part = EvaluationText.From(Source, new TextConfig(), vocab, _ => new TextRange(2, 6)); // " cde" without its space
        Assert.Equal(System.Text.Encoding.UTF8.GetByteCount(Source[Source.IndexOf('c')..Source.IndexOf('f')]), part.RawBytes);
        Vocab words = new([new("ab", 1), new("cd", 1), new("ef", 1), new("gh", 1)]);
        EvaluationText ofWords = EvaluationText.From(Source, new TextConfig { Token = TokenKind.Word }, words, _ => new TextRange(0, 3));
        Assert.Equal(System.Text.Encoding.UTF8.GetByteCount(Source[Source.IndexOf('c')..Source.IndexOf('g')]), ofWords.RawBytes);
        // The same part of the same text with the same cleaning has the same identity; with another cleaning it does not.
        Assert.Equal(whole.Measured, EvaluationText.From(Source, new TextConfig(), vocab).Measured);
        Assert.NotEqual(whole.Measured, part.Measured);
        EvaluationText raw = EvaluationText.From(Source, Raw, vocab);
        Assert.NotEqual(whole.Measured, raw.Measured);
        Assert.Equal(raw.Bytes, raw.RawBytes);
    }

    [Fact]
    public void NGram_TimeMachine_IsTheReportOfThePublishedFigure()
    {
        string raw = File.ReadAllText(Repository.SharedOrSkip("corpora", "timemachine.txt"));
        TokenizedText tokens = TokenizedText.From(raw, new TextConfig { MaxTokens = 0, ValidationFraction = 0.1 });
        EvaluationText heldOut = EvaluationText.From(
            raw, new TextConfig(), tokens.Vocab, count => new TextRange(count - (count / 10), count));
        EvaluationReport report = Baselines.NGram(
            tokens.Train, heldOut, tokens.Vocab.Count, cancellationToken: TestContext.Current.CancellationToken).Report;
        Assert.InRange(report.Perplexity / 4.179, 0.995, 1.005);
        Assert.InRange(report.BitsPerCharacter / Math.Log2(4.179), 0.995, 1.005);
        Assert.InRange(4.179, report.PerplexityInterval.Low, report.PerplexityInterval.High);
        Assert.InRange(report.PerplexityInterval.High - report.PerplexityInterval.Low, 0.05, 0.5);
    }

    private static long GZip(byte[] bytes)
    {
        using var compressed = new MemoryStream();
        using (var stream = new System.IO.Compression.GZipStream(compressed, System.IO.Compression.CompressionLevel.SmallestSize,
            leaveOpen: true))
            stream.Write(bytes);
        return compressed.Length;
    }

    private static long Brotli(byte[] bytes)
    {
        var compressed = new byte[bytes.Length + 1000];
        Assert.True(System.IO.Compression.BrotliEncoder.TryCompress(bytes, compressed, out int written, quality: 11, window: 24));
        return written;
    }

    private static TokenSurprisals Constant(float nats, int count, int unknownAt) => new(
        Enumerable.Range(0, count).Select(i => i == unknownAt ? Vocab.UnknownId : 1).ToArray(),
        Enumerable.Repeat(nats, count).ToArray(),
        new TopPrediction[count]);

    private sealed class EvenOdds(int vocabSize) : ILanguageModel, IPredictor
    {
        public int VocabSize => vocabSize;

        public IPredictor Predictor() => this;

        public void Begin(int rows)
        {
        }

        public void Score(ReadOnlySpan<int> inputs, ReadOnlySpan<int> targets, int steps, Span<float> nats, Span<TopPrediction> guesses = default)
        {
            nats.Fill(MathF.Log(vocabSize));
            guesses.Fill(new TopPrediction(1, 1f / vocabSize));
        }

        public void Predict(ReadOnlySpan<int> inputs, int steps, Span<float> logits) => logits.Clear();

        public void Rearrange(ReadOnlySpan<int> rows) => throw new NotSupportedException();

        public void Dispose()
        {
        }
    }
}
