using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

// native/reductions.cpp
internal static unsafe partial class Native
{
    [DllImport(Library)] internal static extern nint st_sum(nint self, int dtype);
    [DllImport(Library)] internal static extern nint st_mean(nint self, int dtype);
    [DllImport(Library)] internal static extern nint st_prod(nint self, int dtype);
    [DllImport(Library)] internal static extern nint st_sum_dims(nint self, long* dims, int count, bool keepdim, int dtype);
    [DllImport(Library)] internal static extern nint st_mean_dims(nint self, long* dims, int count, bool keepdim, int dtype);
    [DllImport(Library)] internal static extern nint st_prod_dim(nint self, long dim, bool keepdim, int dtype);
    [DllImport(Library)] internal static extern nint st_cumsum(nint self, long dim, int dtype);
    [DllImport(Library)] internal static extern nint st_cumprod(nint self, long dim, int dtype);
    [DllImport(Library)] internal static extern nint st_logcumsumexp(nint self, long dim);
    [DllImport(Library)] internal static extern nint st_logsumexp(nint self, long dim, bool keepdim);
    [DllImport(Library)] internal static extern nint st_norm(nint self, double p);
    [DllImport(Library)] internal static extern nint st_norm_dim(nint self, long dim, bool keepdim, double p);
    [DllImport(Library)] internal static extern nint st_var(nint self, bool unbiased);
    [DllImport(Library)] internal static extern nint st_var_dims(nint self, long* dims, int count, bool unbiased, bool keepdim);
    [DllImport(Library)] internal static extern nint st_std(nint self, bool unbiased);
    [DllImport(Library)] internal static extern nint st_std_dims(nint self, long* dims, int count, bool unbiased, bool keepdim);
    [DllImport(Library)] internal static extern int st_var_mean(nint self, bool unbiased, nint* results);
    [DllImport(Library)] internal static extern int st_var_mean_dims(nint self, long* dims, int count, bool unbiased, bool keepdim, nint* results);
    [DllImport(Library)] internal static extern int st_std_mean(nint self, bool unbiased, nint* results);
    [DllImport(Library)] internal static extern int st_std_mean_dims(nint self, long* dims, int count, bool unbiased, bool keepdim, nint* results);
    [DllImport(Library)] internal static extern nint st_max(nint self);
    [DllImport(Library)] internal static extern nint st_min(nint self);
    [DllImport(Library)] internal static extern nint st_median(nint self);
    [DllImport(Library)] internal static extern int st_max_dim(nint self, long dim, bool keepdim, nint* results);
    [DllImport(Library)] internal static extern int st_min_dim(nint self, long dim, bool keepdim, nint* results);
    [DllImport(Library)] internal static extern nint st_amax(nint self, long* dims, int count, bool keepdim);
    [DllImport(Library)] internal static extern nint st_amin(nint self, long* dims, int count, bool keepdim);
    [DllImport(Library)] internal static extern nint st_argmax(nint self);
    [DllImport(Library)] internal static extern nint st_argmin(nint self);
    [DllImport(Library)] internal static extern nint st_argmax_dim(nint self, long dim, bool keepdim);
    [DllImport(Library)] internal static extern nint st_argmin_dim(nint self, long dim, bool keepdim);
    [DllImport(Library)] internal static extern int st_topk(nint self, long k, long dim, bool largest, bool sorted, nint* results);
    [DllImport(Library)] internal static extern int st_sort(nint self, long dim, bool descending, bool stable, nint* results);
    [DllImport(Library)] internal static extern nint st_argsort(nint self, long dim, bool descending);
    [DllImport(Library)] internal static extern nint st_all(nint self);
    [DllImport(Library)] internal static extern nint st_any(nint self);
    [DllImport(Library)] internal static extern nint st_all_dim(nint self, long dim, bool keepdim);
    [DllImport(Library)] internal static extern nint st_any_dim(nint self, long dim, bool keepdim);
    [DllImport(Library)] internal static extern nint st_count_nonzero(nint self, long* dims, int count);
    [DllImport(Library)] internal static extern nint st_bincount(nint self, nint weights, long minlength);
    [DllImport(Library)] internal static extern int st_unique(nint self, bool sorted, bool inverse, bool counts, long dim, bool hasDim, nint* results);
}
