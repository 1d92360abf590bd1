namespace SystemTorch.Tests;

public class UtilsTests
{
    [Fact]
    public void ClipGradNorm_NormAboveTheLimit_ScalesAllGradientsAndReturnsTheNorm()
    {
        using DisposeScope scope = NewDisposeScope();
        Parameter[] parameters = [new(ones(2)), new(ones(1)), new(ones(5))];
        parameters[0].grad = tensor(new float[] { 3, 0 });
        parameters[1].grad = tensor(new float[] { 4 });

        double norm = nn.utils.clip_grad_norm_(parameters, 1);

        Assert.Equal(5, norm, 1e-5);
        Engine.AssertClose([0.6f, 0], parameters[0].grad!);
        Engine.AssertClose([0.8f], parameters[1].grad!);
        Assert.Null(parameters[2].grad);
    }

    [Fact]
    public void ClipGradNorm_NormBelowTheLimit_LeavesTheGradients()
    {
        using DisposeScope scope = NewDisposeScope();
        Parameter parameter = new(ones(2));
        parameter.grad = tensor(new float[] { 3, 4 });
        Assert.Equal(5, nn.utils.clip_grad_norm_([parameter], 10), 1e-5);
        Engine.AssertClose([3, 4], parameter.grad!);
    }

    [Fact]
    public void ClipGradNorm_OfTheMaximum_UsesTheLargestElement()
    {
        using DisposeScope scope = NewDisposeScope();
        Parameter parameter = new(ones(2));
        parameter.grad = tensor(new float[] { 3, -4 });
        Assert.Equal(4, nn.utils.clip_grad_norm_([parameter], 1, double.PositiveInfinity), 1e-5);
        Engine.AssertClose([0.75f, -1], parameter.grad!);
    }

    [Fact]
    public void ClipGradValue_ElementsOutside_AreLimited()
    {
        using DisposeScope scope = NewDisposeScope();
        Parameter parameter = new(ones(3));
        parameter.grad = tensor(new float[] { 3, -4, 0.5f });
        nn.utils.clip_grad_value_([parameter], 1);
        Engine.AssertClose([1, -1, 0.5f], parameter.grad!);
    }

    [Fact]
    public void ParametersToVector_AndBack_RestoresThem()
    {
        using DisposeScope scope = NewDisposeScope();
        Parameter[] parameters = [new(arange(4.0f).view(2, 2)), new(full(1, 9f))];
        Tensor vector = nn.utils.parameters_to_vector(parameters).detach();
        Engine.AssertClose([0, 1, 2, 3, 9], vector);

        nn.utils.vector_to_parameters(vector * 2, parameters);
        Engine.AssertClose([0, 2, 4, 6], parameters[0]);
        Engine.AssertClose([18], parameters[1]);
    }

    [Fact]
    public void Init_Functions_FillAsTheyPromise()
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(1);
        Engine.AssertClose([7, 7], nn.init.constant_(empty(2), 7));
        Engine.AssertClose([1, 0, 0, 1], nn.init.eye_(empty(2, 2)));
        Tensor orthogonal = nn.init.orthogonal_(empty(3, 5));
        Engine.AssertClose(eye(3), orthogonal.mm(orthogonal.t()));
        Tensor xavier = nn.init.xavier_uniform_(empty(100, 50));
        Assert.True(xavier.abs().max().item<float>() <= Math.Sqrt(6.0 / 150));
        Assert.Equal(Math.Sqrt(2.0 / 50), nn.init.kaiming_normal_(empty(400, 50)).std().item<float>(), 0.01);
        Tensor truncated = nn.init.trunc_normal_(empty(10_000), a: -1, b: 1);
        Assert.True(truncated.abs().max().item<float>() <= 1);
        Assert.Equal(0.54, truncated.std().item<float>(), 0.02);
        Assert.Equal(5.0 / 3, nn.init.calculate_gain(nn.init.NonlinearityType.Tanh));
        Assert.Equal((6L, 8L), nn.init.CalculateFanInAndFanOut(empty(4, 3, 2)));
    }

    [Fact]
    public void Init_OfAParameter_IsNotRecorded()
    {
        using Parameter parameter = new(empty(2, 2));
        nn.init.uniform_(parameter, 0, 1);
        Assert.True(parameter.is_leaf && parameter.requires_grad);
    }
}
