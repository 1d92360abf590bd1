namespace SystemTorch.Tests;

public class AutogradTests
{
    public static TheoryData<string, Func<Tensor, Tensor>> Functions => new()
    {
        { "exp", x => x.exp() },
        { "log", x => x.log() },
        { "log1p", x => x.log1p() },
        { "sqrt", x => x.sqrt() },
        { "rsqrt", x => x.rsqrt() },
        { "reciprocal", x => x.reciprocal() },
        { "square", x => x.square() },
        { "pow", x => x.pow(3) },
        { "sin", x => x.sin() },
        { "tanh", x => x.tanh() },
        { "sigmoid", x => x.sigmoid() },
        { "gelu", x => nn.functional.gelu(x) },
        { "softmax", x => x.softmax(1) * arange(4.0) },
        { "log_softmax", x => x.log_softmax(1) * arange(4.0) },
        { "logsumexp", x => x.logsumexp(1) },
        { "cumsum", x => x.cumsum(1) * arange(4.0) },
        { "norm", x => x.norm() },
        { "var", x => x.var() },
        { "std", x => x.std(1) },
        { "prod", x => x.prod(1) },
        { "amax", x => x.amax(1) },
        { "max", x => x.max(1).values },
        { "matmul", x => x.matmul(x.t()) },
        { "einsum", x => einsum("ij,kj->ik", x, x) },
        { "addmm", x => x.addmm(x.mm(x.t()), x, 2, 3) },
        { "addcmul", x => x.addcmul(x, x, 2) },
        { "addcdiv", x => x.addcdiv(x, x + 1, 2) },
        { "lerp", x => x.lerp(x * x, x) },
        { "gather", x => x.gather(1, tensor(new long[,] { { 0, 3 }, { 1, 1 }, { 2, 0 } })) },
        { "index_select", x => x.index_select(0, tensor(new long[] { 2, 0, 2 })) * 2 },
        { "indexer", x => x[TensorIndex.Slice(0, 2), TensorIndex.Single(1)] },
        { "masked_fill", x => x.masked_fill(x.gt(1), 0) },
        { "where", x => where(x.gt(1), x * 2, x * 3) },
        { "cat", x => cat([x, x * 2], 1) },
        { "stack", x => stack([x, x.exp()]) },
        { "roll", x => x.roll(1, 0) * x },
        { "repeat_interleave", x => x.repeat_interleave(2, 0) * 2 },
        { "transpose", x => x.transpose(0, 1).reshape(2, 6) * 2 },
        { "layer_norm", x => nn.functional.layer_norm(x, [4]) * arange(4.0) },
        { "cross_entropy", x => nn.functional.cross_entropy(x, tensor(new long[] { 1, 0, 3 })) },
        { "mse_loss", x => nn.functional.mse_loss(x, zeros_like(x)) },
        { "number minus tensor", x => (2 - x) * x },
        { "number over tensor", x => 2 / x },
        { "remainder", x => (x % 0.7) * x },
        { "clamp", x => x.clamp(0.5, 1.5) * x },
        { "scatter_add", x => zeros(3, 4, float64).scatter_add(1, zeros(3, 4, int64), x) },
        { "index_add", x => zeros(2, 4, float64).index_add(0, tensor(new long[] { 0, 1, 0 }), x, 2) },
        { "attention", x => nn.functional.scaled_dot_product_attention(x, x, x, is_casual: true) },
    };

    [Theory]
    [MemberData(nameof(Functions))]
    public void Gradient_OfAnOperation_MatchesFiniteDifferences(string name, Func<Tensor, Tensor> function)
    {
        Assert.NotEmpty(name);
        using DisposeScope scope = NewDisposeScope();
        manual_seed(3);
        Tensor x = (rand(3, 4, float64) + 0.6).requires_grad_();

        function(x).sum().backward();

        AssertGradient(x, () => function(x).sum());
    }

    [Fact]
    public void Backward_TwoTimes_AddsUp()
    {
        Tensor x = ones(2, requires_grad: true);
        (x * 3).sum().backward();
        (x * 4).sum().backward();
        Engine.AssertClose([7, 7], x.grad!);
    }

    [Fact]
    public void Grad_BeforeBackward_IsNull() => Assert.Null(ones(2, requires_grad: true).grad);

    [Fact]
    public void Grad_Set_CanBeReadAndRemoved()
    {
        Tensor x = ones(2, requires_grad: true);
        x.grad = full(2, 5f);
        Engine.AssertClose([5, 5], x.grad!);
        x.grad = null;
        Assert.Null(x.grad);
    }

    [Fact]
    public void Backward_WithGradient_WeighsIt()
    {
        Tensor x = ones(2, requires_grad: true);
        (x * 3).backward(grad_tensors: [tensor(new float[] { 1, 10 })]);
        Engine.AssertClose([3, 30], x.grad!);
    }

    [Fact]
    public void Backward_RetainGraph_AllowsASecondPass()
    {
        Tensor x = ones(2, requires_grad: true);
        Tensor loss = x.exp().sum();
        loss.backward(retain_graph: true);
        loss.backward();
        Engine.AssertClose([2 * MathF.E, 2 * MathF.E], x.grad!);
    }

    [Fact]
    public void AutogradGrad_OfTwoInputs_ReturnsBothAndLeavesGradAlone()
    {
        Tensor x = tensor(new float[] { 2 }, requires_grad: true), y = tensor(new float[] { 3 }, requires_grad: true);
        IList<Tensor> grads = autograd.grad([x * x * y], [x, y], [ones(1)]);
        Engine.AssertClose([12], grads[0]);
        Engine.AssertClose([4], grads[1]);
        Assert.Null(x.grad);
    }

    [Fact]
    public void AutogradGrad_CreateGraph_GivesSecondDerivatives()
    {
        Tensor x = tensor(new float[] { 2 }, requires_grad: true);
        Tensor first = autograd.grad([x.pow(3).sum()], [x], create_graph: true)[0];
        Tensor second = autograd.grad([first.sum()], [x])[0];
        Engine.AssertClose([12], second);
    }

    [Fact]
    public void NoGrad_InsideTheBlock_RecordsNothing()
    {
        Tensor x = ones(2, requires_grad: true);
        Assert.True(is_grad_enabled());
        using (no_grad())
        {
            Assert.False(is_grad_enabled());
            Assert.False((x * 2).requires_grad);
            using (enable_grad())
            {
                Assert.True((x * 2).requires_grad);
            }
            Assert.False(is_grad_enabled());
        }
        Assert.True(is_grad_enabled());
    }

    [Fact]
    public void InferenceMode_InsideTheBlock_RecordsNothing()
    {
        Tensor x = ones(2, requires_grad: true);
        using (inference_mode())
        {
            Assert.False((x * 2).requires_grad);
        }
        Assert.True((x * 2).requires_grad);
    }

    [Fact]
    public void Detach_OfAResult_SharesValuesWithoutTheGraph()
    {
        Tensor x = ones(2, requires_grad: true);
        Tensor y = x * 2, detached = y.detach();
        Assert.False(detached.requires_grad);
        Assert.False(y.is_leaf);
        Assert.True(x.is_leaf);
        detached.zero_();
        Engine.AssertClose([0, 0], y);
    }

    [Fact]
    public void RetainGrad_OfAnInnerResult_KeepsItsGradient()
    {
        Tensor x = ones(2, requires_grad: true);
        Tensor y = x * 2;
        y.retain_grad();
        (y * 3).sum().backward();
        Engine.AssertClose([3, 3], y.grad!);
    }

    /// <summary>Compares a gradient with differences of the function, element by element.</summary>
    internal static void AssertGradient(Tensor x, Func<Tensor> function, double tolerance = 1e-5)
    {
        const double step = 1e-6;
        using IDisposable unrecorded = no_grad();
        double[] gradient = x.grad!.data<double>().ToArray();
        Tensor flat = x.view(-1);
        for (int i = 0; i < gradient.Length; i++)
        {
            double before = flat[i].item<double>();
            flat[i] = before + step;
            double above = function().item<double>();
            flat[i] = before - step;
            double below = function().item<double>();
            flat[i] = before;
            double expected = (above - below) / (2 * step);
            Assert.True(Math.Abs(expected - gradient[i]) <= tolerance * Math.Max(1, Math.Abs(expected)), $"element {i}: difference {expected}, gradient {gradient[i]}");
        }
    }
}
