namespace SystemTorch.Tests;

/// <summary>Creation, properties, conversion, arithmetic and comparison.</summary>
public class TensorTests
{
    [Fact]
    public void Creation_ByShape_HasTypeShapeAndValues()
    {
        using DisposeScope scope = NewDisposeScope();
        Assert.Equal([2L, 3, 4], zeros(2, 3, 4).shape);
        Assert.Equal(ScalarType.Float32, ones(1).dtype);
        Assert.Equal(ScalarType.Int64, zeros([2], int64).dtype);
        Assert.Equal(0, zeros([]).ndim);
        Engine.AssertClose([2.5f, 2.5f], full(2, 2.5));
        Assert.Equal(ScalarType.Int64, full(2, 3).dtype);
        Engine.AssertClose([1, 0, 0, 1], eye(2));
        Engine.AssertClose([0, 0.5f, 1], linspace(0, 1, 3));
        Assert.Equal([2L, 4, 6], arange(2, 8, 2).data<long>().ToArray());
        Assert.Equal(ScalarType.Float32, arange(0.0, 1.0, 0.5).dtype);
        Assert.True(ones(1, requires_grad: true).requires_grad);
    }

    [Fact]
    public void Linalg_OfAMatrix_GivesItsEigenvaluesAndSingularValues()
    {
        using DisposeScope scope = NewDisposeScope();
        // A rotation by 90 degrees, twice as long: eigenvalues ±2i; both singular values 2.
        Tensor rotation = tensor(new float[] { 0, -2, 2, 0 }, [2, 2]);
        Tensor parts = view_as_real(linalg.eigvals(rotation));
        Assert.Equal([2L, 2], parts.shape);
        Engine.AssertClose([0, 2, 0, 2], parts.abs());
        Engine.AssertClose([2, 2], linalg.svdvals(rotation));
        Engine.AssertClose([3, 1], linalg.svdvals(diag(tensor(new float[] { 1, -3 }))));
    }

    [Fact]
    public void Creation_FromValues_TakesTheirTypes()
    {
        using DisposeScope scope = NewDisposeScope();
        Assert.Equal(ScalarType.Float32, tensor(1f).dtype);
        Assert.Equal(ScalarType.Float64, tensor(1.0).dtype);
        Assert.Equal(ScalarType.Int32, tensor(1).dtype);
        Assert.Equal(ScalarType.Int64, tensor(1L).dtype);
        Assert.Equal(ScalarType.Bool, tensor(true).dtype);
        Assert.Equal(ScalarType.Byte, tensor(new byte[] { 1 }).dtype);
        Assert.Equal(ScalarType.Float32, tensor(new double[] { 1 }, dtype: float32).dtype);
        Assert.Equal([2L, 2], tensor(new float[,] { { 1, 2 }, { 3, 4 } }).shape);
        Assert.Equal([2L, 3], tensor(new List<int> { 1, 2, 3, 4, 5, 6 }, 2, 3).shape);
        Assert.Throws<ArgumentException>(() => tensor(new List<float> { 1, 2 }, 3, 3));
        Tensor implicitly = 2.5f;
        Assert.Equal(2.5f, implicitly.item<float>());
    }

    [Fact]
    public void LikeAnother_TensorsMade_TakeItsShapeAndType()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor template = zeros([2, 3], float64);
        Assert.Equal((ScalarType.Float64, 6f), (ones_like(template).dtype, ones_like(template).sum().ToSingle()));
        Assert.Equal(ScalarType.Int64, zeros_like(template, int64).dtype);
        Assert.Equal(12, full_like(template, 2).sum().ToDouble());
        Assert.Equal([2L, 3], rand_like(template).shape);
    }

    [Fact]
    public void Properties_OfAView_DescribeIt()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor matrix = arange(12.0f).view(3, 4);
        Tensor part = matrix.narrow(0, 1, 2).t();
        Assert.Equal([4L, 2], part.shape);
        Assert.Equal([1L, 4], part.stride());
        Assert.Equal(4, part.storage_offset());
        Assert.False(part.is_contiguous());
        Assert.True(part.contiguous().is_contiguous());
        Assert.Equal((2L, 2L, 8L, 8L), (part.ndim, part.dim(), part.numel(), part.NumberOfElements));
        Assert.Equal((2L, 2L, 4L), (part.size(1), part.size(-1), part.element_size()));
        Assert.Equal(DeviceType.CPU, part.device_type);
        Assert.Equal("cpu", part.device.ToString());
        Assert.True(part.is_floating_point());
    }

    [Fact]
    public void To_AnotherType_ConvertsValues()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = tensor(new float[] { -1.7f, 0, 2.9f });
        Assert.Equal([-1L, 0, 2], x.to(int64).data<long>().ToArray());
        Assert.Equal([true, false, true], x.@bool().data<bool>().ToArray());
        Assert.Equal(ScalarType.Float64, x.@double().dtype);
        Assert.Equal(ScalarType.Int32, x.to_type(int32).dtype);
        Assert.Equal(ScalarType.Float32, x.cpu().dtype);
        Assert.Equal(ScalarType.Float64, x.to(zeros(1, float64)).dtype);
        Assert.Equal(ScalarType.Float16, x.half().dtype);
        Assert.Equal(0.5f, tensor(0.5f).half().item<float>());
        Assert.Equal(0.5f, tensor(0.5f).bfloat16().item<float>());
    }

    [Fact]
    public void Operators_TensorsAndNumbers_ComputeElementByElement()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = tensor(new float[] { 1, 2, 4 }), y = tensor(new float[] { 2, 2, 2 });
        Engine.AssertClose([3, 4, 6], x + y);
        Engine.AssertClose([-1, 0, 2], x - y);
        Engine.AssertClose([2, 4, 8], x * y);
        Engine.AssertClose([0.5f, 1, 2], x / y);
        Engine.AssertClose([1, 0, 0], x % y);
        Engine.AssertClose([-1, -2, -4], -x);
        Engine.AssertClose([2, 3, 5], x + 1);
        Engine.AssertClose([0.5f, 1.5f, 3.5f], x - 0.5f);
        Engine.AssertClose([9, 8, 6], 10 - x);
        Engine.AssertClose([8, 4, 2], 8.0 / x);
        Engine.AssertClose([2, 4, 8], 2L * x);
        Assert.Equal(ScalarType.Float32, (x * 2.0).dtype);
        Assert.Equal(ScalarType.Float32, (arange(3) * 0.5).dtype);
        Assert.Equal(ScalarType.Int64, (arange(3) * 2).dtype);
    }

    [Fact]
    public void InPlace_Operations_ReturnTheTensorItself()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = ones(3);
        Assert.Same(x, x.add_(1));
        Assert.Same(x, x.mul_(3).sub_(1).div_(5));
        Engine.AssertClose([1, 1, 1], x);
        x.add_(tensor(new float[] { 1, 2, 3 }), alpha: 2).neg_().abs_().sqrt_();
        Engine.AssertClose([MathF.Sqrt(3), MathF.Sqrt(5), MathF.Sqrt(7)], x);
        x.zero_().fill_(2).copy_(full(3, 4f)).pow_(2).clamp_(0, 10);
        Engine.AssertClose([10, 10, 10], x);
        x.addcmul_(ones(3), ones(3), -4).addcdiv_(ones(3), full(3, 2f), 2).lerp_(zeros(3), full(3, 0.5f));
        Engine.AssertClose([3.5f, 3.5f, 3.5f], x);
    }

    [Fact]
    public void Comparison_TensorsAndNumbers_GiveTruthValues()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = tensor(new float[] { 1, 2, 3 });
        Assert.Equal([false, true, false], (x == tensor(new float[] { 0, 2, 4 })).data<bool>().ToArray());
        Assert.Equal([false, true, true], x.ge(2).data<bool>().ToArray());
        Assert.Equal([true, false, false], (x < (Scalar)2).data<bool>().ToArray());
        Assert.Equal([true, false, true], (x != (Scalar)2).data<bool>().ToArray());
        Assert.Equal([false, true, false], (x.gt(1) & x.lt(3)).data<bool>().ToArray());
        Assert.Equal([true, false, true], x.eq(2).logical_not().data<bool>().ToArray());
        Assert.True(x.Equals(x.clone()));
        Assert.False(x.Equals(x + 1));
        Assert.True(x.allclose(x + 1e-9f));
        Assert.Equal([true, false], tensor(new float[] { float.NaN, 1 }).isnan().data<bool>().ToArray());
        Assert.Equal([false, true], tensor(new float[] { float.PositiveInfinity, 1 }).isfinite().data<bool>().ToArray());
    }

    [Fact]
    public void ClampAndExtremes_BoundsGiven_AreKept()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = tensor(new float[] { -2, 0, 5 });
        Engine.AssertClose([-1, 0, 1], x.clamp(-1, 1));
        Engine.AssertClose([-2, 0, 1], x.clamp(max: (Scalar)1));
        Engine.AssertClose([0, 0, 5], x.clamp_min(0));
        Engine.AssertClose([-2, 0, 3], x.minimum(full(3, 3f)));
        Engine.AssertClose([3, 3, 5], maximum(x, full(3, 3f)));
        Engine.AssertClose([2, 3, -2], div(tensor(new float[] { 7, 9, -5 }), tensor(new float[] { 3, 3, 3 }), RoundingMode.floor));
    }

    [Fact]
    public void ExtensionMethods_OfAOneElementTensor_Convert()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = tensor(3.75);
        Assert.Equal((3.75f, 3.75, 3, 3L, true), (x.ToSingle(), x.ToDouble(), x.ToInt32(), x.ToInt64(), x.ToBoolean()));
        Assert.Equal(3.75f, (float)x);
        Assert.Equal(ScalarType.Float64, x.ToScalar().Type);
    }

    [Fact]
    public void Text_OfATensor_DescribesIt()
    {
        using DisposeScope scope = NewDisposeScope();
        Assert.Equal("[2x3], type = Float32, device = cpu", zeros(2, 3).ToString());
        Assert.Contains("1", ones(2).str(), StringComparison.Ordinal);
    }

    [Fact]
    public void DefaultType_Changed_HoldsForNewTensors()
    {
        ScalarType before = get_default_dtype();
        try
        {
            set_default_dtype(float64);
            Assert.Equal(ScalarType.Float64, zeros(1).dtype);
        }
        finally
        {
            set_default_dtype(before);
        }
    }

    [Fact]
    public void Device_Descriptions_AreUnderstood()
    {
        Assert.Equal(DeviceType.CPU, device("cpu").type);
        Assert.Equal((DeviceType.CUDA, 1), (device("cuda:1").type, device("cuda:1").index));
        Assert.Equal(DeviceType.CPU, ((Device)"cpu").type);
        Assert.Throws<ArgumentException>(() => device("toaster"));
    }

    [Fact]
    public void Cuda_OnTheBindingToTheSystemsLibtorch_IsAbsent()
    {
        Engine.RequireSystem();
        Assert.False(cuda.is_available());
        Assert.Equal(0, cuda.device_count());
        Assert.Throws<InvalidOperationException>(() => ones(1).cuda());
        Assert.StartsWith("1.", __version__, StringComparison.Ordinal);
    }

    [Fact]
    public void Threads_NumberSet_IsReadBack()
    {
        int before = get_num_threads();
        set_num_threads(2);
        Assert.Equal(2, get_num_threads());
        set_num_threads(before);
        Assert.Equal(before, get_num_threads());
    }
}
