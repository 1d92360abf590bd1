using System.Text;
using CharLM.Generation;
using CharLM.Models;
using CharLM.Models.NGram;
using CharLM.Tokenization;
using static TorchSharp.torch;

namespace CharLM.Tests.Generation;

public sealed class GenerationSessionTests
{
    private static readonly Vocab Letters = new([new("a", 3), new("b", 2), new("c", 1), new(" ", 1)]);
    private static readonly Sampling Model1 = Sampling.AtTemperature(1);

    // torch's products round differently for different numbers of rows.
    public static TheoryData<string> ExactModels => ["fused gru", "fused lstm", "fused rnn with embedding", "n-gram"];

    public static TheoryData<string> Models => [.. ExactModels, "built-in gru"];

    private static ILanguageModel Create(string kind)
    {
        manual_seed(5);
        return kind switch
        {
            "fused gru" => new LanguageModel(new ModelConfig { NumHiddens = 24, Implementation = Implementation.Fused }, Letters.Count),
            "fused lstm" => new LanguageModel(
                new ModelConfig { Cell = CellKind.Lstm, NumHiddens = 24, NumLayers = 2, Implementation = Implementation.Fused },
                    Letters.Count),
            "fused rnn with embedding" =>
                new LanguageModel(new ModelConfig
                {
                    Cell = CellKind.Rnn,
                    NumHiddens = 24,
                    EmbeddingSize = 5,
                    Implementation = Implementation.Fused
                }, Letters.Count),
            "built-in gru" => new LanguageModel(
                new ModelConfig { NumHiddens = 24, Implementation = Implementation.BuiltIn }, Letters.Count),
            _ => NGramModel.Train((int[])[.. Enumerable.Range(0, 500).Select(i => 1 + (i * i % 7 % 4))], 4, Letters.Count),
        };
    }

    [Theory, MemberData(nameof(ExactModels))]
    public void Continue_Samples_AreTheSameWhateverTheirNumber(string kind)
    {
        using ILanguageModel model = Create(kind);
        string[] alone = Run(model, new GenerationConfig { Length = 60, Sampling = Model1, Seed = 3, Samples = 1 });
        string[] three = Run(model, new GenerationConfig { Length = 60, Sampling = Model1, Seed = 3, Samples = 3 });
        string[] many = Run(model, new GenerationConfig { Length = 60, Sampling = Model1, Seed = 3, Samples = 21 });
        Assert.Equal(alone, three[..1]);
        Assert.Equal(three, many[..3]);
        Assert.Equal(21, many.Distinct().Count());
        Assert.All(many, text => Assert.Equal(60, text.Length));
    }

    // Texts that end early give up their rows, which must not affect the others.
    [Theory, MemberData(nameof(ExactModels))]
    public void Continue_SamplesThatStop_LeaveTheOthersAsTheyWere(string kind)
    {
        using ILanguageModel model = Create(kind);
        var config = new GenerationConfig { Length = 80, Sampling = Model1, Samples = 16 };
        string[] whole = Run(model, config);
        Assert.Equal(whole.Select(text => text.Split("cb")[0]), Run(model, config with { Stops = ["cb"] }));
        Assert.Contains(whole, text => text.Contains("cb", StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(Models))]
    public void Continue_AfterMoreText_GoesOnFromTheState(string kind)
    {
        using ILanguageModel model = Create(kind);
        var generator = new TextGenerator(model, Letters, new CharTokenizer());
        using GenerationSession session = generator.Open(new GenerationConfig { Length = 7 });
        string text = "";
        foreach (string line in (string[])["ab", "c a", "", "b"])
        {
            session.Read(line);
            text += line;
            string next = string.Concat(session.Continue().Select(piece => piece.Text));
            Assert.Equal(string.Concat(generator.Continue(text, 7, new TokenSampler(Sampling.Greedy, 0))), next);
            text += next;
        }
    }

    // Long prefixes are read in parts.
    [Theory, MemberData(nameof(Models))]
    public void Continue_LongPrefix_IsReadAsAWhole(string kind)
    {
        using ILanguageModel model = Create(kind);
        string prefix = string.Concat(Enumerable.Range(0, 700).Select(i => "abc "[i * i % 11 % 4]));
        using IPredictor predictor = model.Predictor();
        predictor.Begin(1);
        var logits = new float[Letters.Count];
        foreach (char c in prefix)
            predictor.Predict([Letters[c.ToString()]], 1, logits);
        logits[Vocab.UnknownId] = float.NegativeInfinity;
        using GenerationSession session = new TextGenerator(model, Letters, new CharTokenizer()).Open(new GenerationConfig { Length = 1 });
        session.Read(prefix);
        Assert.Equal(Letters[Array.IndexOf(logits, logits.Max())], Assert.Single(session.Continue()).Text);
    }

    // The draws after each context against the model's own distribution, over all contexts together.
    [Theory]
    [InlineData("fused gru")]
    [InlineData("n-gram")]
    public void Continue_Sampling_FollowsTheModelsDistribution(string kind)
    {
        const int Samples = 400, Length = 50;
        using ILanguageModel model = Create(kind);
        string[] texts = Run(model, new GenerationConfig { Length = Length, Sampling = Model1, Seed = 8, Samples = Samples });
        // Independent of how it was written: each text is read again, and the expected counts are summed per token.
        var seen = new double[Letters.Count];
        var expected = new double[Letters.Count];
        using IPredictor predictor = model.Predictor();
        predictor.Begin(Samples);
        var logits = new float[Samples * Letters.Count];
        predictor.Predict([.. Enumerable.Repeat(Letters["a"], Samples)], 1, logits);
        for (int place = 0; place < Length; place++)
        {
            for (int sample = 0; sample < Samples; sample++)
            {
                double[] weights = [0,
                    .. Enumerable.Range(1, Letters.Count - 1).Select(id => Math.Exp(logits[(sample * Letters.Count) + id]))];
                for (int id = 1; id < Letters.Count; id++)
                    expected[id] += weights[id] / weights.Sum();
                seen[Letters[texts[sample][place].ToString()]]++;
            }
            predictor.Predict([.. texts.Select(text => Letters[text[place].ToString()])], 1, logits);
        }
        double chiSquare = Enumerable.Range(1, Letters.Count - 1).Sum(id => Math.Pow(seen[id] - expected[id], 2) / expected[id]);
        Assert.InRange(chiSquare, 0, 16.27); // 3 degrees of freedom, one in a thousand
    }

    [Theory]
    [InlineData("fused gru", "(a|bc)+c", 30)]
    [InlineData("n-gram", "[ab]{3}( [bc]{1,4}){2,}", 25)]
    [InlineData("built-in gru", "a{5}|b{7}", 9)]
    public void Continue_Constraint_MatchesAlways(string kind, string pattern, int length)
    {
        using ILanguageModel model = Create(kind);
        string[] texts = Run(model, new GenerationConfig { Length = length, Sampling = Model1, Samples = 50, Constraint = pattern });
        Assert.All(texts, text => Assert.Matches($@"\A(?:{pattern})\z", text));
        Assert.All(texts, text => Assert.InRange(text.Length, 1, length));
        Assert.True(texts.Distinct().Count() > 1);
    }

    [Fact]
    public void Continue_ConstraintOfWords_MatchesTheWordsWithSpacesBetween()
    {
        var words = new Vocab([new("the", 9), new("time", 8), new("traveller", 7), new("he", 6)]);
        using var model = NGramModel.Train((int[])[1, 2, 3, 4, 1, 2, 3, 1, 4, 3, 2, 1, 2, 3], 3, words.Count);
        using GenerationSession session = new TextGenerator(model, words, new WordTokenizer()).Open(
            new GenerationConfig { Length = 6, Sampling = Model1, Samples = 20, Constraint = "(the|he)( t[a-z]+){1,3}" });
        session.Read("the");
        foreach (IGrouping<int, TextPiece> text in session.Continue().GroupBy(piece => piece.Sample))
            Assert.Matches(@"\A (the|he)( t[a-z]+){1,3}\z", string.Concat(text.Select(piece => piece.Text)));
    }

    [Fact]
    public void Continue_Ends_AreTold()
    {
        using ILanguageModel model = Create("n-gram");
        Assert.Equal(new TextEnd(EndReason.Length, 4), End(new GenerationConfig { Length = 4 }));
        Assert.Equal(new TextEnd(EndReason.Match, 3), End(new GenerationConfig { Length = 9, Constraint = "abc" }));
        Assert.Equal(EndReason.Stop, End(new GenerationConfig { Length = 1000, Sampling = Model1, Stops = ["b", "ca"] }).Reason);

        TextEnd End(GenerationConfig config)
        {
            using GenerationSession session = new TextGenerator(model, Letters, new CharTokenizer()).Open(config);
            session.Read("a");
            return session.Continue().Last().End!;
        }
    }

    [Fact]
    public void Open_FaultyConfig_NamesEveryFault()
    {
        using ILanguageModel model = Create("n-gram");
        var config = new GenerationConfig
        {
            Length = 0,
            Samples = 0,
            Stops = [""],
            Constraint = "a",
            Beam = new BeamConfig { Width = 0, LengthPenalty = -1 },
            Sampling = Model1,
        };
        IReadOnlyList<string> errors = Assert.Throws<InvalidConfigException>(
            () => new TextGenerator(model, Letters, new CharTokenizer()).Open(config)).Errors;
        Assert.Equal(["length", "samples", "stop", "stop", "beam", "length-penalty", "beam"], errors.Select(error => error.Split(' ')[0]));
        Assert.Contains("all 2 samples are the same", Assert.Single(new GenerationConfig { Samples = 2 }.Errors()),
            StringComparison.Ordinal);
        Assert.Contains("length must be at most 1000000 for 100 texts",
            Assert.Single(new GenerationConfig { Samples = 100, Length = 2_000_000, Sampling = Model1 }.Errors()),
                StringComparison.Ordinal);
    }

    [Fact]
    public void Open_MoreTextsThanTheVocabAllows_Throws()
    {
        var vocab = new Vocab(Enumerable.Range(0, 300_000).Select(i => new TokenCount($"w{i}", 1)));
        using var model = NGramModel.Train((int[])[1, 2, 1], 2, vocab.Count);
        var generator = new TextGenerator(model, vocab, new WordTokenizer());
        Assert.Contains("take at most 894",
            Assert.Throws<InvalidConfigException>(() => generator.Open(new GenerationConfig { Samples = 10_000, Sampling = Model1 }))
                .Message, StringComparison.Ordinal);
        Assert.Throws<InvalidConfigException>(() => generator.Open(new GenerationConfig { Beam = new BeamConfig { Width = 1_000 } }));
        generator.Open(new GenerationConfig { Samples = 10, Sampling = Model1 }).Dispose();
    }

    [Fact]
    public void Continue_NothingRead_Throws()
    {
        using ILanguageModel model = Create("n-gram");
        using GenerationSession session = new TextGenerator(model, Letters, new CharTokenizer()).Open(new GenerationConfig());
        Assert.Throws<InvalidConfigException>(() => session.Continue());
    }

    private static string[] Run(ILanguageModel model, GenerationConfig config)
    {
        using GenerationSession session = new TextGenerator(model, Letters, new CharTokenizer()).Open(config);
        session.Read("a");
        var texts = new StringBuilder[config.Samples];
        foreach (TextPiece piece in session.Continue())
            (texts[piece.Sample] ??= new StringBuilder()).Append(piece.Text);
        return [.. texts.Select(text => text.ToString())];
    }
}
