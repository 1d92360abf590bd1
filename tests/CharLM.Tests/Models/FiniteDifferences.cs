using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace CharLM.Tests.Models;

/// <summary>Compares gradients with central differences, in float64.</summary>
internal static class FiniteDifferences
{
    private const double Step = 1e-6, Tolerance = 1e-7;

    /// <summary>Moves every element of every tensor slightly up and down, and compares the change of the loss with its gradient.</summary>
    /// <param name="loss">Computes the loss from the current tensors.</param>
    /// <param name="tensors">Leaves of type float64 that require gradients.</param>
    public static void Check(Func<Tensor> loss, IReadOnlyDictionary<string, Tensor> tensors)
    {
        loss().backward();
        var gradients = tensors.ToDictionary(
            entry => entry.Key, entry => Values(entry.Value.grad ?? throw new InvalidOperationException($"{entry.Key} has no gradient")));
        using IDisposable unrecorded = no_grad();
        foreach ((string name, Tensor leaf) in tensors)
        {
            using Tensor flat = leaf.view(-1);
            for (int i = 0; i < flat.shape[0]; i++)
            {
                using Tensor place = flat.narrow(0, i, 1);
                place.add_(Step);
                double above = loss().ToDouble();
                place.sub_(2 * Step);
                double below = loss().ToDouble();
                place.add_(Step);
                double difference = (above - below) / (2 * Step);
                Assert.True(Math.Abs(difference - gradients[name][i]) <= Tolerance * Math.Max(1, Math.Abs(difference)),
                    $"{name}[{i}]: gradient {gradients[name][i]}, difference {difference}");
            }
        }
    }

    private static double[] Values(Tensor tensor)
    {
        using Tensor contiguous = tensor.contiguous();
        using TensorAccessor<double> values = contiguous.data<double>();
        return values.ToArray();
    }
}
