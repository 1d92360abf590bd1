using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

// native/autograd.cpp
internal static unsafe partial class Native
{
    [DllImport(Library), SuppressGCTransition] internal static extern bool st_is_grad_enabled();
    [DllImport(Library), SuppressGCTransition] internal static extern void st_set_grad_enabled(bool enabled);
    [DllImport(Library)] internal static extern bool st_is_inference_mode();
    [DllImport(Library)] internal static extern void* st_inference_mode_enter(bool enabled);
    [DllImport(Library)] internal static extern void st_inference_mode_leave(void* guard);
    [DllImport(Library)] internal static extern int st_set_requires_grad(nint self, bool requiresGrad);
    [DllImport(Library)] internal static extern int st_retain_grad(nint self);
    [DllImport(Library)] internal static extern int st_grad(nint self, nint* result);
    [DllImport(Library)] internal static extern int st_set_grad(nint self, nint grad);
    [DllImport(Library)] internal static extern int st_backward(nint* tensors, int tensorCount, nint* grads, int gradCount, bool retainGraph, bool createGraph, nint* inputs, int inputCount);
    [DllImport(Library)] internal static extern int st_autograd_grad(nint* outputs, int outputCount, nint* inputs, int inputCount, nint* gradOutputs, int gradCount, bool retainGraph, bool createGraph, bool allowUnused, nint* results);
}
