using CharLM.Models;
using CharLM.Models.Fused;
using CharLM.Models.Fused.Threads;
using CharLM.Pairs;
using CharLM.Randomness;
using CharLM.Torch;
using CharLM.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Tests.Training;

/// <summary>
/// Weight decay as in TorchSharp's own optimizers: added to the gradient after clipping; for AdamW subtracted from the weight itself
/// (Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2019).
/// </summary>
public sealed unsafe class WeightDecayTests
{
    private const double Rate = 0.05, Decay = 0.3;
    private static readonly int[] Lengths = [50, 7];

    // Gradient norms are about 7: the first bound is far below, the second far above.
    public static TheoryData<OptimizerKind, ClippingKind, double> Cases
    {
        get
        {
            var cases = new TheoryData<OptimizerKind, ClippingKind, double>();
            foreach (OptimizerKind kind in Enum.GetValues<OptimizerKind>())
            {
                foreach ((ClippingKind clipping, double bound) in new[] { (ClippingKind.Norm, 0.5), (ClippingKind.Norm, 1e9),
                    (ClippingKind.Norm, 0), (ClippingKind.Value, 0.3), (ClippingKind.Rescale, 20) })
                    cases.Add(kind, clipping, bound);
            }
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Step_WithDecay_IsTorchSharpsWithGradientsClippedByHand(OptimizerKind kind, ClippingKind clipping, double bound)
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(5);
        float[][] begin = [.. Lengths.Select(length => Values(randn(length)))];
        float[][][] gradients = [.. Enumerable.Range(0, 4).Select(_ => Lengths.Select(length => Values(randn(length))).ToArray())];
        float[][] expected = Reference(kind, begin, gradients, clipping, bound);

        Assert.All(expected.Zip(ByFused(kind, begin, gradients, clipping, bound)), AssertClose);
        Assert.All(expected.Zip(ByTensors(weights => new TorchOptimizer(kind, weights, Rate, Decay), begin, gradients, clipping, bound)),
            AssertClose);
        if (kind == OptimizerKind.Sgd)
            Assert.All(expected.Zip(ByTensors(weights => new ScratchSgd(weights, Rate, Decay), begin, gradients, clipping, bound)),
                AssertClose);
        // The decay exceeds rounding errors: without it the weights differ.
        Assert.True(expected[0].Zip(Reference(kind, begin, gradients, clipping, bound, decay: 0)[0])
            .Max(pair => Math.Abs(pair.First - pair.Second)) > 0.01);
    }

    public static TheoryData<Implementation, OptimizerKind> Learned =>
        [.. Enum.GetValues<Implementation>().SelectMany(implementation => Enum.GetValues<OptimizerKind>()
            .Select(kind => (implementation, kind)))];

    [Theory]
    [MemberData(nameof(Learned))]
    public void Create_ConfigWithDecay_HandsItOn(Implementation implementation, OptimizerKind kind)
    {
        using DisposeScope scope = NewDisposeScope();
        using var model = new LanguageModel(new ModelConfig
        {
            NumHiddens = 6,
            Implementation = implementation,
            GruForm = GruForm.ResetAfter,
            Init = WeightInit.Xavier
        }, 5);
        using var theirs = new LanguageModel(model.Config with { Implementation = Implementation.BuiltIn }, 5);
        theirs.load_state_dict(model.state_dict());
        int[] inputs = [0, 1, 2, 3, 4, 1], targets = [1, 2, 3, 4, 1, 0];
        using ITrainingBackend backend = TrainingBackends.Create(model, new TrainerConfig
        {
            Optimizer = kind,
            LearningRate = Rate,
            WeightDecay = Decay,
        });
        backend.ResetState();
        backend.Learn(inputs, targets, 2, 3, dropoutKey: 0, gradientScales: []);
        backend.Optimizer.Step();

        nn.functional.cross_entropy(theirs.forward(TokenTensor.Of(inputs, [2, 3]), theirs.BeginState(2)).Logits,
            LanguageModel.StepByStep(TokenTensor.Of(targets, [2, 3]))).backward();
        using OptimizerHelper optimizer = Own(kind, [.. theirs.parameters()], Decay);
        optimizer.step();
        Dictionary<string, Parameter> expected = theirs.named_parameters().ToDictionary(entry => entry.name, entry => entry.parameter);
        // The first step of RMSProp and Adam follows the gradient's sign, which is unpredictable for a gradient of almost zero.
        Assert.All(model.named_parameters(), entry => Assert.True(allclose(expected[entry.name], entry.parameter, 1e-3, 1e-3), entry.name));
    }

    [Fact]
    public void TrainEpoch_PairsThatTeachNothing_OnlyDecay()
    {
        using var task = new Idle();
        using var trainer = new PairTrainer(task, new TrainerConfig
        {
            NumEpochs = 2,
            BatchSize = 1,
            LearningRate = 0.5,
            WeightDecay = 0.2
        });
        trainer.TrainEpoch(0);
        // Three minibatches of w <- w - 0.5 * 0.2 w.
        Assert.Equal([0.729f, -1.458f], Values(task.Weight), (a, b) => Math.Abs(a - b) < 1e-6);
    }

    private static OptimizerHelper Own(OptimizerKind kind, IEnumerable<Parameter> weights, double decay) => kind switch
    {
        OptimizerKind.Sgd => optim.SGD(weights, Rate, weight_decay: decay),
        OptimizerKind.Adam => optim.Adam(weights, Rate, weight_decay: decay),
        OptimizerKind.AdamW => optim.AdamW(weights, Rate, weight_decay: decay),
        _ => optim.RMSProp(weights, Rate, weight_decay: decay),
    };

    private static float[][] Reference(OptimizerKind kind, float[][] begin, float[][][] gradients, ClippingKind clipping, double bound,
        double decay = Decay)
    {
        Parameter[] weights = [.. begin.Select(values => new Parameter(tensor(values).clone()))];
        using OptimizerHelper optimizer = Own(kind, weights, decay);
        foreach (float[][] step in gradients)
        {
            foreach ((Parameter weight, float[] gradient) in weights.Zip(Clipped(step, clipping, bound)))
                weight.grad = tensor(gradient).clone();
            optimizer.step();
        }
        return [.. weights.Select(Values)];
    }

    // Dive into Deep Learning v0.17, 8.5.5, in plain numbers.
    private static float[][] Clipped(float[][] gradients, ClippingKind clipping, double bound)
    {
        double norm = Math.Sqrt(gradients.SelectMany(values => values).Sum(value => (double)value * value));
        double factor = bound == 0 || clipping == ClippingKind.Value ? 1 : clipping == ClippingKind.Rescale ? bound / norm
            : Math.Min(1, bound / norm);
        return [.. gradients.Select(values => values.Select(value => clipping == ClippingKind.Value
            ? (float)Math.Clamp(value, -bound, bound) : (float)(value * factor)).ToArray())];
    }

    private static float[][] ByFused(OptimizerKind kind, float[][] begin, float[][][] gradients, ClippingKind clipping, double bound)
    {
        using var module = new OneWeight(begin);
        using var raw = new RawWeights(module);
        using var workers = new Workers(1);
        using var update = new FusedOptimizer(raw, workers, kind, Rate, Decay);
        foreach (float[][] step in gradients)
        {
            foreach ((RawWeight weight, float[] gradient) in raw.All.Zip(step))
                gradient.CopyTo(new Span<float>(weight.Gradient, weight.Length));
            update.Clip(bound, clipping);
            update.Step();
        }
        return [.. module.parameters().Select(Values)];
    }

    private static float[][] ByTensors(Func<Parameter[], IOptimizer> create, float[][] begin, float[][][] gradients, ClippingKind clipping,
        double bound)
    {
        Parameter[] weights = [.. begin.Select(values => new Parameter(tensor(values).clone()))];
        using IOptimizer update = create(weights);
        foreach (float[][] step in gradients)
        {
            foreach ((Parameter weight, float[] gradient) in weights.Zip(step))
                weight.grad = tensor(gradient).clone();
            update.Clip(bound, clipping);
            update.Step();
        }
        return [.. weights.Select(Values)];
    }

    private static float[] Values(Tensor tensor) => FloatArray.Of(tensor);

    private static void AssertClose((float[] Expected, float[] Actual) pair) =>
        Assert.Equal(pair.Expected, pair.Actual, (a, b) => Math.Abs(a - b) < 2e-5);

    // Three pairs whose loss does not depend on the weight.
    private sealed class Idle : nn.Module, IPairTask
    {
        public Idle()
            : base("idle") => register_parameter("weight", new Parameter(tensor(new float[] { 1, -2 })));

        public Parameter Weight => get_parameter("weight")!;

        public nn.Module Model => this;

        public IReadOnlyList<int> Lengths => [1, 1, 1];

        public (Tensor Loss, long Predictions) Loss(ReadOnlySpan<int> examples, double progress, RandomStream random) => Loss(examples);

        public (Tensor Loss, long Predictions) Loss(ReadOnlySpan<int> examples) => ((Weight * 0).sum(), 1);
    }
}
