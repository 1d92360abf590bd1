using CharLM.Models;
using CharLM.Models.Fused;
using CharLM.Models.Fused.Threads;
using CharLM.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Tests.Training;

/// <summary>An optimizer that resumes from another one's state takes the steps that the other would have taken.</summary>
public sealed unsafe class OptimizerMomentsTests
{
    private const int Length = 19;

    public static TheoryData<OptimizerKind, bool, bool> Kinds =>
        [.. Enum.GetValues<OptimizerKind>().SelectMany(kind => new[] { (kind, false, false), (kind, false, true), (kind, true, false),
            (kind, true, true) })];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void SetState_OfAnotherUpdate_GoesOnAsThatOne(OptimizerKind kind, bool fromFused, bool toFused) =>
        Check(kind, fromFused ? "fused" : "torch", toFused ? "fused" : "torch", 0, false);

    [Theory]
    [InlineData("fused", "fused", false)]
    [InlineData("torch", "torch", true)]
    [InlineData("scratch", "scratch", true)]
    [InlineData("scratch", "fused", true)]
    [InlineData("torch", "scratch", false)]
    [InlineData("fused", "torch", true)]
    public void SetState_WithMomentum_GoesOnAsThatOne(string from, string to, bool nesterov) =>
        Check(OptimizerKind.Sgd, from, to, 0.9, nesterov);

    [Fact]
    public void SetState_WithoutTheMomentum_IsRefused()
    {
        using var update = new Case(OptimizerKind.Sgd, "scratch", new float[Length], 0.9, nesterov: false);
        var e = Assert.Throws<FormatException>(() => update.Optimizer.SetState(OptimizerMoments.None));
        Assert.Equal("lacks the optimizer's momentum_buffer", e.Message);
    }

    private static void Check(OptimizerKind kind, string from, string to, double momentum, bool nesterov)
    {
        using DisposeScope scope = NewDisposeScope();
        float[][] gradients = [.. Enumerable.Range(0, 6).Select(_ => FloatArray.Of(randn(Length)))];
        using var whole = new Case(kind, from, FloatArray.Of(randn(Length)), momentum, nesterov);
        foreach (float[] gradient in gradients[..3])
            whole.Step(gradient);
        using var rest = new Case(kind, to, whole.Values, momentum, nesterov);
        OptimizerMoments state = whole.Optimizer.CopyState();
        Assert.Equal(kind == OptimizerKind.Sgd && from != "fused" ? 0 : 3, state.Steps);
        rest.Optimizer.SetState(state);
        foreach (float[] gradient in gradients[3..])
        {
            whole.Step(gradient);
            rest.Step(gradient);
        }
        Assert.Equal(whole.Values, rest.Values, (a, b) => Math.Abs(a - b) <= (from == to ? 0 : 1e-5));
        // If the optimizer has state, one without it takes other steps.
        using var fresh = new Case(kind, to, rest.Values, momentum, nesterov);
        float[] before = rest.Values;
        fresh.Step(gradients[0]);
        rest.Step(gradients[0]);
        Assert.Equal(kind == OptimizerKind.Sgd && momentum == 0,
            fresh.Values.Zip(rest.Values).All(pair => Math.Abs(pair.First - pair.Second) < 1e-6));
        Assert.NotEqual(before, rest.Values);
    }

    private sealed class Case : IDisposable
    {
        private readonly OneWeight _holder;
        private readonly RawWeights? _raw;
        private readonly Workers? _workers;

        public Case(OptimizerKind kind, string by, float[] values, double momentum, bool nesterov)
        {
            _holder = new OneWeight(values);
            if (by == "fused")
                (_raw, _workers) = (new RawWeights(_holder), new Workers(1));
            Optimizer = by switch
            {
                "fused" => new FusedOptimizer(_raw!, _workers!, kind, 0.05, 0, momentum, nesterov),
                "torch" => new TorchOptimizer(kind, _holder.parameters(), 0.05, 0, momentum, nesterov),
                _ => new ScratchSgd(_holder.parameters(), 0.05, 0, momentum, nesterov),
            };
        }

        public IOptimizer Optimizer { get; }

        public float[] Values => _holder.Values;

        public void Step(float[] gradient)
        {
            if (_raw is null)
                _holder.Weight.grad = tensor(gradient).clone();
            else
                gradient.CopyTo(new Span<float>(_raw["weight"].Gradient, Length));
            Optimizer.Step();
        }

        public void Dispose()
        {
            Optimizer.Dispose();
            _raw?.Dispose();
            _workers?.Dispose();
            _holder.Dispose();
        }
    }
}
