using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Training;

/// <summary>
/// Gradient clipping as the books have it: all gradients g become g * min(1, theta / ||g||), with the norm over all of
/// them together (Dive into Deep Learning v0.17, 8.5.5).
/// </summary>
/// <remarks>
/// torch's own clip_grad_norm_ adds 1e-6 to the norm before it divides. That is lost in float32, but not in float64,
/// where it would make the same model learn differently from one implementation to the next.
/// </remarks>
internal static class GradientClipping
{
    /// <summary>Scales all gradients down together when their norm exceeds a bound.</summary>
    /// <param name="parameters">Those without a gradient are passed over.</param>
    /// <param name="maxNorm">The bound; 0 never clips.</param>
    /// <returns>The norm before clipping.</returns>
    public static double Clip(IEnumerable<Parameter> parameters, double maxNorm)
    {
        using IDisposable unrecorded = no_grad();
        using DisposeScope scope = NewDisposeScope();
        List<Tensor> gradients = [.. parameters.Select(parameter => parameter.grad).OfType<Tensor>()];
        if (gradients.Count == 0)
            return 0;
        double norm = stack(gradients.Select(gradient => gradient.square().sum())).sum().sqrt().ToDouble();
        if (maxNorm > 0 && norm > maxNorm)
        {
            foreach (Tensor gradient in gradients)
                gradient.mul_(maxNorm / norm);
        }
        return norm;
    }
}
