using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

// native/linear_algebra.cpp
internal static unsafe partial class Native
{
    [DllImport(Library)] internal static extern nint st_matmul(nint self, nint other);
    [DllImport(Library)] internal static extern nint st_mm(nint self, nint other);
    [DllImport(Library)] internal static extern nint st_bmm(nint self, nint other);
    [DllImport(Library)] internal static extern nint st_mv(nint self, nint other);
    [DllImport(Library)] internal static extern nint st_dot(nint self, nint other);
    [DllImport(Library)] internal static extern nint st_outer(nint self, nint other);
    [DllImport(Library)] internal static extern nint st_addmm(nint self, nint first, nint second, double beta, double alpha);
    [DllImport(Library)] internal static extern int st_addmm_(nint self, nint first, nint second, double beta, double alpha);
    [DllImport(Library)] internal static extern nint st_addmv(nint self, nint first, nint second, double beta, double alpha);
    [DllImport(Library)] internal static extern int st_addmv_(nint self, nint first, nint second, double beta, double alpha);
    [DllImport(Library)] internal static extern nint st_addr(nint self, nint first, nint second, double beta, double alpha);
    [DllImport(Library)] internal static extern int st_addr_(nint self, nint first, nint second, double beta, double alpha);
    [DllImport(Library)] internal static extern nint st_addbmm(nint self, nint first, nint second, double beta, double alpha);
    [DllImport(Library)] internal static extern int st_addbmm_(nint self, nint first, nint second, double beta, double alpha);
    [DllImport(Library)] internal static extern nint st_baddbmm(nint self, nint first, nint second, double beta, double alpha);
    [DllImport(Library)] internal static extern nint st_einsum(byte* equation, nint* tensors, int count);
    [DllImport(Library)] internal static extern nint st_linear(nint input, nint weight, nint bias);
    [DllImport(Library)] internal static extern int st_qr(nint self, nint* results);
    [DllImport(Library)] internal static extern nint st_linalg_eigvals(nint self);
    [DllImport(Library)] internal static extern nint st_linalg_svdvals(nint self);
    [DllImport(Library)] internal static extern nint st_view_as_real(nint self);
}
