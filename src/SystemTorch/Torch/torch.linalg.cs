using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>Decompositions of matrices.</summary>
    public static class linalg
    {
        /// <summary>The eigenvalues of a square matrix, complex and in no order.</summary>
        public static Tensor eigvals(Tensor input) => Tensor.Make(Native.st_linalg_eigvals(input.Handle), input);

        /// <summary>The singular values of a matrix, the greatest first.</summary>
        public static Tensor svdvals(Tensor input) => Tensor.Make(Native.st_linalg_svdvals(input.Handle), input);
    }

    /// <summary>A complex tensor as a real one whose last dimension holds real and imaginary parts; the memory is shared.</summary>
    public static Tensor view_as_real(Tensor input) => input.view_as_real();
}
