using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

// native/system.cpp
internal static unsafe partial class Native
{
    [DllImport(Library)] internal static extern byte* st_version();
    [DllImport(Library), SuppressGCTransition] internal static extern int st_get_default_dtype();
    [DllImport(Library)] internal static extern int st_set_default_dtype(int dtype);
    [DllImport(Library)] internal static extern int st_promote_types(int first, int second);
    [DllImport(Library)] internal static extern int st_result_type(nint first, nint second, int* result);
}
