using System.Runtime.InteropServices;

namespace SystemTorch.Tests;

/// <summary>Which engine the tests run against, and what tests of both need.</summary>
internal static class Engine
{
    public static bool IsSystem => typeof(torch).Assembly.GetName().Name == "SystemTorch";

    public static void RequireSystem() => Assert.SkipUnless(IsSystem, "this is a promise of the binding to the system's libtorch, and the engine is TorchSharp's packages");

    /// <summary>The live tensors of the process, after the finalizers of what earlier tests left behind.</summary>
    public static long LiveTensors()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Tensor.TotalCount;
    }

    /// <summary>The floats of a tensor, whatever its strides.</summary>
    public static float[] Floats(Tensor tensor) => tensor.detach().data<float>().ToArray();

    public static void AssertClose(float[] expected, Tensor actual, float tolerance = 1e-5f) => AssertClose(expected, Floats(actual), tolerance);

    public static void AssertClose(float[] expected, float[] actual, float tolerance = 1e-5f)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(
                Math.Abs(expected[i] - actual[i]) <= tolerance * Math.Max(1, Math.Abs(expected[i])),
                $"element {i}: expected {expected[i]}, but found {actual[i]}");
        }
    }

    public static void AssertClose(Tensor expected, Tensor actual, double tolerance = 1e-5)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.True(
            actual.allclose(expected, tolerance, tolerance),
            $"expected {expected.str()}, but found {actual.str()}");
    }

    /// <summary>Expects libtorch's own error, with a part of its text.</summary>
    public static ExternalException AssertNativeError(string part, Action action)
    {
        ExternalException error = Assert.Throws<ExternalException>(action);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
        return error;
    }
}
