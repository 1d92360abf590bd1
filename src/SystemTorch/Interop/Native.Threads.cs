using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

// native/threads.cpp
internal static unsafe partial class Native
{
    [DllImport(Library)] internal static extern int st_get_num_threads();
    [DllImport(Library)] internal static extern int st_set_num_threads(int threads);
    [DllImport(Library)] internal static extern int st_get_num_interop_threads();
    [DllImport(Library)] internal static extern int st_set_num_interop_threads(int threads);
}
