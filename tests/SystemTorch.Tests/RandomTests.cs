namespace SystemTorch.Tests;

/// <summary>Seeds give the numbers of PyTorch on a CPU.</summary>
public class RandomTests
{
    [Fact]
    public void Rand_SeedZero_GivesPyTorchsNumbers()
    {
        manual_seed(0);
        Engine.AssertClose([0.4963f, 0.7682f, 0.0885f, 0.1320f, 0.3074f], rand(5), 1e-4f);
    }

    [Fact]
    public void Randn_SeedZero_GivesPyTorchsNumbers()
    {
        manual_seed(0);
        Engine.AssertClose([1.5410f, -0.2934f, -2.1788f, 0.5684f, -1.0845f, -1.3986f], randn(2, 3), 1e-4f);
    }

    [Fact]
    public void Randint_SeedZero_GivesPyTorchsNumbers()
    {
        manual_seed(0);
        Assert.Equal([4L, 9, 3, 0, 3], randint(0, 10, new long[] { 5 }).data<long>().ToArray());
    }

    [Fact]
    public void Randperm_SeedZero_GivesPyTorchsNumbers()
    {
        manual_seed(0);
        Assert.Equal([0L, 1, 3, 2], randperm(4).data<long>().ToArray());
    }

    [Fact]
    public void Linear_SeedZero_StartsAsInPyTorch()
    {
        manual_seed(0);
        using var linear = nn.Linear(3, 2);
        Engine.AssertClose([-0.0043f, 0.3097f, -0.4752f, -0.4249f, -0.2224f, 0.1548f], linear.weight, 1e-3f);
        Engine.AssertClose([-0.0114f, 0.4578f], linear.bias!, 1e-3f);
    }

    [Fact]
    public void Lstm_SeedZero_DrawsItsParametersInOrder()
    {
        manual_seed(0);
        using var lstm = nn.LSTM(2, 3);
        manual_seed(0);
        double bound = 1 / Math.Sqrt(3);
        foreach (var (name, parameter) in lstm.named_parameters())
        {
            using Tensor expected = empty(parameter.shape).uniform_(-bound, bound);
            Assert.True(parameter.detach().allclose(expected), name);
        }
    }

    [Fact]
    public void Embedding_SeedZero_IsNormal()
    {
        manual_seed(0);
        using var embedding = nn.Embedding(2, 3);
        Engine.AssertClose([1.5410f, -0.2934f, -2.1788f, 0.5684f, -1.0845f, -1.3986f], embedding.weight!, 1e-4f);
    }

    [Fact]
    public void RngState_SavedAndRestored_RepeatsTheNumbers()
    {
        using Tensor state = get_rng_state();
        float[] first = Engine.Floats(rand(4));
        set_rng_state(state);
        Assert.Equal(first, Engine.Floats(rand(4)));
    }

    [Fact]
    public void Generator_OfItsOwn_DoesNotTouchTheDefault()
    {
        manual_seed(5);
        float[] expected = Engine.Floats(rand(3));
        manual_seed(5);
        using Generator generator = new(7);
        float[] own = Engine.Floats(rand(3, generator: generator));
        Assert.Equal(expected, Engine.Floats(rand(3)));

        generator.manual_seed(7);
        Assert.Equal(own, Engine.Floats(rand(3, generator: generator)));
        Assert.Equal(7, generator.initial_seed());
    }

    [Fact]
    public void GeneratorState_SavedAndRestored_RepeatsTheNumbers()
    {
        using Generator generator = new(1);
        using Tensor state = generator.get_state();
        float[] first = Engine.Floats(randn([20], generator: generator));
        generator.set_state(state);
        Assert.Equal(first, Engine.Floats(randn([20], generator: generator)));
    }

    [Fact]
    public void Multinomial_OneCertainWeight_AlwaysDrawsIt()
    {
        Tensor drawn = multinomial(tensor(new float[] { 0, 0, 1, 0 }), 8, replacement: true);
        Assert.All(drawn.data<long>().ToArray(), index => Assert.Equal(2, index));
    }

    [Fact]
    public void Bernoulli_Certainties_AreKept()
    {
        Engine.AssertClose([0, 1, 1, 0], bernoulli(tensor(new float[] { 0, 1, 1, 0 })));
        Engine.AssertClose([1, 1], empty(2).bernoulli_(1.0));
    }

    [Fact]
    public void UniformAndNormal_InPlace_HaveTheirMoments()
    {
        manual_seed(9);
        using Tensor uniform = empty(100_000).uniform_(2, 4), normal = empty(100_000).normal_(1, 3);
        Assert.Equal(3, uniform.mean().item<float>(), 0.02f);
        Assert.True(uniform.min().item<float>() >= 2 && uniform.max().item<float>() < 4);
        Assert.Equal(1, normal.mean().item<float>(), 0.05f);
        Assert.Equal(3, normal.std().item<float>(), 0.05f);
    }

    [Fact]
    public void Dropout_WhileTraining_ScalesWhatItKeeps()
    {
        manual_seed(2);
        using Tensor kept = nn.functional.dropout(ones(10_000), 0.25);
        float[] values = Engine.Floats(kept);
        Assert.All(values, value => Assert.True(value == 0 || Math.Abs(value - (1 / 0.75f)) < 1e-6));
        Assert.Equal(0.25, values.Count(value => value == 0) / 10_000.0, 0.02);
    }
}
