using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

// native/autograd_function.cpp
internal static unsafe partial class Native
{
    [DllImport(Library)] internal static extern nint st_node_new(byte* name, ManagedCallbacks callbacks, void* context, nint* inputs, int count, bool* executable);
    [DllImport(Library)] internal static extern void st_node_delete(nint node);
    [DllImport(Library)] internal static extern void* st_node_address(nint node);
    [DllImport(Library)] internal static extern int st_node_settings(nint handle, nint* toSave, int saveCount, nint* dirty, int dirtyCount, nint* nonDifferentiable, int nonDifferentiableCount, bool materializeGrads);
    [DllImport(Library)] internal static extern int st_node_wrap_outputs(nint handle, nint* inputs, int inputCount, nint* outputs, int outputCount, bool executable, nint* results);
    [DllImport(Library)] internal static extern int st_node_saved_variables(void* address, nint** results, int* count);
}
