using CharLM.Batching;
using CharLM.Models;
using CharLM.Training;
using static CharLM.Tests.Training.SharedSteps;

namespace CharLM.Tests.Training;

/// <summary>
/// Ranks that train together take the steps of one process: here they are threads; <c>scripts/test-mpi</c> has them as processes.
/// </summary>
public sealed class ExchangeTests
{
    private const int Steps = 50;

    [Fact]
    public void TrainEpoch_OneRank_IsAProcessAloneBitForBit()
    {
        using LanguageModel alone = Model(AllDropouts);
        double[] losses = Train(alone, Settings, null).Losses;
        (double[] Losses, float[][] Weights) one = Assert.Single(TrainTogether(1, AllDropouts, Settings));
        Assert.Equal(Weights(alone), one.Weights);
        Assert.Equal(losses, one.Losses, (a, b) => Math.Abs(a - b) < 1e-6);
    }

    // 25 rows are 6, 6, 6 and 7, and the last minibatch has fewer; 2 rows leave two of four ranks without one.
    [Theory]
    [InlineData(SamplingOrder.Sequential, 2, 25)]
    [InlineData(SamplingOrder.Sequential, 4, 2)]
    [InlineData(SamplingOrder.Random, 4, 25)]
    [InlineData(SamplingOrder.Random, 3, 2)]
    [InlineData(SamplingOrder.Windows, 4, 25)]
    public void TrainEpoch_SomeRanks_TakeTheStepsOfOneProcess(SamplingOrder order, int ranks, int rows) =>
        AssertNear(ranks, TwoLayers, Settings with
        {
            Sampling = order,
            BatchSize = rows,
            TrainWindows = order == SamplingOrder.Windows ? 510 : 0,
        });

    [Fact]
    public void TrainEpoch_SomeRanksWithEveryDropout_DropWhatOneProcessDrops()
    {
        AssertNear(3, AllDropouts, Settings);
        AssertNear(3, TwoLayers with { InputDropout = 0.3 }, Settings with { Truncation = Truncation.Random });
    }

    [Fact]
    public void TrainEpoch_SomeRanksThatAccumulate_TakeTheStepsOfOneProcess() =>
        AssertNear(3, TwoLayers, Settings with { BatchSize = 5, Accumulate = 4 });

    [Fact]
    public void TrainEpoch_SomeRanksOnDocuments_TakeTheStepsOfOneProcess() => AssertNear(4, TwoLayers, Settings, Documents, 11);

    // What one wants, all do after the same step; the state is that of all rows, with which any number of ranks goes on.
    [Theory]
    [InlineData(3)]
    [InlineData(2)]
    [InlineData(1)]
    public void SetState_OfStoppedRanks_ContinuesWithAnyNumber(int ranks)
    {
        float[][] expected = TrainTogether(3, TwoLayers, Settings)[0].Weights;
        (TrainerState State, float[][] Weights)[] stopped = ThreadRanks.Run(3, exchange =>
        {
            using LanguageModel model = Model(TwoLayers, exchange.Rank == 0 ? 4 : 100);
            using var trainer = new Trainer(model, Settings, Text, null, exchange);
            // Only the last rank hears the signal.
            int steps = trainer.Take(exchange.Rank == 2 ? 20 : int.MaxValue).Length;
            Assert.Equal((21, true), (steps, trainer.Agreed!.Value.Stop));
            return (trainer.CopyState(), Weights(model));
        });
        Assert.All(stopped, one => Assert.Equal(stopped[0].State.Hidden, one.State.Hidden));
        float[][] resumed = ThreadRanks.Run(ranks, exchange =>
        {
            using LanguageModel model = Model(TwoLayers, seed: 9);
            SetWeights(model, stopped[0].Weights);
            using var trainer = new Trainer(model, Settings, Text, null, exchange);
            trainer.SetState(stopped[0].State);
            trainer.Take(Steps - 21 - 1, trainer.CopyState().Epoch);
            return Weights(model);
        })[0];
        if (ranks == 3)
            Assert.Equal(expected, resumed);
        Assert.InRange(Apart(expected, resumed), 0, 1e-5);
    }

    [Fact]
    public void TrainEpoch_OneRankWantsToSave_AllKnowAfterTheSameStep()
    {
        int[][] saved = ThreadRanks.Run(2, exchange =>
        {
            using LanguageModel model = Model(TwoLayers);
            using var trainer = new Trainer(model, Settings, Text, null, exchange);
            var steps = new List<int>();
            int step = 0;
            trainer.WantsToSave = exchange.Rank == 0 ? () => step + 1 is 3 or 7 : null;
            trainer.TrainEpoch(0, new Listener<StepReport>(_ =>
            {
                step++;
                if (trainer.Agreed is { Save: true })
                    steps.Add(step);
            }));
            return steps.ToArray();
        });
        Assert.All(saved, steps => Assert.Equal([3, 7], steps));
    }

    [Fact]
    public void TrainEpoch_RankWithOtherWeights_IsNamedByAll()
    {
        var e = Assert.Throws<AggregateException>(() => ThreadRanks.Run(3, exchange =>
        {
            using LanguageModel model = Model(TwoLayers);
            using var trainer = new Trainer(model, Settings, Text, null, exchange);
            if (exchange.Rank == 1)
                SetWeights(model, [.. Weights(model).Select(weight => Array.ConvertAll(weight, value => value + 1e-6f))]);
            return trainer.Take(3);
        }));
        Assert.Equal(3, e.InnerExceptions.Count);
        Assert.All(e.InnerExceptions, one => Assert.Contains(
            "the weights of rank 1 are no longer those of rank 0", Assert.IsType<RanksException>(one).Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Trainer_OfAModelThatTorchComputes_IsRefused()
    {
        using LanguageModel model = Model(TwoLayers with { Implementation = Implementation.BuiltIn });
        Assert.Contains("several processes train only what the fused implementation computes", Assert.Throws<AggregateException>(() =>
            ThreadRanks.Run(1, exchange => new Trainer(model, Settings, Text, null, exchange))).InnerException!.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Together_WorkThatFailsOnARank_IsNamedOnRankZeroAndEndsAll()
    {
        var e = Assert.Throws<AggregateException>(() => ThreadRanks.Run(3, exchange =>
            exchange.Together(() => exchange.Rank == 2 ? throw new IOException("no such text") : exchange.Rank)));
        Assert.Equal(3, e.InnerExceptions.Count);
        Assert.All(
            e.InnerExceptions, one => Assert.Contains("rank 2", Assert.IsType<RanksException>(one).Message, StringComparison.Ordinal));
        Assert.Equal([0, 1, 2], ThreadRanks.Run(3, exchange => exchange.Together(() => exchange.Rank)));
    }

    private static void AssertNear(int ranks, ModelConfig config, TrainerConfig training, int[]? text = null, int? endId = null)
    {
        using LanguageModel alone = Model(config);
        (double[] losses, float[][] weights) = Train(alone, training, null, text, endId);
        (double[] Losses, float[][] Weights)[] together = TrainTogether(ranks, config, training, text, endId);
        Assert.All(together, rank => Assert.Equal(together[0].Weights, rank.Weights));
        Assert.Equal(losses, together[0].Losses, (a, b) => Math.Abs(a - b) < 1e-5 * a);
        Assert.InRange(Apart(weights, together[0].Weights), 0, 1e-5);
    }

    // Each rank draws weights of its own, and begins with those of rank 0.
    private static (double[] Losses, float[][] Weights)[] TrainTogether(
        int ranks, ModelConfig config, TrainerConfig training, int[]? text = null, int? endId = null)
    {
        LanguageModel[] models = [.. Enumerable.Range(0, ranks).Select(rank => Model(config, rank == 0 ? 4 : 100 + rank))];
        try
        {
            return ThreadRanks.Run(ranks, exchange => Train(models[exchange.Rank], training, exchange, text, endId));
        }
        finally
        {
            foreach (LanguageModel model in models)
                model.Dispose();
        }
    }

    private static (double[] Losses, float[][] Weights) Train(
        LanguageModel model, TrainerConfig training, IGradientExchange? exchange, int[]? text = null, int? endId = null)
    {
        using var trainer = new Trainer(model, training, text ?? Text, endId, exchange);
        return (trainer.Take(exchange is null ? Steps : Steps - 1), Weights(model));
    }
}
