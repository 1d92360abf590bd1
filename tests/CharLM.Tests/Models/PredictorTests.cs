using CharLM.Checkpoints;
using CharLM.Evaluation;
using CharLM.Generation;
using CharLM.Models;
using CharLM.Models.Fused;
using CharLM.Pairs;
using CharLM.Pairs.Classification;
using CharLM.Pairs.Translation;
using CharLM.Tokenization;
using CharLM.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Tests.Models;

/// <summary>The contract of predictors: order of calls, modes of the model, changing weights, disposal.</summary>
public sealed class PredictorTests
{
    private static readonly TrainerConfig Training = new() { NumEpochs = 4, BatchSize = 3, NumSteps = 7, LearningRate = 0.5 };

    public static TheoryData<string> Kinds => [.. SmallModels.Kinds];

    public static TheoryData<string> Networks => [.. SmallModels.Networks];

    private static float[] Expect(IPredictor predictor, params int[] tokens)
    {
        var logits = new float[SmallModels.Letters.Count];
        predictor.Predict(tokens, tokens.Length, logits);
        return logits;
    }

    // From torch, whatever the model's implementation.
    private static float[] Reference(LanguageModel model, params int[] tokens)
    {
        using var predictor = new TorchPredictor(model);
        predictor.Begin(1);
        return Expect(predictor, tokens);
    }

    private static void AssertClose(float[] expected, float[] actual) => Assert.Equal(expected, actual, (a, b) => Math.Abs(a - b) < 1e-4);

    [Theory, MemberData(nameof(Kinds))]
    public void Calls_OutOfOrder_SaySo(string kind)
    {
        using ILanguageModel model = SmallModels.Create(kind);
        IPredictor predictor = model.Predictor();
        Assert.Throws<InvalidOperationException>(() => Expect(predictor, 1));
        Assert.Throws<InvalidOperationException>(() => predictor.Score([1], [2], 1, new float[1]));
        Assert.Throws<InvalidOperationException>(() => predictor.Rearrange([0]));
        Assert.Throws<ArgumentOutOfRangeException>(() => predictor.Begin(0));
        predictor.Begin(2);
        Assert.Throws<ArgumentException>(() => predictor.Predict([1, 2, 3], 1, new float[10]));
        Assert.Throws<ArgumentException>(() => predictor.Predict([1, 2], 1, new float[9]));
        Assert.Throws<ArgumentException>(() => predictor.Score([1, 2], [1], 1, new float[2]));
        Assert.Throws<ArgumentException>(() => predictor.Score([1, 2], [1, 2], 1, new float[1]));
        Assert.Throws<ArgumentException>(() => predictor.Score([1, 2], [1, 2], 1, new float[2], new TopPrediction[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => predictor.Predict([], 0, new float[10]));
        Assert.Throws<ArgumentOutOfRangeException>(() => predictor.Predict([1, 5], 1, new float[10]));
        Assert.Throws<ArgumentOutOfRangeException>(() => predictor.Score([1, 2], [1, -1], 1, new float[2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => predictor.Rearrange([2]));
        predictor.Dispose();
        predictor.Dispose();
        Assert.Throws<ObjectDisposedException>(() => predictor.Begin(1));
        Assert.Throws<ObjectDisposedException>(() => predictor.Predict([1, 2], 1, new float[10]));
    }

    [Theory, MemberData(nameof(Networks))]
    public void Predict_ModelDisposed_SaysSo(string kind)
    {
        LanguageModel model = SmallModels.Network(kind);
        IPredictor predictor = model.Predictor();
        predictor.Begin(1);
        Expect(predictor, 1, 2);
        using var session = new GenerationSession(model, SmallModels.Letters, new CharTokenizer(), new GenerationConfig { Length = 9 });
        session.Read("ab");
        using IEnumerator<TextPiece> pieces = session.Continue().GetEnumerator();
        Assert.True(pieces.MoveNext());
        using var trainer = new Trainer(model, Training, SmallModels.Text);
        model.Dispose();
        model.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Expect(predictor, 1));
        Assert.Throws<ObjectDisposedException>(() => pieces.MoveNext());
        Assert.Throws<ObjectDisposedException>(() => model.Predictor());
        Assert.Throws<ObjectDisposedException>(() => trainer.TrainEpoch(0));
        Assert.Throws<ObjectDisposedException>(() => model.BeginState(1));
        Assert.Throws<ObjectDisposedException>(() => Checkpoint.CopyWeights(model));
        predictor.Dispose();
        trainer.Dispose();
        trainer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => trainer.TrainEpoch(0));
    }

    [Theory]
    [InlineData("built-in gru", true)]
    [InlineData("built-in gru", false)]
    [InlineData("custom rnn", true)]
    [InlineData("fused gru with attention", true)]
    [InlineData("fused gru", true)]
    [InlineData("fused gru", false)]
    public void Predictors_OneInTheOther_LeaveTheModeThatTheyFound(string kind, bool training)
    {
        using LanguageModel model = SmallModels.Network(kind, dropout: 0.5);
        model.train(training);
        IPredictor first = model.Predictor(), second = model.Predictor();
        Assert.True(model.UsesKernels || !model.training);
        first.Dispose();
        first.Dispose();
        Assert.True(model.UsesKernels || !model.training);
        IPredictor third = model.Predictor();
        second.Dispose();
        Assert.True(model.UsesKernels || !model.training);
        third.Dispose();
        Assert.Equal(training, model.training);
        using (model.Predictor())
            Evaluator.Measure(model, SmallModels.Text);
        Assert.Equal(training, model.training);
    }

    // A training step puts the model in training mode: a predictor from before must not use dropout after it.
    [Theory]
    [InlineData("built-in gru")]
    [InlineData("custom rnn")]
    [InlineData("fused gru")]
    public void Predict_AfterAnEpochOfAModelWithDropout_BeginsAnewAndDropsNothing(string kind)
    {
        using LanguageModel model = SmallModels.Network(kind, dropout: 0.5);
        using var trainer = new Trainer(model, Training, SmallModels.Text);
        using IPredictor predictor = model.Predictor();
        predictor.Begin(1);
        float[] before = Expect(predictor, 1, 2);
        trainer.TrainEpoch(0);
        Assert.Contains("begin again", Assert.Throws<InvalidOperationException>(() => Expect(predictor, 3)).Message,
            StringComparison.Ordinal);
        predictor.Begin(1);
        float[] after = Expect(predictor, 1, 2);
        Assert.NotEqual(before, after);
        AssertClose(Reference(model, 1, 2), after);
        predictor.Begin(1);
        Assert.Equal(after, Expect(predictor, 1, 2));
    }

    [Fact]
    public void ReadersOfPairs_ModelInTrainingMode_LeaveItThere()
    {
        TextPair[] pairs = [.. Enumerable.Range(0, 6).Select(i => new TextPair("abc"[..(1 + (i % 3))], "ab"[i % 2].ToString(), i + 1))];
        var file = new PairFile("pairs", "00", pairs);
        var model = new ModelConfig { NumHiddens = 6, OutputDropout = 0.5 };
        using var classifier = TrainedClassifier.Create(new ClassifierConfig { Model = model }, file, 1, threads: 1);
        using var translator = TrainedTranslator.Create(new TranslatorConfig { Model = model }, file, 1, threads: 1);
        classifier.Model.train();
        translator.Model.train();
        Assert.Equal(classifier.Label(["ab"])[0], classifier.Label(["ab"])[0]);
        Assert.Equal(classifier.Loss(pairs), classifier.Loss(pairs));
        Assert.Equal(translator.Predict(["ab"]), translator.Predict(["ab"]));
        Assert.Equal(translator.Loss(pairs), translator.Loss(pairs));
        Assert.True(classifier.Model.training && translator.Model.training);
        classifier.Dispose();
        classifier.Dispose();
        Assert.Throws<ObjectDisposedException>(() => classifier.Label(["ab"]));
        translator.Dispose();
        Assert.Throws<ObjectDisposedException>(() => translator.Predict(["ab"]));
        Assert.Throws<ObjectDisposedException>(() => translator.Loss(pairs));
    }

    public static TheoryData<string, string> Changes =>
    [
        .. SmallModels.Networks.SelectMany(
            kind => new[] { "load_state_dict", "optimizer", "signs", "one value", "two values change places", "to and back", "raw" }.Select(
                change => (kind, change))),
    ];

    [Theory, MemberData(nameof(Changes))]
    public void Begin_WeightsChangedByOthers_SeesThem(string kind, string change)
    {
        using LanguageModel model = SmallModels.Network(kind);
        using IPredictor predictor = model.Predictor();
        predictor.Begin(1);
        float[] before = Expect(predictor, 1, 2, 3);
        Change(model, change);
        predictor.Begin(1);
        float[] after = Expect(predictor, 1, 2, 3);
        Assert.NotEqual(before, after);
        AssertClose(Reference(model, 1, 2, 3), after);
        using IPredictor fresh = model.Predictor();
        fresh.Begin(1);
        Assert.Equal(Expect(fresh, 1, 2, 3), after);
    }

    private static void Change(LanguageModel model, string change)
    {
        Parameter weight = model.get_parameter("rnn.weight_hh_l0")!, bias = model.get_parameter("linear.bias")!;
        using DisposeScope scope = NewDisposeScope();
        switch (change)
        {
            case "load_state_dict":
                using (LanguageModel other = SmallModels.Network("built-in gru"))
                    model.load_state_dict(model.state_dict().ToDictionary(entry => entry.Key, entry => entry.Value * 0.5f + 0.1f));
                break;
            case "optimizer":
                model.Forward(tensor([1L, 2, 3], [1, 3]), model.BeginState(1)).Logits.square().sum().backward();
                using (var optimizer = optim.SGD(model.parameters(), 0.1))
                    optimizer.step();
                break;
            case "signs":
                using (no_grad())
                {
                    foreach (Parameter one in model.parameters())
                        one.neg_();
                }
                break;
            case "one value":
                using (no_grad())
                    bias[2] = bias[2] + 1e-3f;
                break;
            case "two values change places":
                using (no_grad())
                    weight.copy_(cat([weight[1..2], weight[0..1], weight[2..]]));
                break;
            case "to and back":
                using (no_grad())
                    weight.mul_(0.5f);
                model.to(ScalarType.Float64);
                model.to(ScalarType.Float32);
                break;
            default:
                weight.bytes.Slice(0, 40).Clear();
                break;
        }
    }

    [Fact]
    public void Checksum_EveryBitOfEveryWeight_Counts()
    {
        using LanguageModel model = SmallModels.Network("fused lstm with tied embedding");
        using var raw = new RawWeights(model);
        var seen = new HashSet<ulong> { raw.Checksum() };
        int bits = 0;
        foreach (Parameter weight in model.parameters())
        {
            for (int place = 0; place < weight.numel(); place += 3)
            {
                weight.bytes[(4 * place) + 3] ^= 0x80;
                Assert.True(seen.Add(raw.Checksum()));
                weight.bytes[(4 * place) + 3] ^= 0x80;
                weight.bytes[4 * place] ^= 1;
                Assert.True(seen.Add(raw.Checksum()));
                weight.bytes[4 * place] ^= 1;
                bits += 2;
            }
        }
        Assert.Equal(bits + 1, seen.Count);
    }

    [Theory]
    [InlineData("fused gru")]
    [InlineData("built-in gru")]
    public void Moved_ModelOfAnotherType_IsSeenByPredictorsAndTrainers(string kind)
    {
        using LanguageModel model = SmallModels.Network(kind);
        using var trainer = new Trainer(model, Training, SmallModels.Text);
        trainer.TrainEpoch(0);
        using IPredictor predictor = model.Predictor();
        predictor.Begin(1);
        Expect(predictor, 1);
        model.to(ScalarType.Float64);
        Assert.Contains("moved or replaced", Assert.Throws<InvalidOperationException>(() => trainer.TrainEpoch(1)).Message,
            StringComparison.Ordinal);
        if (kind == "fused gru")
        {
            Assert.Contains("begin again", Assert.Throws<InvalidOperationException>(() => Expect(predictor, 1)).Message,
                StringComparison.Ordinal);
            Assert.Throws<InvalidConfigException>(() => predictor.Begin(1));
            Assert.Throws<InvalidOperationException>(() => Expect(predictor, 1));
            return;
        }
        predictor.Begin(1);
        AssertClose(Reference(model, 1, 2), Expect(predictor, 1, 2));
    }

    [Fact]
    public void DynamicPredictor_WhileItIsOpen_KeepsOthersOut()
    {
        using LanguageModel model = SmallModels.Network("built-in gru");
        double measured = Evaluator.Measure(model, SmallModels.Text).Total;
        using var dynamic = new DynamicModel(model, new DynamicEvaluationConfig());
        using IPredictor other = model.Predictor();
        other.Begin(1);
        IPredictor predictor = dynamic.Predictor();
        Assert.Throws<InvalidOperationException>(() => predictor.Score([1], [2], 1, new float[1]));
        predictor.Begin(1);
        predictor.Score([1, 2], [2, 3], 2, new float[2]);
        Assert.Throws<InvalidOperationException>(() => Expect(other, 1));
        Assert.Throws<InvalidOperationException>(() => dynamic.Predictor());
        Assert.Throws<InvalidOperationException>(() => Evaluator.Measure(model, SmallModels.Text));
        predictor.Dispose();
        predictor.Dispose();
        Assert.Throws<ObjectDisposedException>(() => predictor.Begin(1));
        Assert.Equal(measured, Evaluator.Measure(model, SmallModels.Text).Total);
        using (IPredictor again = dynamic.Predictor())
            model.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Write_ModelWithAWeightOfItsOwn_IsRefused(bool pairs)
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("model.safetensors");
        TextPair[] some = [new("a", "b", 1), new("b", "a", 2)];
        using var classifier = TrainedClassifier.Create(
            new ClassifierConfig { Model = new ModelConfig { NumHiddens = 4 } }, new PairFile("pairs", "00", some), 1, threads: 1);
        using LanguageModel model = SmallModels.Network("fused gru");
        nn.Module module = pairs ? classifier.Model : model;
        Write();
        Assert.True(File.Exists(path));
        byte[] before = File.ReadAllBytes(path);
        module.register_parameter("mine", new Parameter(zeros(3)));
        Assert.Contains("'mine'", Assert.Throws<CheckpointException>(Write).Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(path));

        void Write()
        {
            if (pairs)
            {
                classifier.Write(path, Training, new PairFile("pairs", "00", some), new TrainingProgress());
                return;
            }
            CheckpointFile.Write(path, new Checkpoint
            {
                Model = model.Config,
                Text = new TextConfig(),
                Vocab = SmallModels.Letters,
                Training = Training,
                Corpus = new CorpusRecord("text", "00"),
                Progress = new TrainingProgress(),
                Weights = Checkpoint.CopyWeights(model),
            });
        }
    }
}
