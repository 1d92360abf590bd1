using CharLM.Models;
using CharLM.Models.Fused;
using CharLM.Models.Fused.Passes;
using CharLM.Models.Fused.Simd;
using CharLM.Models.Fused.Threads;
using FsCheck;
using FsCheck.Fluent;
using static TorchSharp.torch;

namespace CharLM.Tests.Models.Fused;

public sealed class FusedNetworkTests
{
    private sealed record Shape(
        CellKind Cell, RnnActivation Activation, int Layers, int Hidden, int Embedding, int Vocab, int Batch, int Steps, int Seed)
    {
        public ModelConfig Config => new()
        {
            Cell = Cell,
            RnnActivation = Activation,
            NumLayers = Layers,
            NumHiddens = Hidden,
            EmbeddingSize = Embedding,
        };
    }

    private static Gen<Shape> Shapes(int layers, int hidden, int batch, int steps, int vocab) =>
        from cell in Gen.Elements(StandardCells.All)
        from relu in Gen.Elements(false, true)
        from layerCount in Gen.Choose(1, layers)
        from hiddenCount in Gen.Choose(1, hidden)
        from embedding in Gen.Frequency((3, Gen.Constant(0)), (1, Gen.Choose(1, 40)))
        from vocabSize in Gen.Choose(2, vocab)
        from batchSize in Gen.Choose(1, batch)
        from stepCount in Gen.Choose(1, steps)
        from seed in Gen.Choose(0, 1_000_000)
        select new Shape(cell, cell == CellKind.Rnn && relu ? RnnActivation.Relu : RnnActivation.Tanh, layerCount, hiddenCount, embedding,
            vocabSize, batchSize, stepCount, seed);

    // The gradient of relu is discontinuous: where a sum is zero up to rounding, two computations may fall on different sides.
    // Of about a thousand other shapes one is 1.1e-5 off; a wrong term would be off by a tenth.
    private static double Tolerance(Shape shape) => shape.Activation == RnnActivation.Relu ? 0.05 : 5e-5;

    public static TheoryData<LaneWidth> Widths => [LaneWidth.Wide, LaneWidth.Medium, LaneWidth.Portable];

    [Fact]
    public void Learn_AnyShape_HasTheGradientsOfTorch() => Prop.ForAll(Shapes(4, 300, 40, 70, 200).ToArbitrary(), shape =>
    {
        using var both = new FusedCase(shape.Config, shape.Vocab, shape.Batch, shape.Steps, shape.Seed);
        (double expectedLoss, Dictionary<string, float[]> expected) = both.Torch(minibatches: 2);
        (double loss, Dictionary<string, float[]> gradients) = both.Kernels(workers: 2, minibatches: 2);
        Assert.Equal(expectedLoss, loss, 1e-5 * expectedLoss);
        Assert.InRange(FusedCase.Deviation(expected, gradients), 0, Tolerance(shape));
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(25));

    [Theory]
    [MemberData(nameof(Widths))]
    public void Learn_ForcedWidth_HasTheGradientsOfTorch(LaneWidth width) => Prop.ForAll(Shapes(2, 70, 20, 12, 60).ToArbitrary(), shape =>
    {
        using var both = new FusedCase(shape.Config, shape.Vocab, shape.Batch, shape.Steps, shape.Seed);
        Assert.InRange(FusedCase.Deviation(both.Torch().Gradients, both.Kernels(width).Gradients), 0, Tolerance(shape));
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(25));

    [Fact]
    public void Learn_AnyNumberOfWorkers_GivesTheSameBits() => Prop.ForAll(Shapes(3, 60, 40, 10, 40).ToArbitrary(), shape =>
    {
        using var both = new FusedCase(
            shape.Config with { Dropout = shape.Layers > 1 ? 0.4 : 0, WeightDropout = 0.3 }, shape.Vocab, shape.Batch, shape.Steps,
                shape.Seed);
        (double loss, Dictionary<string, float[]> gradients) = both.Kernels(workers: 1);
        foreach (int workers in new[] { 2, 3, 5 })
        {
            (double otherLoss, Dictionary<string, float[]> others) = both.Kernels(workers: workers);
            Assert.Equal(loss, otherLoss);
            Assert.All(gradients, entry => Assert.Equal(entry.Value, others[entry.Key]));
        }
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(15));

    [Theory]
    [InlineData(CellKind.Rnn, 0)]
    [InlineData(CellKind.Gru, 3)]
    [InlineData(CellKind.Lstm, 0)]
    public void Learn_Gradient_IsTheSlopeOfTheLoss(CellKind cell, int embedding)
    {
        AssertSlopes(new ModelConfig { Cell = cell, NumLayers = 2, NumHiddens = 5, EmbeddingSize = embedding, Dropout = 0.3 });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Learn_GradientOnASampleOfTheVocab_IsTheSlopeOfTheLoss(bool tied)
    {
        AssertSlopes(
            new ModelConfig { Cell = CellKind.Gru, NumHiddens = 3, EmbeddingSize = 3, TieWeights = tied, OutputDropout = 0.2 }, vocab: 40,
            sampled: 16);
    }

    private static unsafe void AssertSlopes(ModelConfig config, int vocab = 4, int sampled = 0)
    {
        manual_seed(1);
        using var model = new LanguageModel(config, vocab);
        using var raw = new RawWeights(model);
        using var workers = new Workers(1);
        using var network = new FusedNetwork(model.Config, vocab, raw, workers, LaneWidth.Best, sampled);
        int[] inputs = [0, 1, 2, 3, 3, 1], targets = [1, 2, 3, 3, 1, 0];
        double Loss()
        {
            network.Stack.ZeroState();
            return network.Learn(inputs, targets, 2, 3, dropoutKey: 7);
        }

        Loss();
        Dictionary<string, float[]> gradients = raw.All.ToDictionary(
            weight => weight.Name, weight => new ReadOnlySpan<float>(weight.Gradient, weight.Length).ToArray());
        const float Step = 1e-2f;
        foreach (RawWeight weight in raw.All)
        {
            for (int i = 0; i < weight.Length; i++)
            {
                float value = weight.Value[i];
                double LossAt(float change)
                {
                    weight.Value[i] = value + change;
                    return Loss();
                }
                // Four points cancel the third derivative, which is large where gates switch.
                double slope = ((8 * (LossAt(Step) - LossAt(-Step))) - (LossAt(2 * Step) - LossAt(-2 * Step))) / (12 * Step);
                weight.Value[i] = value;
                Assert.Equal(slope, gradients[weight.Name][i], 1e-4);
            }
        }
    }

    [Theory]
    [InlineData(CellKind.Lstm, 0)]
    [InlineData(CellKind.Gru, 5)]
    [InlineData(CellKind.Rnn, 5)]
    public void Learn_DropoutEverywhereAndTiedWeights_HasTheSlopeOfTheLoss(CellKind cell, int embedding)
    {
        var config = new ModelConfig
        {
            Cell = cell,
            NumLayers = 2,
            NumHiddens = 5,
            EmbeddingSize = embedding,
            TieWeights = embedding > 0,
            Dropout = 0.3,
            InputDropout = 0.25,
            OutputDropout = 0.4,
            WeightDropout = 0.35,
        };
        AssertSlopes(config);
    }

    [Theory]
    [InlineData(CellKind.Lstm)]
    [InlineData(CellKind.Gru)]
    [InlineData(CellKind.Rnn)]
    public void Learn_GradientScales_EqualTorchsThroughScaledStates(CellKind cell)
    {
        float[] scales = [2, 0, 1.5f, 1];
        var config = new ModelConfig { Cell = cell, NumHiddens = 12, NumLayers = 2 };
        using var both = new FusedCase(config, 6, 3, 4, seed: 1);
        Assert.InRange(FusedCase.Deviation(both.TorchWithScales(scales), both.Kernels(scales: scales).Gradients), 0, 1e-5);
    }

    [Fact]
    public void Learn_TokenOutsideTheVocab_IsRefused()
    {
        using var both = new FusedCase(new ModelConfig { NumHiddens = 4 }, 5, 2, 3, seed: 0);
        both.Inputs[3] = 5;
        Assert.Throws<ArgumentOutOfRangeException>(() => both.Kernels());
    }

    [Theory]
    [InlineData(Implementation.BuiltIn)]
    [InlineData(Implementation.Fused)]
    public void Predictor_WholeAndPieces_GiveTheSameSurprise(Implementation implementation)
    {
        using var model = new LanguageModel(
            new ModelConfig { Cell = CellKind.Lstm, NumLayers = 2, NumHiddens = 20, Implementation = implementation }, 6);
        using IPredictor predictor = model.Predictor();
        int[] tokens = [.. Enumerable.Range(0, 41).Select(i => i * i % 6)];
        var whole = new float[40];
        var pieces = new float[40];
        predictor.Begin(1);
        predictor.Score(tokens.AsSpan(0, 40), tokens.AsSpan(1, 40), 40, whole);
        predictor.Begin(1);
        foreach ((int from, int count) in new[] { (0, 1), (1, 17), (18, 22) })
            predictor.Score(tokens.AsSpan(from, count), tokens.AsSpan(from + 1, count), count, pieces.AsSpan(from, count));
        Assert.Equal(whole, pieces, (a, b) => Math.Abs(a - b) < 1e-5);
    }

    [Fact]
    public void Predictor_Fused_AgreesWithTorch()
    {
        using var fused = new LanguageModel(new ModelConfig { NumHiddens = 33, Implementation = Implementation.Fused }, 9);
        using IPredictor kernels = fused.Predictor(), torch = new TorchPredictor(fused);
        int[] inputs = [1, 2, 3, 4, 5, 6, 7, 8], targets = [2, 3, 4, 5, 6, 7, 8, 0];
        float[] a = new float[8], b = new float[8], logitsA = new float[18], logitsB = new float[18];
        foreach ((IPredictor predictor, float[] nats, float[] logits) in new[] { (kernels, a, logitsA), (torch, b, logitsB) })
        {
            predictor.Begin(2);
            predictor.Score(inputs, targets, 4, nats);
            predictor.Predict(inputs, 4, logits);
        }
        Assert.Equal(b, a, (x, y) => Math.Abs(x - y) < 1e-5);
        Assert.Equal(logitsB, logitsA, (x, y) => Math.Abs(x - y) < 1e-5);
    }
}
