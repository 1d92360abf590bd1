namespace CharLM.Gradients;

/// <summary>How much of a loss's gradient is left, step after step back in time.</summary>
/// <param name="Layer">Which recurrent layer, from 0.</param>
/// <param name="State">Which state of it: hidden, or the cell state of an LSTM.</param>
/// <param name="Norms">
/// The norm of the gradient with respect to the state 1, 2, 3 and so on steps before the loss, mean over rows.
/// </param>
public sealed record FlowCurve(int Layer, string State, IReadOnlyList<double> Norms)
{
    /// <summary>
    /// What the gradient is multiplied by at each step on the way back, a geometric mean over all of them: below 1 it vanishes,
    /// above it explodes. NaN when an end of the curve is zero or not finite.
    /// </summary>
    public double RatePerStep => Norms.Count < 2 ? double.NaN
        : Norms[^1] > 0 && Norms[0] > 0 && double.IsFinite(Norms[^1]) ? Math.Pow(Norms[^1] / Norms[0], 1.0 / (Norms.Count - 1)) : double.NaN;
}
