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

        (Tensor output, Tensor weights) = layer is ConcatAttention concat
            ? concat.Forward(queries, keys, values, mask)
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
        using var layer = new ConcatAttention(querySize: 32, keySize: 32, valueSize1: 32, valueSize2: 64, outputSize: 64);
        (Tensor output, Tensor weights) = layer.Forward(randn(1, 1, 32), randn(1, 1, 32), randn(1, 32, 64));
        Assert.Equal([1, 1, 64], output.shape);
        Assert.Equal([1, 32], weights.shape);
        Assert.Equal(1, weights.sum().ToDouble(), 1e-6);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Forward_Masked_WeightsSumToOneAndHiddenOnesAreExactlyZero(AttentionKind kind)
    {
        using DisposeScope scope = NewDisposeScope();
        using AttentionLayer layer = AttentionLayer.Create(kind, 4, 6, 5);
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
        using AttentionLayer layer = AttentionLayer.Create(kind, 4, 4, 5);
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
        using AttentionLayer layer = AttentionLayer.Create(kind, 4, 6, 5);
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
        using AttentionLayer layer = AttentionLayer.Create(kind, 2, 3, 4);
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
        using AttentionLayer layer = AttentionLayer.Create(kind, 3, 3, 4);
        layer.to(ScalarType.Float64);
        Tensor inputs = Leaf(2, 4, 3), mask = AttentionMask.CausalWindow(4, 4, 2);
        FiniteDifferences.Check(
            () => layer.Forward(inputs, inputs, inputs, mask).Output.square().sum(), new Dictionary<string,
                Tensor>(Parameters(layer))
            { ["inputs"] = inputs });
    }

    [Fact]
    public void Backward_Concat_HasTheGradientsOfFiniteDifferences()
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(5);
        using var layer = new ConcatAttention(2, 3, 4, 2, 3);
        layer.to(ScalarType.Float64);
        Tensor query = Leaf(2, 1, 2), key = Leaf(2, 1, 3), values = Leaf(2, 4, 2), mask = AttentionMask.OfLengths([4, 2], 4).squeeze(1);
        FiniteDifferences.Check(
            () => layer.Forward(query, key, values, mask).Output.square().sum(),
            new Dictionary<string, Tensor>(Parameters(layer)) { ["query"] = query, ["key"] = key, ["values"] = values });
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Forward_MaskHidesEverything_IsRefused(AttentionKind kind)
    {
        using DisposeScope scope = NewDisposeScope();
        using AttentionLayer layer = AttentionLayer.Create(kind, 4, 4, 5);
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
            _ => new ConcatAttention(queries[2], keys[2], values[1], values[2], golden.Output.Shape[2]),
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
}
