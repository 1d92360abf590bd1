using CharLM.Batching;
using CharLM.Models;
using CharLM.Models.Attention;
using CharLM.Pairs;
using CharLM.Pairs.Classification;
using CharLM.Pairs.Translation;
using CharLM.Training;
using static CharLM.Tests.Training.SharedSteps;

namespace CharLM.Tests.Training;

/// <summary>Minibatches whose gradients add up: training is that of one minibatch with all their rows.</summary>
public sealed class AccumulateTests
{
    private const double Near = 1e-6;
    private const int Steps = 30;

    public static TheoryData<Implementation, SamplingOrder> Orders => new MatrixTheoryData<Implementation, SamplingOrder>(
        Enum.GetValues<Implementation>(), Enum.GetValues<SamplingOrder>());

    // 5 minibatches of 5 rows have 25, and the last of a pass fewer than 5: some have no row at all.
    [Theory]
    [MemberData(nameof(Orders))]
    public void TrainEpoch_Accumulating_EqualsTheLargeMinibatch(Implementation implementation, SamplingOrder order) =>
        AssertEqual(TwoLayers with { Implementation = implementation }, Settings with
        {
            Sampling = order,
            BatchSize = 5,
            Accumulate = 5,
            NumSteps = order == SamplingOrder.Windows ? 5 : 7,
            TrainWindows = order == SamplingOrder.Windows ? 502 : 0,
        });

    [Theory]
    [InlineData(Implementation.Fused)]
    [InlineData(Implementation.BuiltIn)]
    public void TrainEpoch_AccumulatingDocuments_EqualsTheLargeMinibatch(Implementation implementation) =>
        AssertEqual(TwoLayers with { Implementation = implementation }, Settings with { BatchSize = 3, Accumulate = 5 }, Documents, 11);

    [Fact]
    public void TrainEpoch_AccumulatingWithEveryDropout_DropsWhatTheLargeMinibatchDrops()
    {
        AssertEqual(AllDropouts, Settings with { BatchSize = 4, Accumulate = 3 });
        AssertEqual(TwoLayers with { InputDropout = 0.3 }, Settings with { BatchSize = 4, Accumulate = 3, Truncation = Truncation.Random });
    }

    [Fact]
    public void TrainEpoch_AccumulatingWithAttention_EqualsTheLargeMinibatch() => AssertEqual(
        TwoLayers with { NumLayers = 1, Attention = AttentionKind.Dot, AttentionWindow = 9, Implementation = Implementation.Custom },
        Settings with { BatchSize = 4, Accumulate = 3 });

    // The state in the checkpoint is that of the large minibatch: the resumed trainer goes on bit for bit, and without accumulation nearly.
    [Theory]
    [InlineData(Implementation.Fused)]
    [InlineData(Implementation.BuiltIn)]
    public void SetState_Accumulating_ContinuesBitForBit(Implementation implementation)
    {
        ModelConfig config = TwoLayers with { Implementation = implementation };
        TrainerConfig training = Settings with { BatchSize = 4, Accumulate = 3 };
        using LanguageModel whole = Model(config), resumed = Model(config, seed: 7), large = Model(config, seed: 8);
        TrainerState state;
        float[][] expected;
        using (var trainer = new Trainer(whole, training, Text))
        {
            trainer.Take(10);
            state = trainer.CopyState();
            foreach (LanguageModel model in new[] { resumed, large })
                model.load_state_dict(whole.state_dict());
            trainer.Take(5);
            expected = Weights(whole);
        }
        Assert.Equal(2 * 12 * 20, state.Hidden.Length);
        Assert.Equal(expected, GoOn(resumed, training));
        Assert.InRange(Apart(expected, GoOn(large, training with { BatchSize = 12, Accumulate = 1 })), 0, Near);

        float[][] GoOn(LanguageModel model, TrainerConfig with)
        {
            using var trainer = new Trainer(model, with, Text);
            trainer.SetState(state);
            trainer.Take(5);
            return Weights(model);
        }
    }

    [Fact]
    public void TrainEpoch_AccumulatingPairs_EqualsTheLargeMinibatch()
    {
        TextPair[] pairs = [.. Enumerable.Range(0, 60).Select(i => new TextPair(
            string.Concat(Enumerable.Range(0, 1 + (i % 7)).Select(k => (char)('a' + ((i + k) % 4)))), i % 3 == 0 ? "yes" : "no", i + 1))];
        var network = new ModelConfig { NumHiddens = 8 };
        foreach (PairConfig config in new PairConfig[]
        {
            new ClassifierConfig { Model = network }, new TranslatorConfig { Model = network, Attention = SourceAttention.Dot },
        })
        {
            Assert.InRange(Apart(Learn(config, 20, 1), Learn(config, 4, 5)), 0, Near);
        }

        float[][] Learn(PairConfig config, int batchSize, int accumulate)
        {
            TorchSharp.torch.manual_seed(3);
            PairVocab vocab = config.VocabOf(pairs);
            using TrainedModel model = config.Build(vocab.Source, vocab.Target, 1, null);
            using var trainer = new PairTrainer(model.Task(pairs), Settings with { BatchSize = batchSize, Accumulate = accumulate });
            for (int epoch = 0; epoch < 4; epoch++)
                trainer.EpochEnded(trainer.TrainEpoch(epoch).Train.Mean);
            return [.. model.Model.parameters().Select(weight => weight.data<float>().ToArray())];
        }
    }

    [Theory]
    [InlineData(32, 0, "accumulate must be 1 to 65536, not 0")]
    [InlineData(32, 2049, "batch-size times accumulate must be at most 65536 rows, not 65568")]
    public void Errors_OfAccumulate_NamesTheLimit(int batchSize, int accumulate, string error) =>
        Assert.Equal([error], new TrainerConfig { BatchSize = batchSize, Accumulate = accumulate }.Errors());

    private static void AssertEqual(ModelConfig config, TrainerConfig training, int[]? text = null, int? endId = null)
    {
        using LanguageModel parts = Model(config), whole = Model(config);
        double[] losses = Learn(parts, training);
        Assert.Equal(Learn(whole, training with { BatchSize = training.RowsOfUpdate, Accumulate = 1 }), losses,
            (a, b) => Math.Abs(a - b) < Near * a);
        Assert.InRange(Apart(Weights(whole), Weights(parts)), 0, Near);

        double[] Learn(LanguageModel model, TrainerConfig with)
        {
            using var trainer = new Trainer(model, with, text ?? Text, endId);
            return trainer.Take(Steps);
        }
    }
}
