using CharLM.Models;
using CharLM.Pairs;
using CharLM.Pairs.Classification;
using CharLM.Pairs.Translation;
using CharLM.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Tests.Pairs;

/// <summary>Which labels and characters a vocab accepts, and that the accepted ones are learned.</summary>
public sealed class PairLabelTests
{
    private static readonly ClassifierConfig Classifying = new() { Model = new ModelConfig { NumHiddens = 4 } };
    private static readonly TranslatorConfig Translating = new() { Model = new ModelConfig { NumHiddens = 4, Bidirectional = true } };
    private static readonly TranslatorConfig Steering = Translating with { Source = SourceKind.Label, Attention = SourceAttention.None };

    private static PairFile File(params string[] lines) => new("pairs.tsv", "00", PairFile.Parse(string.Join('\n', lines), "pairs.tsv"));

    [Fact]
    public void Create_LabelThatIsReserved_IsNamedSo()
    {
        const string Reserved = "line 2: the label <unk> is reserved";
        Assert.Contains(Reserved, Refused(() => TrainedClassifier.Create(Classifying, File("a\tA", "b\t<unk>"), 0)),
            StringComparison.Ordinal);
        Assert.Contains(Reserved, Refused(() => TrainedTranslator.Create(Steering, File("A\ta", "<unk>\tb"), 0)), StringComparison.Ordinal);
        // Characters that spell the reserved token are ordinary, and the names of a target's begin and end tokens are not labels.
        TrainedTranslator.Create(Translating, File("<unk>\t<bos><eos><unk>"), 0).Dispose();
        TrainedClassifier.Create(Classifying, File("a\t<bos>", "b\t<pad>"), 0).Dispose();
    }

    [Fact]
    public void Create_LabelsThatDifferInWhiteSpace_AreRefusedWithTheirLine()
    {
        Assert.Equal(
            "pairs.tsv, line 3: the labels 'A' and 'A ' differ only in white space: write them the same",
            Refused(() => TrainedClassifier.Create(Classifying, File("a\tA", "b\tB", "c\tA "), 0)));
        Assert.Contains("line 2: the labels ' A' and 'A'", Refused(() => TrainedTranslator.Create(Steering, File(" A\ta", "A\tb"), 0)),
            StringComparison.Ordinal);
        // A label with only one spelling stays as it is, and a space may be the label of a character.
        using TrainedClassifier one = TrainedClassifier.Create(Classifying, File("a\tA ", "b\tA "), 0);
        Assert.Equal(["A "], one.Vocab.Labels);
        TrainedClassifier.Create(Classifying with { LabelOf = LabelOf.Character }, File("ab\tA ", "cd\t A"), 0).Dispose();
    }

    [Fact]
    public void CheckLearnable_TargetWithUnknownCharacter_IsRefusedAndStillMeasured()
    {
        PairFile known = File("ab\tba"), other = File("ab\tba", "a\tbqa");
        using TrainedTranslator translator = TrainedTranslator.Create(Translating, known, 0);
        Assert.Contains("pairs.tsv, line 2: the target has 'q', which is not in the model's target vocab",
            Refused(() => translator.CheckLearnable(other)), StringComparison.Ordinal);
        translator.Check(other);
        Assert.Equal(["q"], translator.Vocab.UnknownInTargets(other.Pairs.Select(pair => pair.Target)).Select(count => count.Token));
        Assert.Equal(["x", "y"], translator.Vocab.UnknownInSources(["axb", "xya"]).Select(count => count.Token));
    }

    [Fact]
    public void TrainEpoch_Translator_ChangesEveryWeightAndHalvesTheLoss()
    {
        PairFile pairs = File("abab\tbaba", "aabb\tbbaa", "bbab\tbabb", "abba\tabba");
        using TrainedTranslator model = TrainedTranslator.Create(
            Translating with { Model = Translating.Model with { NumHiddens = 16, Cell = CellKind.Lstm, EmbeddingSize = 6 } }, pairs, 1,
                threads: 1);
        CheckLearns(model, pairs);
    }

    [Fact]
    public void TrainEpoch_Classifier_ChangesEveryWeightAndHalvesTheLoss()
    {
        PairFile pairs = File("abab\tx", "babb\ty", "aabb\tx", "bbab\ty");
        using TrainedClassifier model = TrainedClassifier.Create(
            Classifying with
            {
                Pooling = Pooling.Attention,
                Model = Classifying.Model with { NumHiddens = 16, NumLayers = 2, Bidirectional = true, EmbeddingSize = 6 }
            }, pairs, 1,
                    threads: 1);
        CheckLearns(model, pairs);
    }

    private static void CheckLearns(TrainedModel model, PairFile pairs)
    {
        using DisposeScope scope = NewDisposeScope();
        Dictionary<string, Tensor> before = model.Model.named_parameters()
            .ToDictionary(entry => entry.name, entry => entry.parameter.detach().clone());
        double first = model.Loss(pairs.Pairs).Mean;
        using var trainer = new PairTrainer(model.Task(pairs.Pairs), new TrainerConfig
        {
            NumEpochs = 60,
            BatchSize = 2,
            Optimizer = OptimizerKind.Adam,
            LearningRate = 0.02,
        });
        trainer.TrainEpoch(0);
        foreach ((string name, Parameter parameter) in model.Model.named_parameters())
            Assert.True(before[name].not_equal(parameter).any().ToBoolean(), $"{name} is as it was");
        for (int epoch = 1; epoch < 60; epoch++)
            trainer.TrainEpoch(epoch);
        Assert.InRange(model.Loss(pairs.Pairs).Mean, 0, first / 2);
    }

    private static string Refused(Action action) => Assert.Throws<PairFileException>(action).Message;
}
