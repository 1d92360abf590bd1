using System.Runtime.InteropServices;

namespace SystemTorch.Tests;

/// <summary>Memory that .NET and libtorch share, and memory that they do not.</summary>
public class MemoryTests
{
    [Fact]
    public void FromBuffer_ChangesOnEitherSide_AreSeenOnTheOther()
    {
        float[] array = [1, 2, 3, 4];
        using Tensor tensor = frombuffer(array, float32);
        array[0] = 10;
        tensor[3] = 40;
        Engine.AssertClose([10, 2, 3, 40], tensor);
        Assert.Equal([10, 2, 3, 40], array);
    }

    [Fact]
    public void FromBuffer_OffsetAndCount_AreInElements()
    {
        int[] array = [1, 2, 3, 4, 5];
        using Tensor tensor = frombuffer(array, int32, count: 2, offset: 1);
        Assert.Equal([2, 3], tensor.data<int>().ToArray());
    }

    [Fact]
    public void FromBuffer_AfterTheArrayIsForgotten_KeepsItsMemory()
    {
        Tensor[] tensors = [.. Enumerable.Range(0, 50).Select(i => frombuffer(Enumerable.Repeat((float)i, 1000).ToArray(), float32))];
        GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: true);
        for (int i = 0; i < tensors.Length; i++)
        {
            Assert.Equal(1000f * i, tensors[i].sum().item<float>());
            tensors[i].Dispose();
        }
    }

    [Fact]
    public void FromBuffer_OutOfRange_IsRefused()
    {
        float[] array = [1, 2];
        Assert.Throws<ArgumentException>(() => frombuffer(array, float32, offset: 2));
        Assert.Throws<IndexOutOfRangeException>(() => frombuffer(array, float32, count: 3));
    }

    [Fact]
    public void FromArray_OfTwoDimensions_SharesMemoryAndShape()
    {
        double[,] array = { { 1, 2, 3 }, { 4, 5, 6 } };
        using Tensor tensor = from_array(array);
        Assert.Equal([2L, 3], tensor.shape);
        array[1, 2] = 60;
        Assert.Equal(60, tensor[1, 2].item<double>());
    }

    [Fact]
    public void AsTensor_OfAnArray_SharesMemoryAndOfAListCopies()
    {
        long[] array = [1, 2];
        List<long> list = [1, 2];
        using Tensor shared = as_tensor(array), copied = as_tensor(list);
        array[0] = 9;
        list[0] = 9;
        Assert.Equal(9, shared[0].item<long>());
        Assert.Equal(1, copied[0].item<long>());
    }

    [Fact]
    public void Tensor_OfAnArray_Copies()
    {
        float[] array = [1, 2];
        using Tensor copy = tensor(array);
        array[0] = 9;
        Engine.AssertClose([1, 2], copy);
    }

    [Fact]
    public void Bytes_Written_ChangeTheTensor()
    {
        using Tensor tensor = zeros(3);
        Span<float> floats = MemoryMarshal.Cast<byte, float>(tensor.bytes);
        floats[1] = 5;
        Engine.AssertClose([0, 5, 0], tensor);
        Assert.Equal(12, tensor.bytes.Length);
    }

    [Fact]
    public void Bytes_OfAView_BeginWhereItBegins()
    {
        using Tensor tensor = arange(6.0f).view(3, 2), row = tensor[1];
        Assert.Equal([2f, 3f], MemoryMarshal.Cast<byte, float>(row.bytes).ToArray());
    }

    [Fact]
    public void Bytes_Set_ReplaceTheContents()
    {
        using Tensor tensor = zeros(2);
        tensor.bytes = MemoryMarshal.AsBytes<float>(new float[] { 7, 8 }.AsSpan());
        Engine.AssertClose([7, 8], tensor);
        Assert.Throws<ArgumentException>(() => tensor.bytes = new byte[3]);
    }

    [Fact]
    public void Accessor_OfATransposedMatrix_FollowsTheStrides()
    {
        using Tensor matrix = arange(6).view(2, 3).t();
        var accessor = matrix.data<long>();
        Assert.Equal(6, accessor.Count);
        Assert.Equal([0L, 3, 1, 4, 2, 5], accessor.ToArray());
        Assert.Equal([0L, 3, 1, 4, 2, 5], accessor.ToList());
        Assert.Equal(4, accessor[1, 1]);
        accessor[1, 1] = 40;
        Assert.Equal(40, matrix[1, 1].item<long>());
        long[,] array = (long[,])matrix.data<long>().ToNDArray();
        Assert.Equal((3, 2, 40L), (array.GetLength(0), array.GetLength(1), array[1, 1]));
    }

    [Fact]
    public void Accessor_CopyToAndFrom_MovesParts()
    {
        using Tensor tensor = arange(5.0f);
        float[] array = new float[3];
        tensor.data<float>().CopyTo(array, 1, 2);
        Assert.Equal([0f, 2, 3], array);
        tensor.data<float>().CopyFrom(new float[] { 8, 9 }, 0, 3);
        Engine.AssertClose([0, 1, 2, 8, 9], tensor);
    }

    [Fact]
    public void Accessor_OfAnotherType_IsRefused()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => ones(2).data<double>());
        Assert.Contains("Double is not compatible with Float32", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SaveAndLoad_OfATensor_RestoreTypeShapeAndValues()
    {
        using MemoryStream stream = new();
        using Tensor tensor = arange(6).view(2, 3).to(float64);
        tensor.Save(stream);
        stream.Position = 0;
        using Tensor loaded = Tensor.Load(stream);
        Assert.Equal(tensor.shape, loaded.shape);
        Assert.Equal(ScalarType.Float64, loaded.dtype);
        Assert.True(loaded.Equals(tensor));
    }
}
