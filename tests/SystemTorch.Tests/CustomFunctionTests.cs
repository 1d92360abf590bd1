using System.Runtime.InteropServices;

namespace SystemTorch.Tests;

/// <summary>Operations whose forward and backward passes are written in C#.</summary>
public class CustomFunctionTests
{
    [Fact]
    public void Apply_SavedTensorsAndData_ReachTheBackwardPass()
    {
        Tensor x = tensor(new double[] { 1, 2, 3 }, requires_grad: true);
        Tensor y = Power.apply(x, 3L);

        Assert.True(y.requires_grad);
        Assert.False(y.is_leaf);
        Engine.AssertClose(tensor(new double[] { 1, 8, 27 }), y.detach());
        y.sum().backward();
        AutogradTests.AssertGradient(x, () => Power.apply(x, 3L).sum());
    }

    [Fact]
    public void Apply_InsideALargerGraph_PassesGradientsOn()
    {
        Tensor x = tensor(new double[] { 1, 2 }, requires_grad: true);
        (Power.apply(x.exp(), 2L) * 5).tanh().sum().backward();
        Tensor expected = tensor(new double[] { 1, 2 }, requires_grad: true);
        (expected.exp().pow(2) * 5).tanh().sum().backward();
        Engine.AssertClose(expected.grad!, x.grad!, 1e-9);
    }

    [Fact]
    public void Apply_WithoutGradients_RecordsNothing()
    {
        Assert.False(Power.apply(ones(2), 2L).requires_grad);
        using (no_grad())
        {
            Assert.False(Power.apply(ones(2, requires_grad: true), 2L).requires_grad);
        }
    }

    [Fact]
    public void Forward_OfACustomFunction_IsNotRecorded()
    {
        Tensor x = ones(2, requires_grad: true);
        ModeWatcher.apply(x);
        Assert.False(ModeWatcher.WasRecording);
    }

    [Fact]
    public void Backward_ThatThrows_BecomesAnExceptionOfBackward()
    {
        // Through libtorch's own stack: only on the binding, TorchSharp's delegates let such an exception end the process.
        Engine.RequireSystem();
        Tensor x = ones(2, requires_grad: true);
        Tensor loss = Broken.apply(x).sum();

        ExternalException error = Engine.AssertNativeError("no way back", () => loss.backward());

        Assert.IsType<NotSupportedException>(error.InnerException);
        ones(2, requires_grad: true).sum().backward();
    }

    [Fact]
    public void Backward_WrongNumberOfGradients_IsRefused()
    {
        Engine.RequireSystem();
        Tensor x = ones(2, requires_grad: true);
        Engine.AssertNativeError("incorrect number of gradients (expected 1, got 2)", () => TooMany.apply(x).sum().backward());
    }

    [Fact]
    public void Backward_Twice_IsRefused()
    {
        Engine.RequireSystem();
        Tensor x = ones(2, requires_grad: true);
        Tensor loss = Power.apply(x, 2L).sum();
        loss.backward();
        Engine.AssertNativeError("second time", () => loss.backward());
    }

    [Fact]
    public void Backward_RetainGraph_RunsAgain()
    {
        Tensor x = ones(2, requires_grad: true);
        Tensor loss = Power.apply(x, 2L).sum();
        loss.backward(retain_graph: true);
        loss.backward();
        Engine.AssertClose([4, 4], x.grad!);
    }

    [Fact]
    public void SavedTensor_ChangedInPlace_IsRefused()
    {
        Engine.RequireSystem();
        Tensor x = ones(2, requires_grad: true);
        Tensor inner = x * 2;
        Tensor loss = Power.apply(inner, 2L).sum();
        inner.add_(1);
        Engine.AssertNativeError("modified by an inplace operation", () => loss.backward());
    }

    [Fact]
    public void MultiTensorFunction_OneOutputUnused_ReceivesZerosForIt()
    {
        Tensor a = tensor(new float[] { 2 }, requires_grad: true), b = tensor(new float[] { 5 }, requires_grad: true);
        List<Tensor> outputs = SumAndProduct.apply(a, b);
        outputs[1].backward();
        Engine.AssertClose([5], a.grad!);
        Engine.AssertClose([2], b.grad!);
        Assert.True(SumAndProduct.FirstWasMaterialised);
    }

    [Fact]
    public void MultiTensorFunction_BothOutputs_AddUp()
    {
        Tensor a = tensor(new float[] { 2 }, requires_grad: true), b = tensor(new float[] { 5 }, requires_grad: true);
        List<Tensor> outputs = SumAndProduct.apply(a, b);
        (outputs[0] * 10 + outputs[1]).backward();
        Engine.AssertClose([15], a.grad!);
        Engine.AssertClose([12], b.grad!);
    }

    [Fact]
    public void NonDifferentiableOutput_RequiresNoGradient()
    {
        List<Tensor> outputs = ValueAndIndex.apply(tensor(new float[] { 1, 7, 3 }, requires_grad: true));
        Assert.True(outputs[0].requires_grad);
        Assert.False(outputs[1].requires_grad);
    }

    [Fact]
    public void Graphs_AThousandBuiltAndDropped_KeepTheNumberOfTensors()
    {
        using Tensor x = ones(4, requires_grad: true);
        void Step()
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor loss = Power.apply(x, 2L).sum();
            if (x.grad is { } grad)
            {
                grad.zero_();
            }
            loss.backward();
        }
        Step();
        long before = Engine.LiveTensors();
        for (int i = 0; i < 1000; i++)
        {
            Step();
        }
        Assert.Equal(before, Engine.LiveTensors());
    }

    private sealed class Power : autograd.SingleTensorFunction<Power>
    {
        public override string Name => nameof(Power);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            Tensor x = (Tensor)vars[0];
            ctx.save_for_backward([x]);
            ctx.save_data("exponent", vars[1]);
            return x.pow((long)vars[1]);
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            long exponent = (long)ctx.get_data("exponent");
            Tensor x = ctx.get_saved_variables()[0];
            return [grad_output * exponent * x.pow(exponent - 1), null!];
        }
    }

    private sealed class ModeWatcher : autograd.SingleTensorFunction<ModeWatcher>
    {
        public static bool WasRecording { get; private set; } = true;

        public override string Name => nameof(ModeWatcher);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            WasRecording = is_grad_enabled();
            return ((Tensor)vars[0]).clone();
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => [grad_output];
    }

    private sealed class Broken : autograd.SingleTensorFunction<Broken>
    {
        public override string Name => nameof(Broken);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars) => ((Tensor)vars[0]).exp();

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => throw new NotSupportedException("no way back");
    }

    private sealed class TooMany : autograd.SingleTensorFunction<TooMany>
    {
        public override string Name => nameof(TooMany);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars) => ((Tensor)vars[0]).exp();

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => [grad_output, grad_output];
    }

    private sealed class SumAndProduct : autograd.MultiTensorFunction<SumAndProduct>
    {
        public static bool FirstWasMaterialised { get; private set; }

        public override string Name => nameof(SumAndProduct);

        public override List<Tensor> forward(autograd.AutogradContext ctx, params object[] vars)
        {
            Tensor a = (Tensor)vars[0], b = (Tensor)vars[1];
            ctx.save_for_backward([a, b]);
            return [a + b, a * b];
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, List<Tensor> grad_outputs)
        {
            FirstWasMaterialised = grad_outputs[0] is { IsInvalid: false };
            List<Tensor> saved = ctx.get_saved_variables();
            return [grad_outputs[0] + grad_outputs[1] * saved[1], grad_outputs[0] + grad_outputs[1] * saved[0]];
        }
    }

    private sealed class ValueAndIndex : autograd.MultiTensorFunction<ValueAndIndex>
    {
        public override string Name => nameof(ValueAndIndex);

        public override List<Tensor> forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var (values, indices) = ((Tensor)vars[0]).max(0);
            ctx.mark_non_differentiable([indices]);
            return [values, indices];
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, List<Tensor> grad_outputs) => [zeros(3)];
    }
}
