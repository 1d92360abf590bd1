using System.Numerics;

namespace CharLM.Workbench.Gradients;

/// <summary>What W_hh of one gate does to a vector that it is multiplied with again and again.</summary>
/// <param name="Place">Which layer and direction: l0, l0_reverse, l1 and so on.</param>
/// <param name="Gate">Which gate.</param>
/// <param name="Eigenvalues">Its eigenvalues, the greatest modulus first.</param>
/// <param name="Powers">The exponents 1, 2, 4, 8 and so on, with the spectral norm of that power of W_hh.</param>
public sealed record GateSpectrum(string Place, string Gate, IReadOnlyList<Complex> Eigenvalues, IReadOnlyList<(int Exponent, double Norm)> Powers)
{
    /// <summary>The greatest modulus: in the long run, powers grow or shrink by it at every step.</summary>
    public double Radius => Eigenvalues[0].Magnitude;
}
