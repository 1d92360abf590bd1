using CharLM.Batching;
using CharLM.Checkpoints;
using CharLM.Models;
using CharLM.Pairs;
using CharLM.Pairs.Translation;
using CharLM.Randomness;
using CharLM.Tests.Models;
using CharLM.Tokenization;
using CharLM.Training;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace CharLM.Tests.Pairs.Translation;

public sealed class TranslatorTests
{
    private static readonly TextPair[] Pairs = [new("abc", "ca", 1), new("b", "bbb", 2), new("cab", "a", 3), new("bcabc", "ac", 4)];

    public static TheoryData<CellKind, SourceAttention, bool, int, int> Kinds => new()
    {
        { CellKind.Gru, SourceAttention.Additive, true, 1, 0 },
        { CellKind.Lstm, SourceAttention.Dot, true, 2, 3 },
        { CellKind.Lstm, SourceAttention.Additive, false, 1, 0 },
        { CellKind.Rnn, SourceAttention.None, false, 2, 3 },
        { CellKind.Gru, SourceAttention.Dot, false, 1, 0 },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Shapes_AnyConfiguration_AreThoseOfTheModel(
        CellKind cell, SourceAttention attention, bool bidirectional, int layers, int embedding)
    {
        TranslatorConfig config = Config(cell, attention, bidirectional, layers, embedding);
        using var model = new Translator(config, 5, 7);
        Assert.Equal(
            Translator.Shapes(config, 5, 7).Select(entry => $"{entry.Key} [{string.Join(", ", entry.Value)}]")
                .Order(StringComparer.Ordinal),
            model.named_parameters().Select(entry => $"{entry.name} [{string.Join(", ", entry.parameter.shape)}]")
                .Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Decode_TokenByToken_GivesTheLogitsOfOnePass(
        CellKind cell, SourceAttention attention, bool bidirectional, int layers, int embedding)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable unrecorded = no_grad();
        using var model = new Translator(Config(cell, attention, bidirectional, layers, embedding), 5, 7);
        model.eval();
        EncodedSource source = model.Encode(new PaddedBatch([new[] { 1, 2, 3 }, new[] { 4 }]));
        Tensor before = tensor(new long[] { 1, 1, 3, 4, 5, 6 }, [3, 2]);
        Tensor all = model.Decode(before, source.State, source).Logits;
        RecurrentState state = source.State;
        for (int step = 0; step < 3; step++)
        {
            (Tensor logits, state, _) = model.Decode(before.narrow(0, step, 1), state, source);
            Assert.True(allclose(logits, all.narrow(0, step, 1), 1e-4, 1e-5));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Decode_AnyBatchMatesAndPadding_GivesWhatTheSourceGivesAlone(
        CellKind cell, SourceAttention attention, bool bidirectional, int layers, int embedding)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable unrecorded = no_grad();
        using var model = new Translator(Config(cell, attention, bidirectional, layers, embedding), 5, 7);
        model.eval();
        EncodedSource together = model.Encode(new PaddedBatch([new[] { 1, 2, 3, 4 }, new[] { 3, 2 }], numSteps: 6)),
            alone = model.Encode(new PaddedBatch([new[] { 3, 2 }]));
        Tensor before = tensor(new long[] { 1, 1 }, [1, 2]);
        Tensor expected = model.Decode(before.narrow(1, 0, 1), alone.State, alone).Logits;
        Assert.True(allclose(model.Decode(before, together.State, together).Logits.narrow(1, 1, 1), expected, 1e-4, 1e-5));
    }

    [Fact]
    public void Loss_TeacherForcing_HasTheGradientsOfFiniteDifferences() =>
        CheckGradients(Config(CellKind.Gru, SourceAttention.Additive, true, 1, 0));

    [Fact]
    public void Loss_NeverForced_IsThatOfItsOwnTokens()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable unrecorded = no_grad();
        TranslatorVocab vocab = TranslatorVocab.Of(new TranslatorConfig(), Pairs);
        using var model = new Translator(
            Config(CellKind.Gru, SourceAttention.Dot, true, 1, 0) with { TeacherForcing = 0, TeacherForcingEnd = 0 }, vocab.Source.Count,
                vocab.Target.Count);
        model.eval();
        double loss = new TranslatorTask(model, vocab, Pairs).Loss([0], 0, new RandomStream(0)).Loss.ToDouble();

        // Step by step from the definition: the most probable token is the next input.
        EncodedSource source = model.Encode(new PaddedBatch([vocab.EncodeSource("abc")]));
        RecurrentState state = source.State;
        long before = vocab.BeginId;
        double sum = 0;
        int[] due = [.. vocab.EncodeTarget("ca"), vocab.EndId];
        foreach (int expected in due)
        {
            (Tensor logits, state, _) = model.Decode(tensor(new[] { before }, [1, 1]), state, source);
            Tensor log = logits.log_softmax(-1)[0, 0];
            sum -= log[expected].ToDouble();
            before = log.argmax().item<long>();
        }
        Assert.Equal(sum / due.Length, loss, 1e-5);
    }

    [Fact]
    public void Write_BeamOfEverything_FindsTheMostProbableTargetOfAll()
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(8);
        TranslatorVocab vocab = TranslatorVocab.Of(new TranslatorConfig(), Pairs);
        using var model = new Translator(
            Config(CellKind.Gru, SourceAttention.Additive, true, 1, 0) with { MaxTarget = 3 }, vocab.Source.Count, vocab.Target.Count);
        Sharpen(model);
        (double best, string target) = BestByTrial(model, vocab, vocab.EncodeSource("bcabc"), maxTokens: 4);

        Hypothesis wide = new BeamDecoder(model, vocab, new DecodingConfig { BeamWidth = 1000 })
            .Write(Sources(vocab, "abc", "bcabc"))[1];
        Hypothesis greedy = new BeamDecoder(model, vocab, new DecodingConfig()).Write(Sources(vocab, "abc", "bcabc"))[1];

        Assert.Equal(best, wide.LogProbability, 1e-4);
        Assert.Equal(target, string.Join(' ', wide.Ids));
        Assert.True(greedy.LogProbability <= wide.LogProbability + 1e-6);
    }

    [Fact]
    public void Write_Greedy_TakesTheMostProbableTokenAtEachStepAndTellsWhereItLooked()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable unrecorded = no_grad();
        manual_seed(9);
        TranslatorVocab vocab = TranslatorVocab.Of(new TranslatorConfig(), Pairs);
        using var model = new Translator(Config(CellKind.Lstm, SourceAttention.Dot, true, 1, 0), vocab.Source.Count, vocab.Target.Count);
        Sharpen(model);
        Hypothesis written = new BeamDecoder(model, vocab, new DecodingConfig())
            .Write(Sources(vocab, "cab", "bcabc"), withAttention: true)[0];
        EncodedSource source = model.Encode(Sources(vocab, "cab"));
        RecurrentState state = source.State;
        long before = vocab.BeginId;
        foreach (int id in written.Ids)
        {
            (Tensor logits, state, _) = model.Decode(tensor(new[] { before }, [1, 1]), state, source);
            logits[0, 0, vocab.BeginId] = tensor(float.NegativeInfinity);
            before = logits[0, 0].argmax().item<long>();
            Assert.Equal(before, id);
        }
        Assert.Equal(written.Ids.Count, written.Attention!.Count);
        // Over the source's own three steps, not the padding beside the longer one.
        Assert.All(written.Attention, row =>
        {
            Assert.Equal(3, row.Length);
            Assert.Equal(1, row.Sum(), 1e-5);
        });
    }

    [Fact]
    public void Write_AtATemperature_DrawsTheSameTargetsFromTheSameSeed()
    {
        TranslatorVocab vocab = TranslatorVocab.Of(new TranslatorConfig(), Pairs);
        using var model = new Translator(Config(CellKind.Gru, SourceAttention.None, true, 1, 0), vocab.Source.Count, vocab.Target.Count);
        string Draw(long seed) =>
            string.Join(' ', new BeamDecoder(model, vocab, new DecodingConfig { Temperature = 1, Seed = seed })
                .Write(Sources(vocab, "abc", "b"))[0].Ids);
        Assert.Equal(Draw(1), Draw(1));
        Assert.True(Enumerable.Range(0, 10).Select(seed => Draw(seed)).Distinct().Count() > 1);
    }

    [Fact]
    public void Open_AfterWrite_TranslatesAsBefore()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("model.safetensors");
        var pairs = new PairFile("pairs.tsv", "00", Pairs);
        using var translator = TrainedTranslator.Create(Config(CellKind.Lstm, SourceAttention.Additive, true, 1, 3), pairs, seed: 1);
        translator.Write(path, new TrainerConfig(), pairs, new TrainingProgress { Epochs = 3 });
        using var again = TrainedTranslator.Open(path);
        Assert.Equal(3, again.Start!.Progress.Epochs);
        Assert.Equal(translator.Model.Config, again.Model.Config);
        string[] sources = ["abc", "bb", "c"];
        Assert.Equal(
            translator.Translate(sources, new DecodingConfig { BeamWidth = 2 }).Select(written => translator.Vocab.Decode(written.Ids)),
            again.Translate(sources, new DecodingConfig { BeamWidth = 2 }).Select(written => again.Vocab.Decode(written.Ids)));

        // Other readers name the kind of model.
        Assert.Contains("holds a translator, not a language model; charlm seq2seq takes it",
            Assert.Throws<CheckpointException>(() => CheckpointFile.Read(path)).Message, StringComparison.Ordinal);
        Assert.Contains("holds a translator, not a classifier",
            Assert.Throws<CheckpointException>(() => CharLM.Pairs.Classification.TrainedClassifier.Open(path)).Message,
                StringComparison.Ordinal);
        // A flipped bit is detected.
        byte[] bytes = File.ReadAllBytes(path);
        bytes[^9] ^= 1;
        File.WriteAllBytes(path, bytes);
        Assert.Contains("is damaged", Assert.Throws<CheckpointException>(() => TrainedTranslator.Open(path)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void TrainEpoch_CopyingWords_LearnsThemAndTheSameSeedGivesTheSameNumbers()
    {
        var random = new RandomStream(5);
        TextPair[] pairs = [.. Enumerable.Range(0, 300)
            .Select(i => string.Concat(Enumerable.Range(0, 1 + random.Next(4)).Select(_ => "abcd"[random.Next(4)])))
                .Select((word, i) => new TextPair(word, word, i + 1))];
        TranslatorConfig config = Config(CellKind.Gru, SourceAttention.Dot, true, 1, 0);
        config = config with { Model = config.Model with { NumHiddens = 32 }, TeacherForcingEnd = 0.8 };
        double[] first = Train(epochs: 12);
        Assert.Equal(first[..2], Train(epochs: 2)[..2]);
        Assert.True(first[^1] > 0.9, string.Join(", ", first));

        double[] Train(int epochs)
        {
            var training = new TrainerConfig
            {
                NumEpochs = 12,
                BatchSize = 16,
                Optimizer = OptimizerKind.Adam,
                LearningRate = 0.01,
                Seed = 3,
            };
            using var translator = TrainedTranslator.Create(config, new PairFile("pairs", "00", pairs), training.Seed, threads: 1);
            using var trainer = new PairTrainer(new TranslatorTask(translator.Model, translator.Vocab, pairs), training);
            double[] losses = [.. Enumerable.Range(0, epochs).Select(epoch => trainer.TrainEpoch(epoch).Train.Mean)];
            return [.. losses, translator.Measure(pairs, new DecodingConfig()).ExactMatch];
        }
    }

    [Fact]
    public void FaultOf_PairsThatCannotBe_SaysWhy()
    {
        TranslatorConfig config = Config(CellKind.Gru, SourceAttention.None, true, 1, 0) with { MaxSource = 5, MaxTarget = 3 };
        TranslatorVocab texts = TranslatorVocab.Of(new TranslatorConfig(), Pairs),
            labels = TranslatorVocab.Of(new TranslatorConfig { Source = SourceKind.Label }, Pairs);
        Assert.Null(texts.ErrorOf(Pairs[0], config));
        Assert.Equal("the source has 6 characters, more than --max-source 5", texts.ErrorOf(new TextPair("abcabc", "a", 1), config));
        Assert.Equal("the target has 4 characters, more than --max-target 3", texts.ErrorOf(new TextPair("abc", "aaaa", 1), config));
        Assert.Equal("the source is empty", texts.ErrorOfSource("", config));
        Assert.Equal("the label 'zola' was not in training; known are abc, b, cab, bcabc", labels.ErrorOfSource("zola", config));
        Assert.Equal([2], labels.EncodeSource("b"));
    }

    /// <summary>Compares the gradients of the training loss, of a small model in float64, with finite differences.</summary>
    internal static void CheckGradients(TranslatorConfig config)
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(2);
        config = config with { Model = config.Model with { NumHiddens = 2, Implementation = Implementation.BuiltIn, Dropout = 0 } };
        TranslatorVocab vocab = TranslatorVocab.Of(config, Pairs);
        using var model = new Translator(config, vocab.Source.Count, vocab.Target.Count);
        model.to(ScalarType.Float64);
        var task = new TranslatorTask(model, vocab, Pairs);
        FiniteDifferences.Check(
            () => task.Loss([0, 1, 3], 0, new RandomStream(0)).Loss,
            model.named_parameters().ToDictionary(entry => entry.name, entry => (Tensor)entry.parameter));
    }

    private static TranslatorConfig Config(CellKind cell, SourceAttention attention, bool bidirectional, int layers, int embedding) => new()
    {
        Model = new ModelConfig
        {
            Cell = cell,
            NumHiddens = 6,
            NumLayers = layers,
            Bidirectional = bidirectional,
            EmbeddingSize = embedding,
        },
        Attention = attention,
        MaxTarget = 8,
    };

    private static PaddedBatch Sources(TranslatorVocab vocab, params string[] texts) =>
        new([.. texts.Select(text => new ReadOnlyMemory<int>(vocab.EncodeSource(text)))]);

    // Fresh weights make all tokens about equally likely, which would make a search trivial.
    private static void Sharpen(Translator model)
    {
        using IDisposable unrecorded = no_grad();
        foreach (Parameter parameter in model.parameters())
            parameter.mul_(4);
        model.eval();
    }

    // Tries every target up to this many tokens, each scored in one pass.
    private static (double LogProbability, string Target) BestByTrial(Translator model, TranslatorVocab vocab, int[] source, int maxTokens)
    {
        using IDisposable unrecorded = no_grad();
        (double, string) best = (double.NegativeInfinity, "");
        var beginnings = new Stack<(int[] Ids, double Log)>([([], 0)]);
        while (beginnings.TryPop(out (int[] Ids, double Log) beginning))
        {
            using DisposeScope scope = NewDisposeScope();
            EncodedSource encoded = model.Encode(new PaddedBatch([source]));
            Tensor logits = model.Decode(
                tensor([vocab.BeginId, .. beginning.Ids.Select(id => (long)id)], [beginning.Ids.Length + 1, 1]), encoded.State,
                    encoded).Logits;
            using TensorAccessor<float> logs = logits[beginning.Ids.Length, 0].log_softmax(-1).contiguous().data<float>();
            float[] next = logs.ToArray();
            for (int id = 0; id < next.Length; id++)
            {
                (int[] Ids, double Log) longer = ([.. beginning.Ids, id], beginning.Log + next[id]);
                if (id == vocab.BeginId)
                    continue;
                if (id != vocab.EndId && longer.Ids.Length < maxTokens)
                    beginnings.Push(longer);
                else if (longer.Log > best.Item1)
                    best = (longer.Log, string.Join(' ', longer.Ids));
            }
        }
        return best;
    }
}
