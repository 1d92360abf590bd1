using CharLM.Models;
using CharLM.Models.Fused;
using CharLM.Models.Fused.Gemm;
using CharLM.Models.Fused.Threads;
using CharLM.Training;
using CharLM.Workbench.Benchmarking;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Tests.Training;

public sealed unsafe class FusedTrainingTests
{
    private static readonly int[] Text = [.. Enumerable.Range(0, 3000).Select(i => 1 + (i * i / 7 % 11))];

    private static LanguageModel Model(Implementation implementation, int layers = 1)
    {
        manual_seed(4);
        return new LanguageModel(
            new ModelConfig { Cell = CellKind.Lstm, NumHiddens = 24, NumLayers = layers, Implementation = implementation }, 12);
    }

    private static void AssertTakesTorchsSteps(TrainerConfig config, int layers = 1)
    {
        double[] Losses(Implementation implementation)
        {
            using LanguageModel model = Model(implementation, layers);
            using var trainer = new Trainer(model, config, Text);
            return [.. Enumerable.Range(0, 3).Select(epoch => trainer.TrainEpoch(epoch).Train.Mean)];
        }
        double[] builtIn = Losses(Implementation.BuiltIn);
        Assert.Equal(builtIn, Losses(Implementation.Fused), (a, b) => Math.Abs(a - b) < 1e-3 * a);
        Assert.True(builtIn[2] < builtIn[0]);
    }

    [Theory]
    [InlineData(OptimizerKind.Sgd, 1.0)]
    [InlineData(OptimizerKind.Adam, 0.01)]
    [InlineData(OptimizerKind.AdamW, 0.01)]
    [InlineData(OptimizerKind.RmsProp, 0.001)]
    public void TrainEpoch_AnyOptimizer_TakesTorchsSteps(OptimizerKind optimizer, double learningRate)
    {
        var config = new TrainerConfig
        {
            NumEpochs = 3,
            BatchSize = 8,
            NumSteps = 12,
            Optimizer = optimizer,
            LearningRate = learningRate,
            ClipNorm = 0.5,
        };
        AssertTakesTorchsSteps(config, layers: 2);
    }

    [Theory]
    [InlineData(ClippingKind.Norm, 0.2)]
    [InlineData(ClippingKind.Value, 0.01)]
    [InlineData(ClippingKind.Rescale, 0.7)]
    public void TrainEpoch_AnyClipping_TakesTorchsSteps(ClippingKind kind, double bound)
    {
        var config = new TrainerConfig { NumEpochs = 3, BatchSize = 8, NumSteps = 12, ClipNorm = bound, Clipping = kind };
        AssertTakesTorchsSteps(config);
    }

    [Theory]
    [InlineData(OptimizerKind.Sgd, 7)]
    [InlineData(OptimizerKind.Adam, 16)]
    [InlineData(OptimizerKind.AdamW, 33)]
    [InlineData(OptimizerKind.RmsProp, 50)]
    public void Step_AnyLength_EqualsTorchsOptimizer(OptimizerKind kind, int length)
    {
        using DisposeScope scope = NewDisposeScope();
        using var mine = new OneWeight(FloatArray.Of(randn(length)));
        var theirs = new Parameter(mine.Weight.clone());
        using var raw = new RawWeights(mine);
        using var workers = new Workers(1);
        using var fused = new FusedOptimizer(raw, workers, kind, 0.1);
        using var torch = new TorchOptimizer(kind, [theirs], 0.1);
        for (int step = 0; step < 5; step++)
        {
            Tensor gradient = randn(length);
            gradient.data<float>().ToArray().CopyTo(new Span<float>(raw["weight"].Gradient, length));
            theirs.grad = gradient;
            Assert.Equal(torch.Clip(1), fused.Clip(1), 1e-5);
            torch.Step();
            fused.Step();
        }
        Assert.True(allclose(mine.Weight, theirs, 1e-5, 1e-6));
    }

    [Fact]
    public void TrainEpoch_AfterTheFirst_AllocatesNothingPerStep()
    {
        using LanguageModel model = Model(Implementation.Fused, layers: 2);
        using var trainer = new Trainer(model, new TrainerConfig { NumEpochs = 9, BatchSize = 4, NumSteps = 2 }, Text);
        for (int epoch = 0; epoch < 4; epoch++)
            trainer.TrainEpoch(epoch);
        long tensors = LiveTensors.Count(), before = GC.GetAllocatedBytesForCurrentThread();
        EpochReport report = trainer.TrainEpoch(4);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        long steps = report.Train.Tokens / 8;
        Assert.True(steps > 80);
        // The fixed cost of an epoch (its plan, its report) does not grow with its steps.
        Assert.True(allocated < 16 * steps, $"{allocated} bytes in {steps} steps");
        Assert.Equal(tensors, LiveTensors.Count());
    }

    [Theory]
    [InlineData(CellKind.Rnn, 1)]
    [InlineData(CellKind.Gru, 1)]
    [InlineData(CellKind.Lstm, 1)]
    [InlineData(CellKind.Lstm, 3)]
    public void Learn_LongSequences_HoldsAtMostOneAndAHalfTimesWhatBackpropagationNeeds(CellKind cell, int layers)
    {
        // Long sequences, so that activations outweigh weights.
        var shape = new StepShape
        {
            Model = new ModelConfig { Cell = cell, NumLayers = layers, NumHiddens = 96 },
            BatchSize = 32,
            NumSteps = 800,
        };
        using var model = new LanguageModel(shape.Model, shape.VocabSize);
        long before = PanelBuffer.LiveBytes;
        using ITrainingBackend backend = TrainingBackends.Create(model, new TrainerConfig());
        backend.Learn(new int[shape.Tokens], new int[shape.Tokens], shape.BatchSize, shape.NumSteps, dropoutKey: 0, gradientScales: []);
        Assert.InRange((PanelBuffer.LiveBytes - before) / shape.ActivationBytes, 0.5, 1.5);
    }

    [Fact]
    public void TrainEpoch_ModelMovedMeanwhile_IsOpenedAnew()
    {
        using LanguageModel model = Model(Implementation.Fused);
        FusedRuntime before = model.Fused;
        model.to(ScalarType.Float64);
        Assert.Throws<InvalidConfigException>(() => model.Fused);
        model.to(ScalarType.Float32);
        Assert.NotSame(before, model.Fused);
    }
}
