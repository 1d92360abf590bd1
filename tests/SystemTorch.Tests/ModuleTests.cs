using TorchSharp.Utils;

namespace SystemTorch.Tests;

public class ModuleTests
{
    [Fact]
    public void RegisterComponents_FieldsOfAModule_AreNamedAfterThem()
    {
        using var net = new Net();
        Assert.Equal(
            ["scale", "first.weight", "first.bias", "renamed.weight"],
            net.named_parameters().Select(named => named.name));
        Assert.Equal(["offset"], net.named_buffers().Select(named => named.name));
        Assert.Equal(["first", "renamed"], net.named_children().Select(named => named.name));
    }

    [Fact]
    public void RegisterModule_NameTaken_IsRefused()
    {
        using var net = new Net();
        Assert.Throws<InvalidOperationException>(() => net.register_module("first", nn.Linear(1, 1)));
        Assert.Throws<ArgumentException>(() => net.register_module("a.b", nn.Linear(1, 1)));
    }

    [Fact]
    public void GetParameter_ByPath_FindsTheLiveTensor()
    {
        using var net = new Net();
        Assert.Same(net.First.weight, net.get_parameter("first.weight"));
        Assert.Null(net.get_parameter("first.nothing"));
        Assert.True(net.has_parameter("scale"));
        Assert.True(net.has_buffer("offset"));
        Assert.False(net.has_parameter("offset"));
    }

    [Fact]
    public void StateDict_LoadedIntoAnother_GivesTheSameOutput()
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(1);
        using var source = new Net();
        using var target = new Net();
        Tensor input = randn(2, 3);
        Assert.False(source.call(input).allclose(target.call(input)));

        var (missing, unexpected) = target.load_state_dict(source.state_dict());

        Assert.Empty(missing);
        Assert.Empty(unexpected);
        Engine.AssertClose(source.call(input), target.call(input));
    }

    [Fact]
    public void StateDict_OfAModule_HasParametersThenBuffers()
    {
        using var net = new Net();
        Assert.Equal(["scale", "first.weight", "first.bias", "renamed.weight", "offset"], net.state_dict().Keys);
    }

    [Fact]
    public void LoadStateDict_NamesDiffer_IsRefusedWhenStrict()
    {
        using var net = new Net();
        Dictionary<string, Tensor> state = net.state_dict();
        state.Remove("scale");
        state["extra"] = ones(1);

        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => net.load_state_dict(state));
        Assert.Contains("not identical", error.Message, StringComparison.Ordinal);

        var (missing, unexpected) = net.load_state_dict(state, strict: false);
        Assert.Equal(["scale"], missing);
        Assert.Equal(["extra"], unexpected);
        Assert.Empty(net.load_state_dict(state, skip: ["scale", "extra"]).missing_keys);
    }

    [Fact]
    public void LoadStateDict_ShapesDiffer_IsRefused()
    {
        using var net = new Net();
        Dictionary<string, Tensor> state = net.state_dict();
        state["scale"] = ones(7, 7);
        Assert.Throws<System.Runtime.InteropServices.ExternalException>(() => net.load_state_dict(state));
    }

    [Fact]
    public void SaveAndLoad_ThroughAStream_RestoreEveryValue()
    {
        using DisposeScope scope = NewDisposeScope();
        using var source = new Net();
        using var target = new Net();
        using MemoryStream stream = new();
        source.save(stream);

        target.load(new MemoryStream(stream.ToArray()));

        Engine.AssertClose(source.First.weight, target.First.weight);
    }

    [Fact]
    public void TrainAndEval_OfTheRoot_ReachEveryModule()
    {
        using var net = new Net();
        Assert.True(net.training);
        net.eval();
        Assert.False(net.First.training);
        net.train();
        Assert.True(net.First.training);
    }

    [Fact]
    public void Dropout_InEvalMode_PassesItsInput()
    {
        using DisposeScope scope = NewDisposeScope();
        using var dropout = nn.Dropout(0.5);
        Tensor input = ones(1000);
        Assert.True(dropout.call(input).eq(0).any().item<bool>());
        dropout.eval();
        Engine.AssertClose(input, dropout.call(input));
    }

    [Fact]
    public void To_AnotherElementType_ConvertsParametersAndBuffersInPlace()
    {
        using DisposeScope scope = NewDisposeScope();
        using var net = new Net();
        Net returned = net.to(float64);

        Assert.Same(net, returned);
        Assert.All(net.parameters(), parameter => Assert.Equal(ScalarType.Float64, parameter.dtype));
        Assert.All(net.parameters(), parameter => Assert.True(parameter.requires_grad && parameter.is_leaf));
        Assert.Equal(ScalarType.Float64, net.get_buffer("offset")!.dtype);
        Assert.Equal(ScalarType.Float64, net.First.weight.dtype);
        Assert.Equal(ScalarType.Float64, net.call(randn(2, 3, float64)).dtype);
    }

    [Fact]
    public void To_AnElementTypeOfIntegers_IsRefused()
    {
        using var net = new Net();
        Assert.Throws<ArgumentException>(() => net.to(int64));
    }

    [Fact]
    public void ZeroGrad_OfAModule_RemovesGradients()
    {
        using DisposeScope scope = NewDisposeScope();
        using var net = new Net();
        net.call(randn(2, 3)).sum().backward();
        net.zero_grad(set_to_none: false);
        Assert.Equal(0f, net.First.weight.grad!.abs().sum().item<float>());
        net.zero_grad();
        Assert.Null(net.First.weight.grad);
    }

    [Fact]
    public void Apply_AFunction_VisitsChildrenBeforeTheRoot()
    {
        using var net = new Net();
        List<string> visited = [];
        net.apply(module => visited.Add(module.GetName()));
        Assert.Equal(["Linear", "Linear", "Net"], visited);
    }

    [Fact]
    public void Hooks_AroundACall_SeeAndChangeIt()
    {
        using DisposeScope scope = NewDisposeScope();
        using var identity = nn.Identity();
        var doubled = identity.register_forward_pre_hook((_, input) => input * 2);
        identity.register_forward_hook((_, _, output) => output + 1);

        Engine.AssertClose([3, 3], identity.call(ones(2)));
        Engine.AssertClose([1, 1], identity.forward(ones(2)));
        doubled.remove();
        Engine.AssertClose([2, 2], identity.call(ones(2)));
    }

    [Fact]
    public void Sequential_ThreeModules_CallsThemInOrder()
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(1);
        Linear first = nn.Linear(3, 4), last = nn.Linear(4, 2);
        using var sequence = nn.Sequential(first, nn.Tanh(), last);
        Tensor input = randn(5, 3);

        Engine.AssertClose(last.call(first.call(input).tanh()), sequence.call(input));
        Assert.Equal(["0.weight", "0.bias", "2.weight", "2.bias"], sequence.named_parameters().Select(named => named.name));
        Assert.Equal(3, sequence.Count);
        sequence.call(input).sum().backward();
        Assert.NotNull(first.weight.grad);
    }

    [Fact]
    public void Sequential_WithNames_UsesThem()
    {
        using var sequence = nn.Sequential(("input", nn.Linear(1, 2)), ("activation", nn.ReLU()));
        Assert.Equal(["input.weight", "input.bias"], sequence.named_parameters().Select(named => named.name));
    }

    [Fact]
    public void Containers_AsFields_RegisterTheirContents()
    {
        using var net = new Containers();
        Assert.Equal(
            ["list.0.weight", "list.0.bias", "list.1.weight", "list.1.bias", "dict.a.weight", "dict.a.bias", "parameters_.0", "named.p"],
            net.named_parameters().Select(named => named.name));
    }

    [Fact]
    public void Linear_FromGivenParameters_UsesThem()
    {
        using DisposeScope scope = NewDisposeScope();
        using var linear = nn.Linear(nn.Parameter(tensor(new float[,] { { 1, 2 }, { 3, 4 } })), nn.Parameter(tensor(new float[] { 10, 20 })));
        Engine.AssertClose([13, 27], linear.call(tensor(new float[] { 1, 1 })));
    }

    [Fact]
    public void Embedding_PaddingRow_IsZeroAndStaysSo()
    {
        using DisposeScope scope = NewDisposeScope();
        using var embedding = nn.Embedding(4, 3, padding_idx: 1);
        Tensor output = embedding.call(tensor(new long[] { 0, 1, 1 }));
        Engine.AssertClose([0, 0, 0], output[1]);
        output.sum().backward();
        Engine.AssertClose([0, 0, 0], embedding.weight!.grad![1]);
        Engine.AssertClose([1, 1, 1], embedding.weight.grad[0]);
    }

    [Fact]
    public void LayerNorm_ARow_HasMeanZeroAndVarianceOne()
    {
        using DisposeScope scope = NewDisposeScope();
        using var norm = nn.LayerNorm(4);
        Engine.AssertClose([-1.3416f, -0.4472f, 0.4472f, 1.3416f], norm.call(tensor(new float[] { 1, 2, 3, 4 })), 1e-3f);
    }

    [Fact]
    public void Losses_AsModules_AgreeWithTheirFunctions()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor logits = randn(4, 3), classes = tensor(new long[] { 0, 2, 1, -100 });
        Engine.AssertClose(nn.functional.cross_entropy(logits, classes), nn.CrossEntropyLoss().call(logits, classes));
        Engine.AssertClose(nn.functional.nll_loss(logits.log_softmax(1), classes), nn.NLLLoss().call(logits.log_softmax(1), classes));
        Engine.AssertClose(nn.functional.cross_entropy(logits, classes), nn.functional.nll_loss(nn.functional.log_softmax(logits, 1), classes));
    }

    private sealed class Net : nn.Module<Tensor, Tensor>
    {
        private readonly Parameter scale = new(ones(3));
        private readonly Tensor offset = zeros(3);
        private readonly Linear first = nn.Linear(3, 3);

        [ComponentName(Name = "renamed")]
        private readonly Linear second = nn.Linear(3, 2, hasBias: false);

        public Net()
            : base("Net") => RegisterComponents();

        public Linear First => first;

        public override Tensor forward(Tensor input) => second.call(first.call(input * scale + offset));
    }

    private sealed class Containers : nn.Module<Tensor, Tensor>
    {
        private readonly ModuleList<Linear> list = nn.ModuleList(nn.Linear(1, 1), nn.Linear(1, 1));
        private readonly ModuleDict<Linear> dict = nn.ModuleDict(("a", nn.Linear(1, 1)));
        private readonly ParameterList parameters_ = nn.ParameterList(nn.Parameter(ones(1)));
        private readonly ParameterDict named = nn.ParameterDict(("p", nn.Parameter(ones(1))));

        public Containers()
            : base("Containers") => RegisterComponents();

        public override Tensor forward(Tensor input) => dict["a"].call(list[0].call(input)) * parameters_[0] * named["p"];
    }
}
