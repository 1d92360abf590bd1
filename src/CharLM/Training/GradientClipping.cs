using CharLM.Models;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Training;

/// <summary>
/// Gradient clipping (<see cref="ClippingKind"/>). As in the books, all gradients g become g * min(1, theta / ||g||), with the norm
/// over all of them together (Dive into Deep Learning v0.17, 8.5.5).
/// </summary>
/// <remarks>
/// torch's own clip_grad_norm_ adds 1e-6 to the norm before dividing. That vanishes in float32, but in float64 it would make the same
/// model train differently in different implementations.
/// </remarks>
internal static class GradientClipping
{
    /// <summary>Clips all gradients to a bound.</summary>
    /// <param name="parameters">The parameters; those without a gradient and frozen ones are skipped and do not count in the norm.</param>
    /// <param name="bound">The bound; 0 never clips.</param>
    /// <param name="kind">The kind of clipping.</param>
    /// <returns>The norm before clipping.</returns>
    public static double Clip(IEnumerable<Parameter> parameters, double bound, ClippingKind kind)
    {
        using IDisposable unrecorded = no_grad();
        using DisposeScope scope = NewDisposeScope();
        List<Tensor> gradients = [.. parameters.Where(parameter => parameter.requires_grad).Select(parameter => parameter.grad)
            .OfType<Tensor>()];
        if (gradients.Count == 0)
            return 0;
        double norm = FloatArray.ValueOf(stack(gradients.Select(gradient => gradient.square().sum())).sum().sqrt());
        if (kind == ClippingKind.Value && bound > 0)
        {
            using Scalar low = -bound, high = bound;
            foreach (Tensor gradient in gradients)
                gradient.clamp_(low, high);
        }
        else if (Factor(norm, bound, kind) is var factor && factor != 1)
        {
            using Scalar scale = factor;
            foreach (Tensor gradient in gradients)
                gradient.mul_(scale);
        }
        return norm;
    }

    /// <summary>The factor for gradients with a norm; 1 for <see cref="ClippingKind.Value"/>, which clips each value.</summary>
    public static double Factor(double norm, double bound, ClippingKind kind) => kind switch
    {
        ClippingKind.Norm when bound > 0 && norm > bound => bound / norm,
        ClippingKind.Rescale when bound > 0 && norm > 0 => bound / norm,
        _ => 1,
    };
}

/// <summary>How gradients are clipped to a bound before they change the weights.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum ClippingKind
{
    /// <summary>
    /// All become g * min(1, bound / ||g||), with the norm over all of them together: keeps the direction (Pascanu et al. 2013).
    /// </summary>
    Norm,

    /// <summary>Each value is clipped to ±bound: changes the direction (Mikolov 2012).</summary>
    Value,

    /// <summary>All become g * bound / ||g||, even short ones: the gradient of every step has the same norm.</summary>
    Rescale,
}
