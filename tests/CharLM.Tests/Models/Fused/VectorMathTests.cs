using CharLM.Models.Fused.Simd;

namespace CharLM.Tests.Models.Fused;

public sealed unsafe class VectorMathTests
{
    private static float[] Apply<L>(float[] x, int function)
        where L : struct, ISimdVector<L>
    {
        var results = new float[x.Length];
        float* buffer = stackalloc float[L.Count];
        for (int from = 0; from + L.Count <= x.Length; from += L.Count)
        {
            for (int lane = 0; lane < L.Count; lane++)
                buffer[lane] = x[from + lane];
            L value = L.Load(buffer);
            L.Store(function switch { 0 => VectorMath.Exp(value), 1 => VectorMath.Sigmoid(value), _ => VectorMath.Tanh(value) }, buffer);
            for (int lane = 0; lane < L.Count; lane++)
                results[from + lane] = buffer[lane];
        }
        return results;
    }

    private static float[] Compute(LaneWidth width, float[] x, int function) => width switch
    {
        LaneWidth.Wide => Apply<SimdVector512>(x, function),
        LaneWidth.Medium => Apply<SimdVector256>(x, function),
        _ => Apply<SimdVector128>(x, function),
    };

    private static float[] Arguments(double least, double most)
    {
        var random = new Random(1);
        return
        [
            .. Enumerable.Range(0, 16_384).Select(i => (float)(least + ((most - least) * i / 16_384))),
            .. Enumerable.Range(0, 16_384)
                .Select(_ => (float)((random.NextDouble() < 0.5 ? -1 : 1) * Math.Pow(10, (random.NextDouble() * 12) - 10))),
        ];
    }

    public static TheoryData<LaneWidth> Widths => [LaneWidth.Wide, LaneWidth.Medium, LaneWidth.Portable];

    [Theory]
    [MemberData(nameof(Widths))]
    public void Functions_OfWhatIsNotANumber_AreNotNumbers(LaneWidth width) =>
        Assert.All(Enumerable.Range(0, 3), function =>
            Assert.All(Compute(width, [.. Enumerable.Repeat(float.NaN, 16)], function), value => Assert.Equal(float.NaN, value)));

    [Theory]
    [MemberData(nameof(Widths))]
    public void Exp_AnyArgument_IsWithinTwoUnitsInTheLastPlace(LaneWidth width)
    {
        float[] x = Arguments(-87, 88);
        Assert.All(x.Zip(Compute(width, x, 0)), pair =>
            AssertClose(Math.Exp(Math.Clamp(pair.First, -87.3365447504f, 88f)), pair.Second, 2.5e-7, pair.First));
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void Sigmoid_AnyArgument_KeepsItsDigitsAtBothEnds(LaneWidth width)
    {
        float[] x = Arguments(-80, 80);
        Assert.All(x.Zip(Compute(width, x, 1)), pair =>
            AssertClose(1 / (1 + Math.Exp(-(double)pair.First)), pair.Second, 4e-7, pair.First));
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void Tanh_AnyArgument_KeepsItsDigitsNearZero(LaneWidth width)
    {
        float[] x = Arguments(-12, 12);
        Assert.All(x.Zip(Compute(width, x, 2)), pair => AssertClose(Math.Tanh(pair.First), pair.Second, 4e-7, pair.First));
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void All_ExtremeArguments_StayFinite(LaneWidth width)
    {
        float[] x = [.. Enumerable.Repeat(new[] { -1e30f, -1000f, 1000f, 1e30f }, 4).SelectMany(some => some)];
        Assert.All(Compute(width, x, 0), value => Assert.True(float.IsFinite(value)));
        Assert.Equal([0f, 0f, 1f, 1f], Compute(width, x, 1)[..4], (a, b) => Math.Abs(a - b) < 1e-30f);
        Assert.Equal([-1f, -1f, 1f, 1f], Compute(width, x, 2)[..4], (a, b) => Math.Abs(a - b) < 1e-7f);
    }

    private static void AssertClose(double expected, float actual, double relative, float x)
    {
        // Subnormal float32 numbers have fewer digits.
        double allowed = Math.Max(relative * Math.Abs(expected), 1.2e-38);
        Assert.True(Math.Abs(actual - expected) <= allowed, $"at {x:r}: {actual:r}, expected {expected:r}");
    }
}
