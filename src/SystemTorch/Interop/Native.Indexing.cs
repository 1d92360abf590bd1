using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

// native/indexing.cpp
internal static unsafe partial class Native
{
    [DllImport(Library)] internal static extern nint st_index(nint self, IndexItem* items, int count);
    [DllImport(Library)] internal static extern int st_index_put_(nint self, IndexItem* items, int count, nint value);
    [DllImport(Library)] internal static extern int st_index_put__number(nint self, IndexItem* items, int count, Number value);
    [DllImport(Library)] internal static extern int st_index_put_tensors_(nint self, nint* indices, int count, nint value, bool accumulate);
    [DllImport(Library)] internal static extern nint st_index_select(nint self, long dim, nint index);
    [DllImport(Library)] internal static extern nint st_index_add(nint self, long dim, nint index, nint source, Number alpha);
    [DllImport(Library)] internal static extern int st_index_add_(nint self, long dim, nint index, nint source, Number alpha);
    [DllImport(Library)] internal static extern nint st_index_fill(nint self, long dim, nint index, Number value);
    [DllImport(Library)] internal static extern int st_index_fill_(nint self, long dim, nint index, Number value);
    [DllImport(Library)] internal static extern nint st_index_copy(nint self, long dim, nint index, nint source);
    [DllImport(Library)] internal static extern int st_index_copy_(nint self, long dim, nint index, nint source);
    [DllImport(Library)] internal static extern nint st_scatter(nint self, long dim, nint index, nint source);
    [DllImport(Library)] internal static extern int st_scatter_(nint self, long dim, nint index, nint source);
    [DllImport(Library)] internal static extern nint st_scatter_add(nint self, long dim, nint index, nint source);
    [DllImport(Library)] internal static extern int st_scatter_add_(nint self, long dim, nint index, nint source);
    [DllImport(Library)] internal static extern nint st_gather(nint self, long dim, nint index, bool sparseGrad);
    [DllImport(Library)] internal static extern nint st_take_along_dim(nint self, nint indices, long dim);
    [DllImport(Library)] internal static extern nint st_masked_fill(nint self, nint mask, Number value);
    [DllImport(Library)] internal static extern int st_masked_fill_(nint self, nint mask, Number value);
    [DllImport(Library)] internal static extern nint st_masked_select(nint self, nint other);
    [DllImport(Library)] internal static extern nint st_take(nint self, nint other);
    [DllImport(Library)] internal static extern nint st_nonzero(nint self);
    [DllImport(Library)] internal static extern int st_where_condition(nint condition, nint** results, int* count);
    [DllImport(Library)] internal static extern nint st_one_hot(nint self, long numClasses);
    [DllImport(Library)] internal static extern int st_put_(nint self, nint positions, nint source, bool accumulate);
}
