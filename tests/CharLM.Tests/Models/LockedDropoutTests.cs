using CharLM.Models;
using CharLM.Models.Fused;
using CharLM.Models.Fused.Gemm;
using CharLM.Models.Fused.Passes;
using CharLM.Models.Fused.Threads;
using CharLM.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Tests.Models;

/// <summary>
/// Locked dropout (Gal and Ghahramani 2016): a value of a row is dropped at all steps of a minibatch or at none, other values in other
/// rows and minibatches.
/// </summary>
public sealed unsafe class LockedDropoutTests
{
    private const int Hidden = 40, Steps = 8, Batch = 3;

    [Theory]
    [InlineData(Implementation.Custom)]
    [InlineData(Implementation.Fused)]
    public void Sequence_BetweenLayers_DropsTheSameAtEveryStep(Implementation implementation)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable unrecorded = no_grad();
        // Each layer passes its input on: ones become twos, or zeros where dropped.
        var config = new ModelConfig
        {
            Cell = CellKind.Rnn,
            RnnActivation = RnnActivation.Relu,
            Implementation = implementation,
            NumHiddens = Hidden,
            NumLayers = 2,
            Dropout = 0.5,
            LockedDropout = true,
        };
        IRecurrentLayer layer = RecurrentLayers.Create(config, inputSize: Hidden);
        using nn.Module weights = layer.Weights;
        foreach ((string name, TorchSharp.Modules.Parameter weight) in weights.named_parameters())
            weight.copy_(name.StartsWith("weight_ih", StringComparison.Ordinal) ? eye(Hidden) : zeros(weight.shape));
        weights.train();

        float[][] first = AssertLocked(layer.Sequence(ones(Steps, Batch, Hidden), RecurrentState.Zero(config, Batch,
            weights.parameters().First())).Outputs);
        float[][] second = AssertLocked(layer.Sequence(ones(Steps, Batch, Hidden), RecurrentState.Zero(config, Batch,
            weights.parameters().First())).Outputs);
        Assert.NotEqual(first, second);
        weights.eval();
        Tensor whole = layer.Sequence(ones(Steps, Batch, Hidden), RecurrentState.Zero(config, Batch, weights.parameters().First())).Outputs;
        Assert.True(whole.eq(1).all().ToBoolean());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Of_ByTorch_DropsTheSameAtEveryStepOnlyIfLocked(bool locked)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor dropped = SequenceDropout.Of(ones(Steps, Batch, Hidden), 0.5, training: true, locked);
        if (locked)
            AssertLocked(dropped);
        else
            Assert.NotEqual(FloatArray.Of(dropped[0]), FloatArray.Of(dropped[1]));
        Assert.True(SequenceDropout.Of(ones(Steps, Batch, Hidden), 0.5, training: false, locked).eq(1).all().ToBoolean());
    }

    // A dropped value has no gradient in the weights that read it: of one row, a whole column has none.
    [Theory]
    [InlineData(Implementation.Fused, true)]
    [InlineData(Implementation.BuiltIn, true)]
    [InlineData(Implementation.Custom, true)]
    [InlineData(Implementation.Fused, false)]
    public void Learn_DroppedOutput_TeachesNothingAtAnyStep(Implementation implementation, bool locked)
    {
        Assert.InRange(ColumnsWithoutGradient(implementation, "linear.weight", new ModelConfig
        {
            NumHiddens = Hidden,
            OutputDropout = 0.5,
            LockedDropout = locked,
        }), locked ? 6 : 0, locked ? 34 : 5); // of 40, five standard deviations
    }

    [Theory]
    [InlineData(Implementation.Fused, true)]
    [InlineData(Implementation.BuiltIn, true)]
    [InlineData(Implementation.Custom, true)]
    [InlineData(Implementation.Fused, false)]
    public void Learn_DroppedInput_TeachesNothingAtAnyStep(Implementation implementation, bool locked)
    {
        Assert.InRange(ColumnsWithoutGradient(implementation, "embedding.weight", new ModelConfig
        {
            NumHiddens = 5,
            EmbeddingSize = Hidden,
            InputDropout = 0.5,
            LockedDropout = locked,
        }), locked ? 6 : 0, locked ? 34 : 5);
    }

    // Each of the 8 tokens is read twice; one that is dropped only once still teaches its column.
    [Theory]
    [InlineData(Implementation.Fused)]
    [InlineData(Implementation.BuiltIn)]
    [InlineData(Implementation.Custom)]
    public void Learn_DroppedOneHotToken_IsDroppedWheneverTheRowReadsIt(Implementation implementation)
    {
        var config = new ModelConfig { NumHiddens = 5, InputDropout = 0.5, LockedDropout = true };
        int dropped = Enumerable.Range(0, 30).Sum(key => ColumnsWithoutGradient(implementation, "rnn.weight_ih_l0", config, key));
        Assert.InRange(dropped, 120 - 39, 120 + 39); // of 240, five standard deviations; unlocked, a quarter of them
    }

    [Fact]
    public void Forward_SharesOfRows_DropWhatTheWholeDrops()
    {
        var layout = new RowLayout(Batch, Steps);
        using var whole = new DropoutPass(0.5, Hidden, locked: true);
        using var values = new PanelBuffer(layout.Rows * Panels.Pad(Hidden));
        var ones = new Panels(values.Data, layout.Rows, Panels.Pad(Hidden));
        ones.Span.Fill(1);
        whole.Resize(layout, RowShare.All(Batch));
        whole.Forward(ones, RowGrid.Share(layout, 0, 1), key: 9);
        for (int rank = 0; rank < 2; rank++)
        {
            RowShare share = RowShare.All(Batch).Part(rank, 2);
            var some = new RowLayout(share.Count, Steps);
            using var part = new DropoutPass(0.5, Hidden, locked: true);
            part.Resize(some, share);
            part.Forward(new Panels(values.Data, some.Rows, Panels.Pad(Hidden)), RowGrid.Share(some, 0, 1), key: 9);
            for (int step = 1; step <= Steps; step++)
            {
                for (int row = 0; row < share.Count; row++)
                    Assert.Equal(Row(whole.Values, layout.Row(step, share.First + row)), Row(part.Values, some.Row(step, row)));
            }
        }
    }

    [Fact]
    public void Errors_LockedWhereItCannotBe_SaysWhy()
    {
        Assert.StartsWith("locked-dropout changes how values are dropped, and none are",
            Assert.Single(new ModelConfig { LockedDropout = true }.Errors()), StringComparison.Ordinal);
        Assert.StartsWith("locked-dropout between layers is not for the built-in implementation", Assert.Single(new ModelConfig
        {
            NumLayers = 2,
            Dropout = 0.5,
            LockedDropout = true,
            Implementation = Implementation.BuiltIn,
        }.Errors()), StringComparison.Ordinal);
        Assert.Contains("locked-dropout is for language models",
            SequenceEncoder.Errors(new ModelConfig { InputDropout = 0.5, LockedDropout = true }));
        // Its weights would have to stay dropped over all lengths of a minibatch.
        Assert.Contains("weight-dropout is for language models", SequenceEncoder.Errors(new ModelConfig { WeightDropout = 0.5 }));
    }

    private static float[][] AssertLocked(Tensor outputs)
    {
        float[][] rows = [.. Enumerable.Range(0, Batch).Select(row => FloatArray.Of(outputs[0, row]))];
        for (int row = 0; row < Batch; row++)
        {
            Assert.InRange(rows[row].Count(value => value == 2), 6, 34); // of 40, five standard deviations
            Assert.Equal(Hidden, rows[row].Count(value => value is 0 or 2));
            for (int step = 1; step < Steps; step++)
                Assert.Equal(rows[row], FloatArray.Of(outputs[step, row]));
        }
        Assert.NotEqual(rows[0], rows[1]);
        return rows;
    }

    private static int ColumnsWithoutGradient(Implementation implementation, string weight, ModelConfig config, int key = 0)
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(3);
        using var model = new LanguageModel(config with { Implementation = implementation, Init = WeightInit.Xavier }, 8);
        using ITrainingBackend backend = TrainingBackends.Create(model, new TrainerConfig { BatchSize = 1, NumSteps = 16 });
        backend.ResetState();
        int[] inputs = [.. Enumerable.Range(0, 16).Select(step => step % 8)], targets = [.. inputs.Select(token => (token + 3) % 8)];
        backend.Learn(inputs, targets, 1, 16, dropoutKey: (ulong)key * 1_000_003, gradientScales: []);
        float[] before = FloatArray.Of(model.get_parameter(weight)!);
        backend.Optimizer.Step();
        float[] after = FloatArray.Of(model.get_parameter(weight)!);
        int columns = (int)model.get_parameter(weight)!.size(1);
        return Enumerable.Range(0, columns).Count(column =>
            Enumerable.Range(0, before.Length / columns).All(row => before[(row * columns) + column] == after[(row * columns) + column]));
    }

    private static float[] Row(Panels values, int row) =>
        [.. Enumerable.Range(0, Hidden).Select(unit => values.At(unit / Panels.Width, row)[unit % Panels.Width])];
}
