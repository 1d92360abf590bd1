using CharLM.Models;
using CharLM.Models.Fused;
using CharLM.Models.Fused.Gemm;
using CharLM.Models.Fused.Passes;
using CharLM.Models.Fused.Simd;
using CharLM.Models.Fused.Threads;
using CharLM.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Tests.Models.Fused;

/// <summary>
/// The kernels make no subnormal numbers (below 1.2e-38), for which processors of Intel take a hundred times as long: a step was up to four
/// times as slow.
/// </summary>
public sealed unsafe class SubnormalTests
{
    // Neither in the padding to whole panels, nor for tokens that the model thinks all but impossible.
    [Theory]
    [InlineData(28, 0, LaneWidth.Best)]
    [InlineData(65, 0, LaneWidth.Portable)]
    [InlineData(700, 0, LaneWidth.Medium)]
    [InlineData(65, -80, LaneWidth.Best)]
    [InlineData(700, -95, LaneWidth.Portable)]
    public void Learn_AnyVocab_HasGradientsThatAreZeroOrNormal(int vocab, float improbable, LaneWidth width)
    {
        const int Hidden = 16;
        var layout = new RowLayout(Batch: 8, Steps: 1);
        using var model = new LanguageModel(new ModelConfig { NumHiddens = Hidden }, vocab);
        using (no_grad())
            model.get_parameter("linear.bias")![TensorIndex.Slice(0, 9)].add_(improbable);
        using var weights = new RawWeights(model);
        using OutputPass pass = PassFactory.Output(width, weights["linear.weight"], weights["linear.bias"], vocab, Hidden);
        using PanelBuffer input = new(layout.Rows, Panels.Pad(Hidden)), inputGradient = new(layout.Rows, Panels.Pad(Hidden));
        pass.Resize(layout, tasks: 1);
        pass.Pack(0, 1, backward: true);
        int[] targets = [.. new int[layout.Batch], 20, 20, 21, 21, 22, 23, 24, 25];
        pass.Learn(
            input.Matrix, targets, new float[layout.Rows], RowGrid.Share(layout, 0, 1), scale: 1e-3f, inputGradient.Matrix);

        float[] gradients = pass.Logits.Span.ToArray();
        Assert.DoesNotContain(gradients, float.IsSubnormal);
        Assert.Contains(gradients, gradient => gradient != 0);
        Assert.Equal(0, gradients.Sum(), 1e-6);
    }

    // A token that is not seen again: its moments decay.
    [Theory]
    [InlineData(OptimizerKind.AdamW, 0)]
    [InlineData(OptimizerKind.RmsProp, 0)]
    [InlineData(OptimizerKind.Sgd, 0.9)]
    public void Step_WithoutGradientForLong_LeavesMomentsThatAreZeroOrNormal(OptimizerKind kind, double momentum)
    {
        using var module = nn.Linear(5, 4, hasBias: false);
        using var weights = new RawWeights(module);
        using var workers = new Workers(1);
        using var optimizer = new FusedOptimizer(weights, workers, kind, 0.001, momentum: momentum);
        weights.Gradients.Fill(1e-6f);
        optimizer.Step();
        weights.Gradients.Clear();
        for (int step = 0; step < 1500; step++)
        {
            optimizer.Step();
            Assert.DoesNotContain(optimizer.CopyState().Moments.Values.SelectMany(moment => moment[0]), float.IsSubnormal);
        }
    }

    // What is zero in place of a subnormal number must not hide that a model has diverged.
    [Theory]
    [InlineData(0)]
    [InlineData(27)]
    public void Learn_NotANumber_HasNoFiniteLoss(int token)
    {
        using var both = new FusedCase(new ModelConfig { NumHiddens = 6 }, 28, batch: 3, steps: 4, seed: 1);
        using (no_grad())
            both.BuiltIn.get_parameter("linear.bias")![token] = tensor(float.NaN);
        Assert.Equal(double.NaN, both.Kernels().Loss);
    }
}
