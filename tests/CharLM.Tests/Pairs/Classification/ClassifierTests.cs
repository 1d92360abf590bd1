using CharLM.Batching;
using CharLM.Checkpoints;
using CharLM.Models;
using CharLM.Models.Attention;
using CharLM.Pairs;
using CharLM.Pairs.Classification;
using CharLM.Randomness;
using CharLM.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Tests.Pairs.Classification;

public sealed class ClassifierTests
{
    public static TheoryData<LabelOf, Pooling, bool, AttentionKind?> Kinds => new()
    {
        { LabelOf.Text, Pooling.Last, false, null },
        { LabelOf.Text, Pooling.Last, false, AttentionKind.Dot },
        { LabelOf.Text, Pooling.Last, true, null },
        { LabelOf.Text, Pooling.Mean, true, AttentionKind.Cosine },
        { LabelOf.Text, Pooling.Attention, false, null },
        { LabelOf.Character, Pooling.Last, true, AttentionKind.Additive },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Shapes_AnyConfiguration_AreThoseOfTheModel(
        LabelOf labelOf, Pooling pooling, bool bidirectional, AttentionKind? own)
    {
        ClassifierConfig config = Config(labelOf, pooling, bidirectional, own);
        using var model = new Classifier(config, 9, 3);
        Assert.Equal(
            Classifier.Shapes(config, 9, 3).Select(entry => $"{entry.Key} [{string.Join(", ", entry.Value)}]")
                .Order(StringComparer.Ordinal),
            model.named_parameters().Select(entry => $"{entry.name} [{string.Join(", ", entry.parameter.shape)}]")
                .Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Forward_AnyBatchMatesAndPadding_GivesWhatTheTextGivesAlone(
        LabelOf labelOf, Pooling pooling, bool bidirectional, AttentionKind? own)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable unrecorded = no_grad();
        using var model = new Classifier(Config(labelOf, pooling, bidirectional, own), 9, 3);
        foreach (Parameter parameter in model.parameters())
            parameter.normal_();
        model.eval();
        Tensor together = model.Forward(new PaddedBatch([new[] { 1, 2, 3, 4, 5 }, new[] { 6, 7 }], numSteps: 8)),
            alone = model.Forward(new PaddedBatch([new[] { 6, 7 }]));
        Tensor ofRow = labelOf == LabelOf.Text ? together.narrow(0, 1, 1) : together.narrow(0, 0, 2).narrow(1, 1, 1);
        Assert.True(allclose(ofRow, alone, 1e-4, 1e-5));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void TrainEpoch_LabelsThatNeedMemory_LearnsThem(
        LabelOf labelOf, Pooling pooling, bool bidirectional, AttentionKind? own)
    {
        // The label of a text: whether it begins with an a; of a character: whether an a occurs before or at its position.
        var random = new RandomStream(11);
        TextPair[] pairs =
        [
            .. Enumerable.Range(0, 200)
                .Select(_ => string.Concat(Enumerable.Range(0, 2 + random.Next(5)).Select(_ => "abc"[random.Next(3)])))
                .Select((text, i) => new TextPair(
                    text, labelOf == LabelOf.Text ? (text[0] == 'a' ? "yes" : "no")
                        : string.Concat(text.Select((_, place) => text[..(place + 1)].Contains('a') ? 'y' : 'n')), i + 1)),
        ];
        var training = new TrainerConfig { NumEpochs = 10, BatchSize = 16, Optimizer = OptimizerKind.Adam, LearningRate = 0.02, Seed = 1 };
        ClassifierConfig config = Config(labelOf, pooling, bidirectional, own);
        using var classifier = TrainedClassifier.Create(
            config with { Model = config.Model with { NumHiddens = 16 } }, new PairFile("pairs", "00", pairs), training.Seed, threads: 1);
        using var trainer = new PairTrainer(new ClassifierTask(classifier.Model, classifier.Vocab, pairs), training);
        for (int epoch = 0; epoch < training.NumEpochs; epoch++)
            trainer.TrainEpoch(epoch);
        ConfusionMatrix matrix = classifier.Measure(pairs);
        Assert.True(matrix.Accuracy > 0.95, $"{matrix.Accuracy}");
        Assert.Equal(labelOf == LabelOf.Text ? pairs.Length : pairs.Sum(pair => pair.Source.Length), matrix.Total);

        using var folder = new TemporaryFolder();
        classifier.Write(folder.File("model"), training, new PairFile("pairs", "00", pairs), new TrainingProgress());
        using var again = TrainedClassifier.Open(folder.File("model"));
        Assert.Equal(matrix.Accuracy, again.Measure(pairs).Accuracy);
        Assert.Equal(classifier.Label(["abc", "bb"]).SelectMany(labels => labels), again.Label(["abc", "bb"]).SelectMany(labels => labels));
    }

    [Fact]
    public void FaultOf_PairsThatCannotBe_SaysWhy()
    {
        TextPair[] pairs = [new("abc", "xyx", 1), new("b", "y", 2)];
        ClassifierVocab texts = ClassifierVocab.Of(new ClassifierConfig(), pairs),
            characters = ClassifierVocab.Of(new ClassifierConfig { LabelOf = LabelOf.Character }, pairs);
        ClassifierConfig config = new() { MaxLength = 4 };
        Assert.Null(texts.ErrorOf(pairs[0], config));
        Assert.Equal("the label 'z' was not in training; known are xyx, y", texts.ErrorOf(new TextPair("a", "z", 1), config));
        Assert.Equal("the label 'z' was not in training; known are x, y", characters.ErrorOf(new TextPair("ab", "xz", 1), config));
        Assert.Equal("2 characters have 1 labels: with --label-of character the second column is as long as the first",
            characters.ErrorOf(new TextPair("ab", "x", 1), config));
        Assert.Equal("the text has 5 characters, more than --max-length 4", texts.ErrorOf(new TextPair("abcab", "y", 1), config));
        Assert.Equal("the text is empty", ClassifierVocab.ErrorOfText("", config));
    }

    private static ClassifierConfig Config(LabelOf labelOf, Pooling pooling, bool bidirectional, AttentionKind? own) => new()
    {
        Model = new ModelConfig { NumHiddens = 5, Bidirectional = bidirectional, EmbeddingSize = bidirectional ? 4 : 0 },
        LabelOf = labelOf,
        Pooling = pooling,
        EncoderAttention = own,
    };
}
