using CharLM.Batching;
using CharLM.Corpora;
using CharLM.Models;
using CharLM.Models.Attention;
using CharLM.Pairs;
using CharLM.Pairs.Translation;
using CharLM.Randomness;
using CharLM.Tokenization;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Tests.Pairs.Translation;

/// <summary>The forms of encoder-decoders of the books, and the options that lie between them.</summary>
public sealed class TranslatorFormsTests
{
    private static readonly TextPair[] Pairs = [new("abc", "ca", 1), new("b", "bbb", 2), new("cab", "a", 3), new("bcabc", "ac", 4)];

    private static readonly TranslatorConfig OneWay = new()
    {
        Model = new ModelConfig { NumHiddens = 4, NumLayers = 2, EmbeddingSize = 3 },
        MaxTarget = 8,
    };

    private static readonly Dictionary<string, TranslatorConfig> Forms = new()
    {
        ["d2l-seq2seq"] = OneWay with { Bridge = false, StepContext = true, Attention = SourceAttention.None },
        ["d2l-bahdanau"] = OneWay with { Bridge = false, AttentionBefore = true },
        ["dot before, both directions"] = OneWay with
        {
            Model = OneWay.Model with { Bidirectional = true },
            AttentionBefore = true,
            Attention = SourceAttention.Dot,
            StepContext = true,
        },
        ["a deeper decoder"] = OneWay with { DecoderLayers = 3, StepContext = true },
        ["a shallow decoder of an lstm"] = OneWay with
        {
            Model = OneWay.Model with { Cell = CellKind.Lstm, NumLayers = 3, Dropout = 0.1, Bidirectional = true },
            DecoderLayers = 1,
        },
        ["an lstm without bridge"] = OneWay with
        {
            Model = OneWay.Model with { Cell = CellKind.Lstm, EmbeddingSize = 0 },
            Bridge = false,
            DecoderLayers = 1,
            AttentionBefore = true,
        },
        ["cosine, and self-attention"] = OneWay with { Attention = SourceAttention.Cosine, EncoderAttention = AttentionKind.Additive },
        ["general before, and cosine in the encoder"] = OneWay with
        {
            Attention = SourceAttention.General,
            AttentionBefore = true,
            EncoderAttention = AttentionKind.Cosine,
        },
        ["concat, and concat in the encoder"] = OneWay with
        {
            Model = OneWay.Model with { Bidirectional = true },
            Attention = SourceAttention.Concat,
            MaxSource = 5,
            EncoderAttention = AttentionKind.Concat,
        },
    };

    public static TheoryData<string> Names => [.. Forms.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Shapes_AnyForm_AreThoseOfTheModel(string form)
    {
        using var model = new Translator(Forms[form], 5, 7);
        Assert.Equal(
            Translator.Shapes(Forms[form], 5, 7).Select(entry => $"{entry.Key} [{string.Join(", ", entry.Value)}]")
                .Order(StringComparer.Ordinal),
            model.named_parameters().Select(entry => $"{entry.name} [{string.Join(", ", entry.parameter.shape)}]")
                .Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Decode_TokenByTokenAndAnyBatchMates_GivesTheSameLogits(string form)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable unrecorded = no_grad();
        using var model = new Translator(Forms[form], 5, 7);
        model.eval();
        EncodedSource both = model.Encode(new PaddedBatch([new[] { 1, 2, 3 }, new[] { 4 }], numSteps: 5)),
            alone = model.Encode(new PaddedBatch([new[] { 4 }]));
        Tensor before = tensor(new long[] { 1, 1, 3, 4, 5, 6 }, [3, 2]);
        Tensor all = model.Decode(before, both.State, both).Logits;
        RecurrentState state = alone.State;
        for (int step = 0; step < 3; step++)
        {
            (Tensor logits, state, _) = model.Decode(before.narrow(0, step, 1).narrow(1, 1, 1), state, alone);
            Assert.True(allclose(logits, all.narrow(0, step, 1).narrow(1, 1, 1), 1e-4, 1e-5));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Loss_AnyForm_HasTheGradientsOfFiniteDifferences(string form) =>
        TranslatorTests.CheckGradients(Forms[form] with { MaskedLoss = form != "d2l-seq2seq" });

    // The decoder of the book's Seq2SeqAttentionDecoder, with torch.nn's layers and operations.
    [Fact]
    public void Decode_Bahdanau_IsTheBooksDecoder()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable unrecorded = no_grad();
        using var model = new Translator(Forms["d2l-bahdanau"], 5, 7);
        model.eval();
        Parameter Of(string name) => model.get_parameter(name)!;
        GRU Layers(string module, long input)
        {
            GRU layers = nn.GRU(input, 4, numLayers: 2);
            foreach ((string name, Parameter parameter) in layers.named_parameters())
                parameter.copy_(model.named_parameters().Single(one => one.name.StartsWith(module, StringComparison.Ordinal)
                    && Same(one.name[module.Length..], name)).parameter);
            return layers;
        }

        GRU encoder = Layers("encoder.", 3), decoder = Layers("decoder.", 7);
        Tensor source = tensor(new long[] { 1, 2, 4 }), target = tensor(new long[] { 1, 3, 6, 2 });
        (Tensor outputs, Tensor hidden) = encoder.forward(Of("source_embedding.weight")[source].unsqueeze(1), zeros(2, 1, 4));
        Tensor values = outputs.transpose(0, 1), keys = values.matmul(Of("attention.W_k.weight").t());
        var logits = new List<Tensor>();
        for (int step = 0; step < 4; step++)
        {
            Tensor query = hidden[1].unsqueeze(1).matmul(Of("attention.W_q.weight").t());
            Tensor scores = (query + keys).tanh().matmul(Of("attention.w_v.weight").t()).transpose(1, 2);
            Tensor context = scores.softmax(-1).bmm(values);                       // [1, 1, 4]
            Tensor input = cat([Of("target_embedding.weight")[target[step]].view(1, 1, 3), context.transpose(0, 1)], dim: -1);
            (Tensor output, hidden) = decoder.forward(input, hidden);
            logits.Add(output.matmul(Of("output.weight").t()) + Of("output.bias"));
        }
        EncodedSource encoded = model.Encode(new PaddedBatch([new[] { 1, 2, 4 }]));
        Assert.True(allclose(cat(logits), model.Decode(target.unsqueeze(1), encoded.State, encoded).Logits, 1e-5, 1e-6));

        // encoder.l0.weight_ih_l0 is torch's weight_ih_l0, encoder.l1.weight_ih_l0 its weight_ih_l1.
        static bool Same(string ours, string torchs) => ours == torchs
            || (ours.Split('.') is [var layer, var weight] && weight[..^1] + layer[1..] == torchs);
    }

    // Each score, for the decoder's state after its step, from the definition of the texts with torch's operations.
    [Theory]
    [InlineData(SourceAttention.Cosine)]
    [InlineData(SourceAttention.General)]
    [InlineData(SourceAttention.Dot)]
    [InlineData(SourceAttention.Additive)]
    [InlineData(SourceAttention.Concat)]
    public void Decode_AnyMatchFunction_WeighsAsDefined(SourceAttention attention)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable unrecorded = no_grad();
        manual_seed(6);
        using var model = new Translator(OneWay with { Attention = attention, MaxSource = 6 }, 5, 7);
        model.eval();
        Tensor Of(string name) => model.get_parameter(name)!;
        EncodedSource source = model.Encode(new PaddedBatch([new[] { 1, 2, 4 }, new[] { 3, 1 }]));
        (_, RecurrentState after, Tensor? weights) = model.Decode(tensor(new long[] { 1, 1 }, [1, 2]), source.State, source);
        for (int row = 0; row < 2; row++)
        {
            int length = 3 - row;
            Tensor query = after.Hidden[1][row], keys = source.Outputs[row].narrow(0, 0, length);   // [4], [length, 4]
            Tensor scores = attention switch
            {
                SourceAttention.Cosine =>
                    Of("attention.log_strength").exp() * nn.functional.cosine_similarity(query.unsqueeze(0).expand(length, 4), keys, 1),
                SourceAttention.General => keys.matmul(Of("attention.W_k.weight").t()).matmul(query),
                SourceAttention.Dot => keys.matmul(query) / 2,
                SourceAttention.Additive => (keys.matmul(Of("attention.W_k.weight").t()) + query.matmul(Of("attention.W_q.weight").t()))
                    .tanh().matmul(Of("attention.w_v.weight")[0]),
                _ => nn.functional.linear(cat([query, keys[length - 1]]), Of("attention.attn.weight"), Of("attention.attn.bias"))
                    .narrow(0, 0, length),
            };
            Assert.True(allclose(scores.softmax(0), weights![row, 0].narrow(0, 0, length), 1e-4, 1e-6));
            Assert.Equal(1, weights[row, 0].sum().ToDouble(), 1e-5);
        }
    }

    // Q = K = V: torch's scaled dot product attention over the states, then the projection; padding neither sees nor is seen.
    [Fact]
    public void SelfAttention_Dot_IsTorchsAttentionOverTheStates()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable unrecorded = no_grad();
        using var layer = new SelfAttention(AttentionKind.Dot, 4, places: 1);
        Tensor states = randn(5, 2, 4), read = layer.Forward(states, [5, 3]);
        for (int row = 0; row < 2; row++)
        {
            int length = row == 0 ? 5 : 3;
            Tensor own = states.narrow(0, 0, length).select(1, row);
            Tensor context = nn.functional.scaled_dot_product_attention(own.unsqueeze(0), own.unsqueeze(0), own.unsqueeze(0)).squeeze(0);
            Tensor expected = nn.functional.linear(
                cat([context, own], dim: -1), layer.get_parameter("combine.weight")!, layer.get_parameter("combine.bias")!).tanh();
            Assert.True(allclose(expected, read.narrow(0, 0, length).select(1, row), 1e-5, 1e-6));
        }
        Assert.Equal(0, read.narrow(0, 3, 2).select(1, 1).abs().max().ToDouble());
    }

    [Fact]
    public void Loss_Unmasked_CountsPaddingAsEndTokens()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable unrecorded = no_grad();
        TranslatorVocab vocab = TranslatorVocab.Of(OneWay, Pairs);
        using var model = new Translator(OneWay with { MaskedLoss = false }, vocab.Source.Count, vocab.Target.Count);
        model.eval();
        var task = new TranslatorTask(model, vocab, Pairs);
        (Tensor loss, long predictions) = task.Loss([1, 2], 0, new RandomStream(0));
        Assert.Equal(8, predictions);                                              // bbb and its end, a and three ends

        double sum = 0;
        foreach ((string source, int[] due) in new[]
        {
            ("b", (int[])[.. vocab.EncodeTarget("bbb"), vocab.EndId]),
            ("cab", [.. vocab.EncodeTarget("a"), vocab.EndId, vocab.EndId, vocab.EndId]),
        })
        {
            EncodedSource encoded = model.Encode(new PaddedBatch([vocab.EncodeSource(source)]));
            Tensor logs = model.Decode(tensor([vocab.BeginId, .. due[..^1].Select(id => (long)id)], [4, 1]), encoded.State, encoded).Logits
                .log_softmax(-1);
            sum -= due.Select((id, step) => logs[step, 0, id].ToDouble()).Sum();
        }
        Assert.Equal(sum / 8, loss.ToDouble(), 1e-5);
        // What is measured never depends on padding.
        Assert.Equal(6, task.Loss([1, 2]).Predictions);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(3, 0)]
    [InlineData(1, 2)]
    public void Write_EqualLength_HasTheLengthOfEverySource(int beam, double temperature)
    {
        TextPair[] pairs = [new("abc", "cab", 1), new("b", "a", 2), new("bcabc", "aaccb", 3)];
        TranslatorConfig config = OneWay with { EqualLength = true };
        using var translator = TrainedTranslator.Create(config, new PairFile("pairs", "00", pairs), seed: 4, threads: 1);
        string[] sources = ["abcab", "b", "ca", "abcabcab"];
        IReadOnlyList<Hypothesis> written = translator.Translate(
            sources, new DecodingConfig { BeamWidth = beam, Temperature = temperature },
            cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(sources.Select(source => source.Length), written.Select(target => translator.TextOf(target).Length));
        Assert.Equal("the source has 9 characters, more than --max-target 8", translator.ErrorOfSource("abcabcabc"));
        Assert.Equal("the source has 1 characters and the target 2: with --equal-length both have the same number",
            translator.ErrorOf(new TextPair("a", "bb", 1)));
    }

    // The first lines are the books' (v0.17, 9.5.1): before and after preprocess_nmt.
    [Theory]
    [InlineData("Go.", "go .")]
    [InlineData("Va !", "va !")]
    [InlineData("Run!", "run !")]
    [InlineData("Cours\u202f!", "cours !")]
    [InlineData("Wow, I'm OK...", "wow , i'm ok . . .")]
    [InlineData("!", "!")]
    public void Clean_D2L_IsTheBooksPreprocessing(string raw, string clean) =>
        Assert.Equal(clean, new PairTokens(TokenKind.Word, Cleaning.D2L).Clean(raw));

    [Fact]
    public void Words_AreTokensOfTheirOwnAndReservedOnesAreWords()
    {
        TextPair[] pairs = [new("I won!", "我贏了。", 1), new("I lost!", "我輸了。", 2), new("I am <unk> <eos>", "我", 3)];
        TranslatorConfig config = OneWay with
        {
            Token = TokenKind.Word,
            TargetToken = TokenKind.Char,
            Cleaning = Cleaning.D2L,
            MinFreq = 2,
            MaxSource = 4,
        };
        TranslatorVocab vocab = TranslatorVocab.Of(config, pairs);
        Assert.Equal(["<unk>", "i", "!"], vocab.Source.Tokens);
        Assert.Equal(["<unk>", "<bos>", "<eos>", "我", "了", "。"], vocab.Target.Tokens);
        Assert.Equal([1, 0, 2], vocab.EncodeSource("I LOST!"));
        Assert.Equal("我了。", vocab.Decode([3, 4, 5, 2, 3]));
        // Rare tokens are learned as unknown, and never written.
        Assert.Null(vocab.ErrorOfTarget("我贏了。"));
        Assert.Equal("the source has 5 words, more than --max-source 4", vocab.ErrorOfSource("a b c d e", config));
        Assert.Equal("the source has no words", vocab.ErrorOfSource("  ", config));
        Assert.Equal("the target has no words", TranslatorVocab.Of(config with { TargetToken = TokenKind.Word }, pairs)
            .ErrorOf(new TextPair("a", "\u00a0", 1), config));

        TranslatorVocab words = TranslatorVocab.Of(config with { TargetToken = TokenKind.Word, MinFreq = 0 }, [new("a", "b <eos> c", 1)]);
        Assert.Equal("b c", words.Decode(words.EncodeTarget("b c")));
        Assert.Equal([Vocab.UnknownId], words.EncodeTarget("<eos>"));
        Assert.Equal("the target has the word '<eos>', which is reserved", words.ErrorOfTarget("b <eos> c"));
    }

    [Fact]
    public void ErrorOfLanguage_SwappedColumns_SaysSo()
    {
        TextPair[] pairs = [new("hi", "你好", 1), new("go", "跑", 2)];
        TranslatorVocab vocab = TranslatorVocab.Of(OneWay, pairs);
        Assert.Null(vocab.ErrorOfLanguage(new PairFile("p.tsv", "00", pairs)));
        Assert.Equal(
            "vocab mismatch: 3 of the 3 characters of the sources in p.tsv are not in the model's vocab; its targets are: swap the "
            + "two columns", vocab.ErrorOfLanguage(new PairFile("p.tsv", "00", [new("你好", "hi", 1), new("跑", "go", 2)])));
        Assert.EndsWith("train a new model on them",
            vocab.ErrorOfLanguage(new PairFile("p.tsv", "00", [new("abc", "défg", 1)])), StringComparison.Ordinal);
    }

    [Fact]
    public void Errors_FormsThatCannotBe_SaysWhy() => Assert.Equal(
        [
            "min-freq must be 0 or more, not -1",
            "target-token must be char or word for pairs, not byte",
            "decoder-layers must be 1 to 1000, not 0",
            "without a bridge the decoder begins with the encoder's state as it is: take --bidirectional false",
            "attention-place is for a decoder with attention: give --attention, too",
            "encoder-attention changes what the decoder attends to: give --attention, too",
        ],
        (new TranslatorConfig
        {
            Bridge = false,
            DecoderLayers = 0,
            MinFreq = -1,
            TargetToken = TokenKind.Byte,
            AttentionBefore = true,
            Attention = SourceAttention.None,
            EncoderAttention = AttentionKind.Dot,
        }).Errors());
}
