using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

// native/shapes.cpp
internal static unsafe partial class Native
{
    [DllImport(Library)] internal static extern nint st_view(nint self, long* dims, int count);
    [DllImport(Library)] internal static extern nint st_reshape(nint self, long* dims, int count);
    [DllImport(Library)] internal static extern nint st_permute(nint self, long* dims, int count);
    [DllImport(Library)] internal static extern nint st_repeat(nint self, long* dims, int count);
    [DllImport(Library)] internal static extern nint st_flip(nint self, long* dims, int count);
    [DllImport(Library)] internal static extern nint st_tile(nint self, long* dims, int count);
    [DllImport(Library)] internal static extern nint st_expand(nint self, long* sizes, int count, bool isImplicit);
    [DllImport(Library)] internal static extern nint st_expand_as(nint self, nint other);
    [DllImport(Library)] internal static extern nint st_view_as(nint self, nint other);
    [DllImport(Library)] internal static extern nint st_t(nint self);
    [DllImport(Library)] internal static extern nint st_numpy_T(nint self);
    [DllImport(Library)] internal static extern nint st_flatten(nint self, long startDim, long endDim);
    [DllImport(Library)] internal static extern nint st_unflatten(nint self, long dim, long* sizes, int count);
    [DllImport(Library)] internal static extern nint st_squeeze(nint self);
    [DllImport(Library)] internal static extern nint st_squeeze_dim(nint self, long dim);
    [DllImport(Library)] internal static extern int st_squeeze_(nint self);
    [DllImport(Library)] internal static extern int st_squeeze_dim_(nint self, long dim);
    [DllImport(Library)] internal static extern nint st_unsqueeze(nint self, long dim);
    [DllImport(Library)] internal static extern int st_unsqueeze_(nint self, long dim);
    [DllImport(Library)] internal static extern nint st_transpose(nint self, long dim0, long dim1);
    [DllImport(Library)] internal static extern int st_transpose_(nint self, long dim0, long dim1);
    [DllImport(Library)] internal static extern nint st_movedim(nint self, long* source, long* destination, int count);
    [DllImport(Library)] internal static extern nint st_as_strided(nint self, long* sizes, long* strides, int count, long offset);
    [DllImport(Library)] internal static extern nint st_unfold(nint self, long dim, long size, long step);
    [DllImport(Library)] internal static extern nint st_narrow(nint self, long dim, long start, long length);
    [DllImport(Library)] internal static extern nint st_slice(nint self, long dim, long start, long finish, long step);
    [DllImport(Library)] internal static extern nint st_select(nint self, long dim, long index);
    [DllImport(Library)] internal static extern nint st_roll(nint self, long* shifts, int shiftCount, long* dims, int dimCount);
    [DllImport(Library)] internal static extern nint st_repeat_interleave(nint self, nint repeats, long* dim, long* outputSize);
    [DllImport(Library)] internal static extern nint st_repeat_interleave_number(nint self, long repeats, long* dim, long* outputSize);
    [DllImport(Library)] internal static extern nint st_diagonal(nint self, long offset, long dim1, long dim2);
    [DllImport(Library)] internal static extern nint st_diag(nint self, long diagonal);
    [DllImport(Library)] internal static extern nint st_tril(nint self, long diagonal);
    [DllImport(Library)] internal static extern nint st_triu(nint self, long diagonal);
    [DllImport(Library)] internal static extern int st_tril_(nint self, long diagonal);
    [DllImport(Library)] internal static extern int st_triu_(nint self, long diagonal);
    [DllImport(Library)] internal static extern nint st_cat(nint* tensors, int count, long dim);
    [DllImport(Library)] internal static extern nint st_stack(nint* tensors, int count, long dim);
    [DllImport(Library)] internal static extern nint st_hstack(nint* tensors, int count);
    [DllImport(Library)] internal static extern nint st_vstack(nint* tensors, int count);
    [DllImport(Library)] internal static extern nint st_dstack(nint* tensors, int count);
    [DllImport(Library)] internal static extern nint st_column_stack(nint* tensors, int count);
    [DllImport(Library)] internal static extern int st_chunk(nint self, long chunks, long dim, nint** results, int* count);
    [DllImport(Library)] internal static extern int st_split(nint self, long size, long dim, nint** results, int* count);
    [DllImport(Library)] internal static extern int st_split_sizes(nint self, long* sizes, int sizeCount, long dim, nint** results, int* count);
    [DllImport(Library)] internal static extern int st_unbind(nint self, long dim, nint** results, int* count);
}
