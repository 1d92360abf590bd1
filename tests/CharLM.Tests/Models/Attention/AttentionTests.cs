using CharLM.Models.Attention;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Tests.Models.Attention;

public sealed class AttentionTests
{
    public static TheoryData<string> Cases => [.. AttentionGolden.Read().Cases.Select(golden => golden.Name)];

    public static TheoryData<AttentionKind> Kinds => [.. Enum.GetValues<AttentionKind>()];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Forward_OnGoldenCase_GivesPyTorchsNumbersAndGradients(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        AttentionCase golden = AttentionGolden.Read().Cases.Single(one => one.Name == name);
        using nn.Module layer = Build(golden);
        Tensor queries = Leaf(golden.Queries), keys = Leaf(golden.Keys), values = Leaf(golden.Values);
        Tensor? mask = golden.Mask is null ? null : tensor(golden.Mask.Visible, golden.Mask.Shape);

        (Tensor output, Tensor weights) = layer is Tutorial tutorial
            ? tutorial.Forward(queries, keys, values, mask)
            : ((AttentionLayer)layer).Forward(queries, keys, values, mask);
        (output * Data(golden.GradOutput)).sum().backward();

        var deviation = new Deviation(1e-12);
        deviation.Compare("output", golden.Output, output);
        deviation.Compare("weights", golden.Weights, weights);
        var leaves = new Dictionary<string, Tensor> { ["queries"] = queries, ["keys"] = keys, ["values"] = values };
        foreach ((string parameter, GoldenTensor gradient) in golden.Gradients)
            deviation.Compare($"gradient of {parameter}", gradient,
                (leaves.GetValueOrDefault(parameter) ?? layer.get_parameter(parameter)!).grad!);
    }

    [Fact]
    public void Concat_SizesOfTheIssue_GivesTheShapesOfTheIssue()
    {
        using DisposeScope scope = NewDisposeScope();
        using var layer = new Tutorial(querySize: 32, keySize: 32, places: 32, valueSize: 64, outputSize: 64);
        (Tensor output, Tensor weights) = layer.Forward(randn(1, 1, 32), randn(1, 1, 32), randn(1, 32, 64), null);
        Assert.Equal([1, 1, 64], output.shape);
        Assert.Equal([1, 32], weights.shape);
        Assert.Equal(1, weights.sum().ToDouble(), 1e-6);
    }

    [Theory]
    [InlineData(AttentionKind.Cosine, 4)]
    [InlineData(AttentionKind.Cosine, 6)]
    [InlineData(AttentionKind.General, 4)]
    [InlineData(AttentionKind.General, 6)]
    public void Forward_CosineAndGeneral_GiveWhatTorchsOwnFunctionsGive(AttentionKind kind, long keySize)
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(6);
        using AttentionLayer layer = AttentionLayer.Create(kind, 4, keySize, 0, places: 0);
        layer.to(ScalarType.Float64);
        const double Strength = 2.5;
        if (kind == AttentionKind.Cosine)
        {
            using IDisposable unrecorded = no_grad();
            layer.get_parameter("log_strength")!.fill_(Math.Log(Strength));
        }
        Tensor queries = Leaf(2, 3, 4), keys = Leaf(2, 5, keySize), values = Leaf(2, 5, 2), mask = AttentionMask.OfLengths([5, 2], 5);
        Tensor[] inputs = [queries, keys, values];

        (Tensor output, Tensor weights) = layer.Forward(queries, keys, values, mask);
        output.square().sum().backward();
        Tensor[] gradients = [.. inputs.Select(input => input.grad!.clone())];
        foreach (Tensor input in inputs)
            input.grad!.zero_();

        Tensor? projection = layer.get_parameter("W_k.weight");
        Tensor wideQueries = queries.unsqueeze(2).expand(2, 3, 5, 4).contiguous();
        Tensor wideKeys = keys.unsqueeze(1).expand(2, 3, 5, keySize).contiguous();
        Tensor scores = kind == AttentionKind.General
            ? nn.functional.bilinear(wideQueries, wideKeys, projection!.unsqueeze(0)).squeeze(-1)
            : Strength * nn.functional.cosine_similarity(
                wideQueries, projection is null ? wideKeys : nn.functional.linear(wideKeys, projection), -1, 1e-8);
        Tensor expected = scores.masked_fill(mask.logical_not(), double.NegativeInfinity).softmax(-1);
        expected.bmm(values).square().sum().backward();

        Assert.True(allclose(expected, weights, 1e-12, 1e-14));
        Assert.All(inputs.Zip(gradients), pair => Assert.True(allclose(pair.First.grad!, pair.Second, 1e-10, 1e-12)));
    }

    [Fact]
    public void Concat_CountingBack_GivesEachDistanceOneScore()
    {
        using DisposeScope scope = NewDisposeScope();
        using AttentionLayer layer = AttentionLayer.Create(AttentionKind.Concat, 2, 2, 0, places: 3, countsBack: true);
        using (no_grad())
        {
            layer.get_parameter("attn.weight")!.zero_();
            layer.get_parameter("attn.bias")!.copy_(tensor(new float[] { 1, 2, 4 }).log());
        }
        Tensor inputs = randn(1, 4, 2);
        (_, Tensor weights) = layer.Forward(inputs, inputs, inputs, AttentionMask.CausalWindow(4, 4, 3));
        float[] expected =
        [
            1, 0, 0, 0,
            2 / 3f, 1 / 3f, 0, 0,
            4 / 7f, 2 / 7f, 1 / 7f, 0,
            0, 4 / 7f, 2 / 7f, 1 / 7f,
        ];
        Assert.True(allclose(weights, tensor(expected, [1, 4, 4])));
    }

    [Fact]
    public void Concat_MoreKeysThanPlaces_IsRefused()
    {
        using DisposeScope scope = NewDisposeScope();
        using AttentionLayer layer = AttentionLayer.Create(AttentionKind.Concat, 2, 2, 0, places: 3);
        Tensor keys = randn(1, 4, 2);
        var e = Assert.Throws<ArgumentException>(() => layer.Forward(keys, keys, keys));
        Assert.Contains("4 keys, and this attention has 3 places", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Forward_Masked_WeightsSumToOneAndHiddenOnesAreExactlyZero(AttentionKind kind)
    {
        using DisposeScope scope = NewDisposeScope();
        using AttentionLayer layer = AttentionLayer.Create(kind, 4, 6, 5, places: 9);
        Tensor mask = rand(3, 7, 9) > 0.5;
        mask[.., .., 4] = tensor(true); // every row sees a key
        (_, Tensor weights) = layer.Forward(randn(3, 7, 4) * 100, randn(3, 9, 6), randn(3, 9, 2), mask);
        Assert.True(allclose(weights.sum(-1), ones(3, 7), 1e-5, 1e-6));
        Assert.Equal(0, weights.masked_fill(mask, 0).abs().max().ToDouble());
        Assert.True(weights.isfinite().all().item<bool>());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Forward_HiddenKeysAndValuesChanged_OutputStaysBitwise(AttentionKind kind)
    {
        using DisposeScope scope = NewDisposeScope();
        using AttentionLayer layer = AttentionLayer.Create(kind, 4, 4, 5, places: 6);
        Tensor mask = AttentionMask.CausalWindow(6, 6, 3), inputs = randn(2, 6, 4), other = inputs.clone();
        other[.., 5] = randn(2, 4) * 1000;

        Tensor before = layer.Forward(inputs, inputs, inputs, mask).Output, after = layer.Forward(other, other, other, mask).Output;

        Assert.True(before.narrow(1, 0, 5).eq(after.narrow(1, 0, 5)).all().item<bool>());
        Assert.False(before.narrow(1, 5, 1).eq(after.narrow(1, 5, 1)).any().item<bool>());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Attend_QueriesOneByOne_EqualsAllAtOnce(AttentionKind kind)
    {
        using DisposeScope scope = NewDisposeScope();
        using AttentionLayer layer = AttentionLayer.Create(kind, 4, 6, 5, places: 9);
        Tensor queries = randn(2, 3, 4), keys = randn(2, 7, 6), values = randn(2, 7, 5), mask = AttentionMask.OfLengths([7, 3], 7);
        Tensor prepared = layer.Prepare(keys), all = layer.Forward(queries, keys, values, mask).Output;
        for (int i = 0; i < 3; i++)
            Assert.True(allclose(all.narrow(1, i, 1), layer.Attend(queries.narrow(1, i, 1), prepared, values, mask).Output, 1e-5, 1e-6));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Backward_AnyKind_HasTheGradientsOfFiniteDifferences(AttentionKind kind)
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(3);
        using AttentionLayer layer = AttentionLayer.Create(kind, 2, 3, 4, places: 4);
        layer.to(ScalarType.Float64);
        Tensor queries = Leaf(2, 2, 2), keys = Leaf(2, 4, 3), values = Leaf(2, 4, 2), mask = AttentionMask.OfLengths([4, 2], 4);
        FiniteDifferences.Check(
            () => layer.Forward(queries, keys, values, mask).Output.square().sum(),
            new Dictionary<string, Tensor>(Parameters(layer)) { ["queries"] = queries, ["keys"] = keys, ["values"] = values });
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Backward_SelfAttention_HasTheGradientsOfFiniteDifferences(AttentionKind kind)
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(4);
        using AttentionLayer layer = AttentionLayer.Create(kind, 3, 3, 4, places: 4, countsBack: true);
        layer.to(ScalarType.Float64);
        Tensor inputs = Leaf(2, 4, 3), mask = AttentionMask.CausalWindow(4, 4, 2);
        FiniteDifferences.Check(
            () => layer.Forward(inputs, inputs, inputs, mask).Output.square().sum(), new Dictionary<string,
                Tensor>(Parameters(layer))
            { ["inputs"] = inputs });
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Forward_MaskHidesEverything_IsRefused(AttentionKind kind)
    {
        using DisposeScope scope = NewDisposeScope();
        using AttentionLayer layer = AttentionLayer.Create(kind, 4, 4, 5, places: 6);
        Tensor mask = ones(2, 1, 3, dtype: ScalarType.Bool);
        mask[1] = tensor(false);
        var e = Assert.Throws<ArgumentException>(() => layer.Forward(randn(2, 1, 4), randn(2, 3, 4), randn(2, 3, 4), mask));
        Assert.Contains("hides every key", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    public void OfLengths_OutsideTheKeys_IsRefused(long length)
    {
        var e = Assert.Throws<ArgumentOutOfRangeException>(() => AttentionMask.OfLengths([3, length], 3));
        Assert.Contains("row 1 must have 1 to 3 keys", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CausalWindow_MoreKeysThanQueries_SeesThePastAndItself()
    {
        using Tensor mask = AttentionMask.CausalWindow(queries: 2, keys: 5, window: 3);
        bool[] expected = [false, true, true, true, false, false, false, true, true, true];
        using Tensor same = mask.eq(tensor(expected, [1, 2, 5])).all();
        Assert.True(same.item<bool>());
    }

    private static nn.Module Build(AttentionCase golden)
    {
        long[] queries = golden.Queries.Shape, keys = golden.Keys.Shape, values = golden.Values.Shape;
        nn.Module layer = golden.Kind switch
        {
            "dot" => new DotAttention(queries[2], keys[2]),
            "additive" => new AdditiveAttention(queries[2], keys[2], golden.Parameters["W_q.weight"].Shape[0]),
            _ => new Tutorial(queries[2], keys[2], values[1], values[2], golden.Output.Shape[2]),
        };
        layer.to(ScalarType.Float64);
        using IDisposable unrecorded = no_grad();
        Assert.Equal(golden.Parameters.Keys.Order(), layer.named_parameters().Select(entry => entry.name).Order());
        foreach ((string name, Parameter parameter) in layer.named_parameters())
            parameter.copy_(Data(golden.Parameters[name]));
        return layer;
    }

    private static Dictionary<string, Tensor> Parameters(nn.Module layer) =>
        layer.named_parameters().ToDictionary(entry => entry.name, entry => (Tensor)entry.parameter);

    private static Tensor Data(GoldenTensor golden) => tensor(golden.Data, golden.Shape);

    private static Tensor Leaf(GoldenTensor golden) => Data(golden).requires_grad_(true);

    private static Tensor Leaf(params long[] shape) => randn(shape, dtype: ScalarType.Float64).requires_grad_(true);

    // The tutorial's layer: one key, and the weighted mean is concatenated with the query and projected.
    private sealed class Tutorial : nn.Module
    {
        private readonly ConcatAttention _attention;
        private readonly Linear _combine;

        public Tutorial(long querySize, long keySize, long places, long valueSize, long outputSize)
            : base("tutorial")
        {
            _attention = new ConcatAttention(querySize, keySize, places, countsBack: false);
            register_module("attn", _attention.named_children().Single().module);
            register_module("attn_combine", _combine = nn.Linear(querySize + valueSize, outputSize));
        }

        public (Tensor Output, Tensor Weights) Forward(Tensor query, Tensor key, Tensor values, Tensor? mask)
        {
            Tensor keys = key.expand(values.size(0), values.size(1), key.size(2));
            (Tensor applied, Tensor weights) = _attention.Forward(query, keys, values, mask?.unsqueeze(1));
            return (_combine.forward(cat([query, applied], dim: -1)), weights.squeeze(1));
        }
    }
}
