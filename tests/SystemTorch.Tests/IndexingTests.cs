namespace SystemTorch.Tests;

public class IndexingTests
{
    private static Tensor Matrix() => arange(12).view(3, 4);

    [Fact]
    public void Indexer_NumbersAndSlices_PickParts()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = Matrix();
        Assert.Equal(6, x[1, 2].item<long>());
        Assert.Equal([8L, 9, 10, 11], x[2].data<long>().ToArray());
        Assert.Equal([8L, 9, 10, 11], x[-1].data<long>().ToArray());
        Assert.Equal([1L, 5, 9], x[TensorIndex.Colon, TensorIndex.Single(1)].data<long>().ToArray());
        Assert.Equal([1L, 2, 5, 6, 9, 10], x[.., 1..3].data<long>().ToArray());
        Assert.Equal([3L, 7, 11], x[TensorIndex.Ellipsis, ^1].data<long>().ToArray());
        Assert.Equal([0L, 2, 8, 10], x[TensorIndex.Slice(step: 2), TensorIndex.Slice(0, 4, 2)].data<long>().ToArray());
        Assert.Equal([1L, 3, 4], x[TensorIndex.None].shape);
        Assert.Equal([8L, 0], x[tensor(new long[] { 2, 0 }), tensor(new long[] { 0, 0 })].data<long>().ToArray());
        Assert.Equal([10L, 11], x[x.gt(9)].data<long>().ToArray());
    }

    [Fact]
    public void Indexer_Set_WritesParts()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = zeros(3, 3);
        x[0, 0] = 1;
        x[1] = tensor(new float[] { 2, 3, 4 });
        x[.., 2..3] = 9f;
        Engine.AssertClose([1, 0, 9, 2, 3, 9, 0, 0, 9], x);
        x[x.gt(5)] = -1f;
        Engine.AssertClose([1, 0, -1, 2, 3, -1, 0, 0, -1], x);
    }

    [Fact]
    public void IndexPut_Accumulating_AddsRepeatedPlaces()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = zeros(3);
        x.index_put_(tensor(new float[] { 1, 2, 4 }), [tensor(new long[] { 0, 0, 2 })], accumulate: true);
        Engine.AssertClose([3, 0, 4], x);
        Tensor y = zeros(2, 3);
        y.index_put_(tensor(new float[] { 1, 2 }), [TensorIndex.Single(1), TensorIndex.Tensor(tensor(new long[] { 2, 2 }))], accumulate: true);
        Engine.AssertClose([0, 0, 0, 0, 0, 3], y);
    }

    [Fact]
    public void GatherAndScatter_ByIndex_AreInverse()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor index = tensor(new long[,] { { 0, 2 }, { 1, 0 } });
        Tensor x = tensor(new float[,] { { 1, 2, 3 }, { 4, 5, 6 } });
        Engine.AssertClose([1, 3, 5, 4], x.gather(1, index));
        Engine.AssertClose([7, 0, 7, 7, 7, 0], zeros(2, 3).scatter(1, index, full([2, 2], 7f)));
        Engine.AssertClose([1, 0, 1, 1, 1, 0], zeros(2, 3).scatter_add_(1, index, ones(2, 2)));
    }

    [Fact]
    public void IndexOperations_AlongADimension_ChangeItsRows()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor index = tensor(new long[] { 2, 0 });
        Engine.AssertClose([2, 2, 0, 0, 2, 2], zeros(3, 2).index_add_(0, index, ones(2, 2), 2));
        Engine.AssertClose([3, 4, 0, 0, 1, 2], zeros(3, 2).index_copy_(0, index, tensor(new float[,] { { 1, 2 }, { 3, 4 } })));
        Engine.AssertClose([5, 5, 0, 0, 5, 5], zeros(3, 2).index_fill_(0, index, 5));
        Assert.Equal([8L, 9, 10, 11, 0, 1, 2, 3], Matrix().index_select(0, index).data<long>().ToArray());
    }

    [Fact]
    public void Masks_OverATensor_SelectAndFill()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = tensor(new float[] { 1, 2, 3 }), mask = tensor(new[] { true, false, true });
        Engine.AssertClose([1, 3], x.masked_select(mask));
        Engine.AssertClose([0, 2, 0], x.masked_fill(mask, 0));
        Engine.AssertClose([1, -1, 3], where(mask, x, full(3, -1f)));
        Assert.Equal([0L, 2], where(mask)[0].data<long>().ToArray());
        Assert.Equal([0L, 2], mask.nonzero().view(-1).data<long>().ToArray());
        Assert.Equal([[1L, 0, 0], [0L, 0, 1]], nn.functional.one_hot(tensor(new long[] { 0, 2 })).unbind().Select(row => row.data<long>().ToArray()));
    }

    [Fact]
    public void Shapes_Rearranged_KeepTheirNumbers()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = Matrix();
        Assert.Equal([4L, 3], x.t().shape);
        Assert.Equal([4L, 3], x.T.shape);
        Assert.Equal([2L, 6], x.reshape(2, -1).shape);
        Assert.Equal([12L], x.flatten().shape);
        Assert.Equal([1L, 3, 4], x.unsqueeze(0).shape);
        Assert.Equal([3L, 4], x.unsqueeze(0).squeeze(0).shape);
        Assert.Equal([4L, 2, 3], zeros(2, 3, 4).permute(2, 0, 1).shape);
        Assert.Equal([3L, 5, 4], x.unsqueeze(1).expand(-1, 5, -1).shape);
        Assert.Equal([6L, 4], x.repeat(2, 1).shape);
        Assert.Equal([0L, 0, 1, 1], tensor(new long[] { 0, 1 }).repeat_interleave(2).data<long>().ToArray());
        Assert.Equal([2L, 1, 0], arange(3).flip(0).data<long>().ToArray());
        Assert.Equal([2L, 0, 1], arange(3).roll(1).data<long>().ToArray());
        Assert.Equal([0L, 5, 10], x.diagonal().data<long>().ToArray());
        Assert.Equal([0L, 0, 0, 0, 4, 0, 0, 0, 8, 9, 0, 0], x.tril(-1).data<long>().ToArray());
        Assert.Equal([1L, 2], x.narrow(1, 1, 2)[0].data<long>().ToArray());
        Assert.Equal([0L, 2], x[0].slice(0, 0, 4, 2).data<long>().ToArray());
    }

    [Fact]
    public void JoinsAndSplits_AlongADimension_AreInverse()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = Matrix();
        Assert.Equal(3, x.chunk(3).Length);
        Assert.True(cat(x.split([1, 3], 1), 1).Equals(x));
        Assert.True(cat(x.split(2), 0).Equals(x));
        Assert.True(cat(x.chunk(2, 1), 1).Equals(x));
        Assert.True(stack(x.unbind(1), 1).Equals(x));
        Assert.True(vstack(x.unbind()).Equals(x));
        Assert.Equal([3L, 8], hstack(x, x).shape);
        Assert.Throws<ArgumentException>(() => cat(Array.Empty<Tensor>()));
    }

    [Fact]
    public void Reductions_OfAMatrix_GiveTheExpectedNumbers()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = tensor(new float[,] { { 1, 5, 3 }, { 4, 2, 6 } });
        Assert.Equal(21f, x.sum().item<float>());
        // sum(0) would be sum(ScalarType.Byte): the literal 0 is any enum, and no other argument is left to its default.
        Engine.AssertClose([5, 7, 9], x.sum(dim: 0));
        Engine.AssertClose([9, 12], x.sum(1, keepdim: true).flatten());
        Assert.Equal(21f, x.sum([0, 1]).item<float>());
        Assert.Equal(3.5f, x.mean().item<float>());
        Engine.AssertClose([3, 4], x.mean([1]));
        Engine.AssertClose([15, 48], x.prod(1));
        Assert.Equal(3.5f, x.var().item<float>());
        Engine.AssertClose([2, 2], x.std(1));
        Assert.Equal(6f, x.max().item<float>());
        var (values, indexes) = x.max(1);
        Engine.AssertClose([5, 6], values);
        Assert.Equal([1L, 2], indexes.data<long>().ToArray());
        Engine.AssertClose([1, 2], x.amin(1));
        Assert.Equal([1L, 2], x.argmax(1).data<long>().ToArray());
        Assert.Equal(5, x.argmax().item<long>());
        Engine.AssertClose([1, 6, 9, 4, 6, 12], x.cumsum(1));
        Engine.AssertClose([5, 3], x.topk(2).values[0]);
        Engine.AssertClose([1, 3, 5], x.sort().Values[0]);
        Assert.Equal([1L, 2, 0], x.argsort(descending: true)[0].data<long>().ToArray());
        Assert.Equal(MathF.Sqrt(91), x.norm().item<float>(), 1e-5f);
        Assert.True(x.gt(0).all().item<bool>());
        Assert.False(x.gt(6).any().item<bool>());
        Assert.Equal(2, x.gt(4).count_nonzero().item<long>());
        Assert.Equal([1L, 2, 3], tensor(new long[] { 3, 1, 2, 1 }).unique().output.data<long>().ToArray());
        var (deviation, average) = std_mean(x);
        Assert.Equal((MathF.Sqrt(3.5f), 3.5f), (deviation.item<float>(), average.item<float>()));
    }

    [Fact]
    public void Products_OfMatrices_GiveTheExpectedNumbers()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor a = tensor(new float[,] { { 1, 2 }, { 3, 4 } }), b = tensor(new float[,] { { 0, 1 }, { 1, 0 } }), v = tensor(new float[] { 1, 10 });
        Engine.AssertClose([2, 1, 4, 3], a.mm(b));
        Engine.AssertClose([2, 1, 4, 3], a.matmul(b));
        Engine.AssertClose([21, 43], a.mv(v));
        Assert.Equal(101f, v.dot(v).item<float>());
        Engine.AssertClose([1, 10, 10, 100], v.outer(v));
        Engine.AssertClose([4.5f, 3, 9.5f, 8], a.addmm(a, b, beta: 0.5f, alpha: 2));
        Tensor buffer = full([2, 2], 99f);
        Engine.AssertClose([2, 1, 4, 3], buffer.addmm_(a, b, 0, 1));
        Engine.AssertClose([22, 53], v.addmv(a, v));
        Tensor batch = stack([a, b]);
        Engine.AssertClose([7, 10, 15, 22, 1, 0, 0, 1], batch.bmm(batch));
        Engine.AssertClose([9, 12, 18, 27], a.addbmm(batch, batch));
        Engine.AssertClose([8, 11, 16, 23, 2, 1, 1, 2], ones(2, 2, 2).baddbmm(batch, batch));
        Engine.AssertClose([2, 1, 4, 3], einsum("ij,jk->ik", a, b));
    }
}
