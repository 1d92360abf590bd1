using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

// native/tensor.cpp
internal static unsafe partial class Native
{
    [DllImport(Library)] internal static extern void st_tensor_delete(nint self);
    [DllImport(Library)] internal static extern nint st_alias(nint self);
    [DllImport(Library), SuppressGCTransition] internal static extern long st_dim(nint self);
    [DllImport(Library), SuppressGCTransition] internal static extern long st_numel(nint self);
    [DllImport(Library), SuppressGCTransition] internal static extern long st_element_size(nint self);
    [DllImport(Library), SuppressGCTransition] internal static extern int st_dtype(nint self);
    [DllImport(Library), SuppressGCTransition] internal static extern int st_device_type(nint self);
    [DllImport(Library), SuppressGCTransition] internal static extern int st_device_index(nint self);
    [DllImport(Library), SuppressGCTransition] internal static extern bool st_is_contiguous(nint self);
    [DllImport(Library), SuppressGCTransition] internal static extern bool st_is_sparse(nint self);
    [DllImport(Library), SuppressGCTransition] internal static extern bool st_requires_grad(nint self);
    [DllImport(Library), SuppressGCTransition] internal static extern bool st_is_leaf(nint self);
    [DllImport(Library), SuppressGCTransition] internal static extern long st_storage_offset(nint self);
    [DllImport(Library), SuppressGCTransition] internal static extern void st_sizes(nint self, long* sizes);
    [DllImport(Library), SuppressGCTransition] internal static extern void st_strides(nint self, long* strides);
    [DllImport(Library)] internal static extern int st_data(nint self, void** data);
    [DllImport(Library)] internal static extern int st_item(nint self, Number* number);
    [DllImport(Library)] internal static extern int st_is_nonzero(nint self, bool* result);
    [DllImport(Library)] internal static extern nint st_to(nint self, int dtype, int deviceType, int deviceIndex, bool copy, bool nonBlocking);
    [DllImport(Library)] internal static extern nint st_clone(nint self);
    [DllImport(Library)] internal static extern nint st_contiguous(nint self);
    [DllImport(Library)] internal static extern nint st_detach(nint self);
    [DllImport(Library)] internal static extern int st_detach_(nint self);
    [DllImport(Library)] internal static extern int st_copy_(nint self, nint source, bool nonBlocking);
    [DllImport(Library)] internal static extern int st_set_(nint self, nint source);
    [DllImport(Library)] internal static extern int st_fill_(nint self, Number value);
    [DllImport(Library)] internal static extern int st_zero_(nint self);
}
