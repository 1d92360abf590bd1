using System.Runtime;
using CharLM.Batching;
using CharLM.Models;
using CharLM.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Tests.Training;

public sealed class TrainerTests
{
    private const int Vocab = 6;

    // A text that every kind of model learns fast: 1 2 3 4 5 1 2 3 4 5 ...
    private static int[] Text(int length = 400) => [.. Enumerable.Range(0, length).Select(i => 1 + i % 5)];

    private static TrainerConfig Config => new() { NumEpochs = 10, BatchSize = 4, NumSteps = 10, LearningRate = 1 };

    private static LanguageModel Model(
        CellKind cell = CellKind.Gru, Implementation implementation = Implementation.BuiltIn, int layers = 1, double dropout = 0)
    {
        manual_seed(0);
        return new LanguageModel(
            new ModelConfig
            {
                Cell = cell,
                Implementation = implementation,
                NumHiddens = 16,
                NumLayers = layers,
                Dropout = dropout
            }, Vocab);
    }

    public static TheoryData<CellKind, Implementation> Kinds
    {
        get
        {
            var kinds = new TheoryData<CellKind, Implementation>();
            foreach (CellKind cell in Enum.GetValues<CellKind>())
            {
                foreach (Implementation implementation in Enum.GetValues<Implementation>())
                    kinds.Add(cell, implementation);
            }
            return kinds;
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void TrainEpoch_RepeatedText_LearnsIt(CellKind cell, Implementation implementation)
    {
        using LanguageModel model = Model(cell, implementation);
        using var trainer = new Trainer(model, Config with { LearningRate = 0.02, Optimizer = OptimizerKind.Adam }, Text());
        double first = trainer.TrainEpoch(0).Train.Perplexity, last = 0;
        for (int epoch = 1; epoch < 40; epoch++)
            last = trainer.TrainEpoch(epoch).Train.Perplexity;
        Assert.InRange(first, 1.2, Vocab + 1);
        Assert.InRange(last, 1, 1.1);
    }

    [Theory]
    [InlineData(SamplingOrder.Sequential)]
    [InlineData(SamplingOrder.Random)]
    public void TrainEpoch_Report_CountsTheTokensOfThePlan(SamplingOrder order)
    {
        using LanguageModel model = Model();
        using var trainer = new Trainer(model, Config with { Sampling = order }, Text());
        var steps = new List<StepReport>();
        EpochReport report = trainer.TrainEpoch(4, new Listener<StepReport>(steps.Add));

        Assert.Equal((5, 10), (report.Epoch, report.NumEpochs));
        Assert.Equal(steps.Count * 40, report.Train.Tokens);
        Assert.Equal(Enumerable.Range(1, steps.Count), steps.Select(step => step.Batch));
        Assert.Equal(steps.Average(step => step.Loss), report.Train.Mean, 10);
        Assert.Equal(steps.Average(step => step.GradientNorm), report.GradientNorm, 10);
    }

    [Fact]
    public void TrainEpoch_UntrainedUniformModel_HasThePerplexityOfTheVocab()
    {
        using LanguageModel model = Model();
        using (no_grad())
        {
            foreach (TorchSharp.Modules.Parameter parameter in model.parameters())
                parameter.zero_();
        }
        using var trainer = new Trainer(model, Config with { LearningRate = 1e-30 }, Text());
        Assert.Equal(Vocab, trainer.TrainEpoch(0).Train.Perplexity, 4);
    }

    [Theory]
    [InlineData(Implementation.Custom)]
    [InlineData(Implementation.BuiltIn)]
    public void TrainEpoch_SameSeed_GivesTheSameNumbers(Implementation implementation)
    {
        double[] Run()
        {
            using LanguageModel model = Model(implementation: implementation, layers: 2, dropout: 0.3);
            using var trainer = new Trainer(model, Config, Text());
            return [.. Enumerable.Range(0, 3).Select(epoch => trainer.TrainEpoch(epoch).Train.Total)];
        }
        Assert.Equal(Run(), Run());
    }

    [Fact]
    public void TrainEpoch_SequentialSampling_CarriesTheState()
    {
        // Same text, same position: with carried state the second minibatch knows what came before.
        using LanguageModel model = Model(CellKind.Lstm);
        var steps = new List<StepReport>();
        using var trainer = new Trainer(model, Config with { NumSteps = 1, BatchSize = 1, LearningRate = 1e-30 }, Text(40));
        trainer.TrainEpoch(0, new Listener<StepReport>(steps.Add));
        int[] distinct = [.. steps.Select(step => (int)(step.Loss * 1e6)).Distinct()];
        Assert.True(distinct.Length > 10, "five tokens without context could give five losses only");
    }

    [Fact]
    public void TrainEpoch_RandomSampling_StartsFromZero()
    {
        using LanguageModel model = Model(CellKind.Lstm);
        var steps = new List<StepReport>();
        using var trainer = new Trainer(
            model, Config with { NumSteps = 1, BatchSize = 1, LearningRate = 1e-30, Sampling = SamplingOrder.Random }, Text(40));
        trainer.TrainEpoch(0, new Listener<StepReport>(steps.Add));
        Assert.Equal(5, steps.Select(step => (int)(step.Loss * 1e6)).Distinct().Count());
    }

    [Fact]
    public void TrainEpoch_HugeLearningRate_StopsWithStepNormAndAdvice()
    {
        using LanguageModel model = Model();
        using var trainer = new Trainer(model, Config with { LearningRate = 1e38, ClipNorm = 0 }, Text());
        var e = Assert.Throws<TrainingDivergedException>(() =>
        {
            for (int epoch = 0; epoch < 10; epoch++)
                trainer.TrainEpoch(epoch);
        });
        Assert.Contains($"epoch {e.Epoch}, minibatch {e.Batch}", e.Message, StringComparison.Ordinal);
        Assert.Contains("smaller learning rate", e.Message, StringComparison.Ordinal);
    }

    // A second call would learn the same minibatches with the same random numbers again, or nothing at all.
    [Fact]
    public void TrainEpoch_EpochThatWasTrained_Throws()
    {
        using LanguageModel model = Model();
        using var trainer = new Trainer(model, Config, Text());
        trainer.TrainEpoch(0);
        Assert.Contains("epoch 0 is already trained: the next is 1",
            Assert.Throws<InvalidOperationException>(() => trainer.TrainEpoch(0)).Message, StringComparison.Ordinal);
        trainer.EpochEnded(1);
        Assert.Throws<InvalidOperationException>(() => trainer.TrainEpoch(0));
        trainer.TrainEpoch(1);
        trainer.TrainEpoch(3);
        Assert.Contains("the next is 4", Assert.Throws<InvalidOperationException>(() => trainer.TrainEpoch(2)).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => trainer.TrainEpoch(-1));
    }

    // A state copied between the last minibatch and the end of an epoch reports that epoch again.
    [Fact]
    public void TrainEpoch_StateOfALearnedEpoch_TellsOfItAgainAndLearnsNothing()
    {
        using LanguageModel model = Model();
        using var trainer = new Trainer(model, Config, Text());
        EpochReport report = trainer.TrainEpoch(0);
        TrainerState state = trainer.CopyState();
        using var other = new Trainer(model, Config, Text());
        other.SetState(state);
        int steps = 0;
        Assert.Equal(report.Train, other.TrainEpoch(0, new Listener<StepReport>(_ => steps++)).Train);
        Assert.Equal(0, steps);
        Assert.Throws<InvalidOperationException>(() => other.TrainEpoch(0));
    }

    // The weights come from the model, all other randomness from the seed.
    [Theory]
    [InlineData(Implementation.Fused)]
    [InlineData(Implementation.BuiltIn)]
    public void TrainEpoch_OtherSeed_ChangesOrderAndDropoutAndNotTheWeightsItBeginsWith(Implementation implementation)
    {
        double[] Losses(long seed)
        {
            using LanguageModel model = Model(implementation: implementation, layers: 2, dropout: 0.3);
            using var trainer = new Trainer(
                model, Config with { Seed = seed, Sampling = SamplingOrder.Random, LearningRate = 1e-30 }, Text());
            double before = model.parameters().Sum(parameter => parameter.abs().sum().ToDouble());
            return [trainer.TrainEpoch(0).Train.Total, before];
        }
        double[] zero = Losses(0), again = Losses(0), one = Losses(1);
        Assert.Equal(zero, again);
        Assert.NotEqual(zero[0], one[0]);
        Assert.Equal(zero[1], one[1]);
    }

    // A background collection frees TorchSharp's scalars too early, which made runs of torch's layers fail occasionally.
    [Fact]
    public void Listen_ProcessThatUsesTheToolkit_CollectsNothingInTheBackground()
    {
        using LanguageModel model = Model();
        Assert.NotEqual(GCLatencyMode.Interactive, GCSettings.LatencyMode);
    }

    [Fact]
    public void TrainEpoch_Cancelled_FinishesTheCurrentMinibatch()
    {
        using LanguageModel model = Model();
        using var trainer = new Trainer(model, Config, Text());
        using var cancel = new CancellationTokenSource();
        int steps = 0;
        var progress = new Listener<StepReport>(_ =>
        {
            if (++steps == 2)
                cancel.Cancel();
        });
        Assert.Throws<OperationCanceledException>(() => trainer.TrainEpoch(0, progress, cancel.Token));
        Assert.Equal(2, steps);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void TrainEpoch_ManyEpochs_KeepsTheNumberOfTensors(CellKind cell, Implementation implementation)
    {
        using LanguageModel model = Model(cell, implementation);
        using var trainer = new Trainer(model, Config, Text());
        trainer.TrainEpoch(0);
        long before = LiveTensors.Count();
        for (int epoch = 1; epoch < 6; epoch++)
            trainer.TrainEpoch(epoch);
        Assert.Equal(before, LiveTensors.Count());
    }

    [Fact]
    public void Validate_FaultyConfig_NamesEveryFault()
    {
        var config = new TrainerConfig
        {
            NumEpochs = 0,
            BatchSize = -1,
            NumSteps = 0,
            LearningRate = double.NaN,
            ClipNorm = double.PositiveInfinity,
        };
        Assert.Equal(5, Assert.Throws<InvalidConfigException>(config.Validate).Errors.Count);
    }
}
