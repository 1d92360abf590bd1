using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

// native/creation.cpp
internal static unsafe partial class Native
{
    [DllImport(Library)] internal static extern nint st_empty(long* sizes, int count, Options options);
    [DllImport(Library)] internal static extern nint st_zeros(long* sizes, int count, Options options);
    [DllImport(Library)] internal static extern nint st_ones(long* sizes, int count, Options options);
    [DllImport(Library)] internal static extern nint st_empty_like(nint self, Options options);
    [DllImport(Library)] internal static extern nint st_zeros_like(nint self, Options options);
    [DllImport(Library)] internal static extern nint st_ones_like(nint self, Options options);
    [DllImport(Library)] internal static extern nint st_rand_like(nint self, Options options);
    [DllImport(Library)] internal static extern nint st_randn_like(nint self, Options options);
    [DllImport(Library)] internal static extern nint st_rand(long* sizes, int count, nint generator, Options options);
    [DllImport(Library)] internal static extern nint st_randn(long* sizes, int count, nint generator, Options options);
    [DllImport(Library)] internal static extern nint st_empty_strided(long* sizes, long* strides, int count, Options options);
    [DllImport(Library)] internal static extern nint st_full(long* sizes, int count, Number value, Options options);
    [DllImport(Library)] internal static extern nint st_full_like(nint self, Number value, Options options);
    [DllImport(Library)] internal static extern nint st_arange(Number start, Number stop, Number step, Options options);
    [DllImport(Library)] internal static extern nint st_linspace(double start, double end, long steps, Options options);
    [DllImport(Library)] internal static extern nint st_eye(long rows, long columns, Options options);
    [DllImport(Library)] internal static extern nint st_randint(long low, long high, long* sizes, int count, nint generator, Options options);
    [DllImport(Library)] internal static extern nint st_randint_like(nint self, long low, long high, Options options);
    [DllImport(Library)] internal static extern nint st_randperm(long n, nint generator, Options options);
    [DllImport(Library)] internal static extern nint st_from_memory(void* data, long* sizes, int count, Options options, void* release, void* context);
    [DllImport(Library)] internal static extern nint st_copy_memory(void* data, long* sizes, int count, int sourceDtype, Options options);
}
