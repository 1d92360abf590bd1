using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

// native/errors.cpp
internal static unsafe partial class Native
{
    [DllImport(Library)] internal static extern byte* st_last_error();
    [DllImport(Library)] internal static extern void st_free(void* memory);
}
