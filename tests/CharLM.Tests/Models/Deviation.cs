using TorchSharp.Utils;
using static TorchSharp.torch;

namespace CharLM.Tests.Models;

/// <summary>
/// The deviation of values from their references: the greatest difference within a tensor, relative to its greatest magnitude. (Element
/// by element, a gradient that nearly cancels to zero would have no correct digit in float32.)
/// </summary>
internal sealed class Deviation(double tolerance)
{
    /// <summary>The greatest deviation of all comparisons.</summary>
    public double Greatest { get; private set; }

    /// <summary>Where it occurred.</summary>
    public string Where { get; private set; } = "";

    public void Compare(string what, double expected, double actual) => Compare(what, [expected], [actual]);

    public void Compare(string what, GoldenTensor expected, Tensor actual)
    {
        Assert.Equal(expected.Shape, actual.shape);
        using Tensor wide = actual.detach().to_type(ScalarType.Float64).contiguous();
        using TensorAccessor<double> values = wide.data<double>();
        Compare(what, expected.Data, values.ToArray());
    }

    private void Compare(string what, double[] expected, double[] actual)
    {
        double magnitude = expected.Max(Math.Abs);
        double difference = expected.Zip(actual, (e, a) => Math.Abs(a - e)).Aggregate(Math.Max); // Math.Max keeps NaN, unlike LINQ's Max
        double relative = difference == 0 ? 0 : difference / magnitude;
        Assert.True(relative <= tolerance, $"{what} deviates by {relative:g3}, more than {tolerance:g3}");
        if (relative > Greatest)
            (Greatest, Where) = (relative, what);
    }
}
