namespace CharLM.Workbench.Gradients;

/// <summary>How much of a loss's gradient is left, step after step back in time.</summary>
/// <param name="Layer">Which recurrent layer, from 0.</param>
/// <param name="State">Which state of it: hidden, or the cell state of an LSTM.</param>
/// <param name="Norms">
/// The norm of the gradient with respect to the state 1, 2, 3 and so on steps before the loss, mean over rows.
/// </param>
public sealed record FlowCurve(int Layer, string State, IReadOnlyList<double> Norms)
{
    /// <summary>
    /// Gradients are computed in float32, which ends at 1e-38: the values that make a smaller norm, and the products on their way,
    /// have lost digits or are zero.
    /// </summary>
    public const double LeastNorm = 1e-30;

    /// <summary>The same upwards: float32 ends at 3e38.</summary>
    public const double GreatestNorm = 1e30;

    /// <summary>How many steps back float32 holds the gradient, from the first on: norms of 1e-30 to 1e30.</summary>
    public int Reach => Norms.TakeWhile(norm => norm is >= LeastNorm and <= GreatestNorm).Count();

    /// <summary>
    /// What the gradient is multiplied by at each step on the way back, a geometric mean over the steps within <see cref="Reach"/>:
    /// below 1 it vanishes, above it explodes. NaN when that is fewer than 2.
    /// </summary>
    public double RatePerStep => Reach < 2 ? double.NaN : Math.Pow(Norms[Reach - 1] / Norms[0], 1.0 / (Reach - 1));
}
