using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Models.Fused.Passes;
using CharLM.Models.Fused.Simd;
using CharLM.Pairs.Classification;
using CharLM.Tokenization;
using CharLM.Training;
using CharLM.Workbench.Runs;
using static TorchSharp.torch;

namespace CharLM.Tests.Models.Fused;

/// <summary>The output layer on a sample of the vocab: an unbiased sum, and a training that measures as well as with all tokens.</summary>
public sealed class SampledOutputTests
{
    private static ModelConfig Config(bool tied) =>
        new() { Cell = CellKind.Lstm, NumHiddens = 12, EmbeddingSize = tied ? 12 : 5, TieWeights = tied };

    [Theory]
    [InlineData(40, false)]
    [InlineData(40, true)]
    [InlineData(700, false)]
    [InlineData(700, true)]
    public void Learn_SampleOfAllTokens_IsTorchsSoftmax(int vocab, bool tied)
    {
        using var both = new FusedCase(Config(tied), vocab, batch: 5, steps: 6, seed: 3);
        (double expectedLoss, Dictionary<string, float[]> expected) = both.Torch(minibatches: 2);

        (double loss, Dictionary<string, float[]> gradients) = both.Kernels(workers: 2, minibatches: 2, sampled: vocab);

        Assert.Equal(expectedLoss, loss, 1e-5 * expectedLoss);
        Assert.InRange(FusedCase.Deviation(expected, gradients), 0, 5e-5);
    }

    // exp(loss) of a single row is its sum over the sample, divided by the exponential of its target.
    [Theory]
    [InlineData(400, 30)]
    [InlineData(400, 150)]
    [InlineData(3000, 100)]
    public void Learn_OneRow_HasTheWholeVocabsSumOnAverage(int vocab, int sampled)
    {
        using var both = new FusedCase(Config(tied: false), vocab, batch: 1, steps: 1, seed: 5);
        double expected = Math.Exp(both.Torch().Loss);

        double[] sums = [.. both.LossesOfKeys(3000, sampled).Select(Math.Exp)];

        double mean = sums.Average(), deviation = Math.Sqrt(sums.Average(sum => (sum - mean) * (sum - mean)));
        Assert.InRange(mean, expected - (5 * deviation / Math.Sqrt(sums.Length)), expected + (5 * deviation / Math.Sqrt(sums.Length)));
        Assert.True(deviation > 0);
    }

    [Fact]
    public void Learn_Sample_GivesTheSameBitsWithAnyNumberOfWorkersAndLeavesOtherTokensAlone()
    {
        using var both = new FusedCase(Config(tied: false), 2000, batch: 9, steps: 7, seed: 1);
        (double loss, Dictionary<string, float[]> gradients) = both.Kernels(minibatches: 3, sampled: 64);

        foreach (int workers in new[] { 2, 3 })
        {
            (double otherLoss, Dictionary<string, float[]> others) = both.Kernels(workers: workers, minibatches: 3, sampled: 64);
            Assert.Equal(loss, otherLoss);
            Assert.All(gradients, entry => Assert.Equal(entry.Value, others[entry.Key]));
        }
        float[][] rows = [.. gradients["linear.weight"].Chunk(12)];
        Assert.All(both.Targets, target => Assert.Contains(rows[target], value => value != 0));
        // 63 targets and about 64 others.
        Assert.InRange(rows.Count(row => row.Any(value => value != 0)), 63, 63 + 110);
        Assert.Equal(rows.Select(row => row.Any(value => value != 0)), gradients["linear.bias"].Select(value => value != 0));
    }

    [Theory]
    [InlineData(LaneWidth.Wide)]
    [InlineData(LaneWidth.Medium)]
    [InlineData(LaneWidth.Portable)]
    public void Learn_MoreTargetsThanThereArePlaces_AreAllLearned(LaneWidth width)
    {
        using var both = new FusedCase(Config(tied: true), 2000, batch: 20, steps: 25, seed: 2);
        for (int i = 0; i < both.Targets.Length; i++)
            both.Targets[i] = 1999 - (i * 3);

        (double loss, Dictionary<string, float[]> gradients) = both.Kernels(width, sampled: 16);

        Assert.InRange(loss, 1, 20);
        float[][] rows = [.. gradients["embedding.weight"].Chunk(12)];
        Assert.All(both.Targets, target => Assert.Contains(rows[target], value => value != 0));
    }

    // A run that resumes has seen no minibatch yet for which the sample had to grow.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Learn_AfterASampleThatGrew_GivesTheSameBits(bool tied)
    {
        using var both = new FusedCase(Config(tied), 3000, batch: 20, steps: 25, seed: 2);
        Array.Fill(both.Targets, 7);
        (double loss, Dictionary<string, float[]> gradients) = both.KernelsAfter(null, sampled: 16);

        (double otherLoss, Dictionary<string, float[]> others) =
            both.KernelsAfter([.. Enumerable.Range(0, 500).Select(i => 2999 - (5 * i))], sampled: 16);

        Assert.Equal(loss, otherLoss);
        Assert.All(gradients, entry => Assert.Equal(entry.Value, others[entry.Key]));
    }

    [Fact]
    public void TrainEpoch_Sample_LearnsAsMuchAsTheWholeVocab()
    {
        // A Markov chain over Zipf's vocab.
        var random = new Random(4);
        int[] text = new int[12_000];
        for (int i = 1; i < text.Length; i++)
            text[i] = random.Next(3) > 0 ? (text[i - 1] / 2) + 1 : (int)Math.Pow(600, random.NextDouble()) - 1;
        TokenSource tokens = text;
        (double Trained, double Measured)[] losses = [.. new[] { 0, 80 }.Select(sampled =>
        {
            manual_seed(1);
            using var model = new LanguageModel(
                new ModelConfig { Cell = CellKind.Gru, NumHiddens = 48, Implementation = Implementation.Fused }, 600);
            using var trainer = new Trainer(model, new TrainerConfig
            {
                NumEpochs = 6, BatchSize = 8, NumSteps = 16, Optimizer = OptimizerKind.Adam, LearningRate = 0.01, SampledSoftmax = sampled,
            }, tokens);
            double trained = Enumerable.Range(0, 6).Select(epoch => trainer.TrainEpoch(epoch).Train.Mean).ToArray()[^1];
            return (trained, Evaluator.Measure(model, tokens).Mean);
        })];

        // The loss of training, over samples, estimates the same figure.
        Assert.Equal(losses[0].Trained, losses[1].Trained, 0.2);
        Assert.Equal(losses[0].Measured, losses[1].Measured, 0.2);
        Assert.True(losses[0].Measured < 4, "the chain was hardly learned");
    }

    [Theory]
    [InlineData(Implementation.Custom)]
    [InlineData(Implementation.BuiltIn)]
    public void Errors_WhereItCannotBe_SayWhy(Implementation implementation)
    {
        var training = new TrainerConfig { SampledSoftmax = 64 };
        var model = new ModelConfig { Implementation = implementation };

        Assert.Contains(new RunConfig { Model = model, Training = training }.Errors(), error => error.Contains("sampled-softmax"));
        Assert.Contains(
            new PairRunConfig(new ClassifierConfig()) { Training = training }.Errors(), error => error.Contains("sampled-softmax is for language"));
        Assert.Contains(new TrainerConfig { SampledSoftmax = 7 }.Errors(), error => error.Contains("16 to 1000000"));
        using var small = new LanguageModel(model with { NumHiddens = 4 }, 5);
        Assert.Throws<InvalidConfigException>(() => new Trainer(small, training, new int[2000]));
    }
}
