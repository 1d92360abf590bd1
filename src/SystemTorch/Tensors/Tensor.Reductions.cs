using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    // Many elements to few: sums, means, extremes, order.
    public unsafe partial class Tensor
    {
        public Tensor sum(ScalarType? type = null) => Make(Native.st_sum(Handle, Code(type)), this);

        public Tensor sum(long dim, bool keepdim = false, ScalarType? type = null) => sum([dim], keepdim, type);

        public Tensor sum(long dim0, long dim1, bool keepdim = false, ScalarType? type = null) => sum([dim0, dim1], keepdim, type);

        public Tensor sum(long dim0, long dim1, long dim2, bool keepdim = false, ScalarType? type = null) => sum([dim0, dim1, dim2], keepdim, type);

        public Tensor sum(long[] dim, bool keepdim = false, ScalarType? type = null) => sum((ReadOnlySpan<long>)dim, keepdim, type);

        public Tensor sum(ReadOnlySpan<long> dim, bool keepdim = false, ScalarType? type = null)
        {
            fixed (long* p = dim)
            {
                return Make(Native.st_sum_dims(Handle, p, dim.Length, keepdim, Code(type)), this);
            }
        }

        public Tensor mean() => Make(Native.st_mean(Handle, -1), this);

        public Tensor mean(long[] dimensions, bool keepdim = false, ScalarType? type = null)
        {
            fixed (long* p = dimensions)
            {
                return Make(Native.st_mean_dims(Handle, p, dimensions.Length, keepdim, Code(type)), this);
            }
        }

        public Tensor prod(ScalarType? type = null) => Make(Native.st_prod(Handle, Code(type)), this);

        public Tensor prod(
            long dim, bool keepdim = false, ScalarType? type = null) => Make(Native.st_prod_dim(Handle, dim, keepdim, Code(type)), this);

        public Tensor cumsum(long dim, ScalarType? type = null) => Make(Native.st_cumsum(Handle, dim, Code(type)), this);

        public Tensor cumprod(long dim, ScalarType? type = null) => Make(Native.st_cumprod(Handle, dim, Code(type)), this);

        public Tensor logcumsumexp(long dim) => Make(Native.st_logcumsumexp(Handle, dim), this);

        public Tensor logsumexp(long dim, bool keepdim = false) => Make(Native.st_logsumexp(Handle, dim, keepdim), this);

        public Tensor norm(float p = 2) => Make(Native.st_norm(Handle, p), this);

        public Tensor norm(int dim, bool keepdim = false, float p = 2) => Make(Native.st_norm_dim(Handle, dim, keepdim, p), this);

        // --- extremes

        public Tensor max() => Make(Native.st_max(Handle), this);

        public Tensor max(Tensor other) => maximum(other);

        public (Tensor values, Tensor indexes) max(long dim, bool keepdim = false)
        {
            nint* results = stackalloc nint[2];
            Done(Native.st_max_dim(Handle, dim, keepdim, results));
            return Pair(results);
        }

        public Tensor min() => Make(Native.st_min(Handle), this);

        public Tensor min(Tensor other) => minimum(other);

        public (Tensor values, Tensor indexes) min(long dim, bool keepdim = false)
        {
            nint* results = stackalloc nint[2];
            Done(Native.st_min_dim(Handle, dim, keepdim, results));
            return Pair(results);
        }

        public Tensor median() => Make(Native.st_median(Handle), this);

        public Tensor amax(params long[] dims) => amax((ReadOnlySpan<long>)dims);

        public Tensor amax(long[] dims, bool keepdim = false, Tensor? @out = null) => amax((ReadOnlySpan<long>)dims, keepdim, @out);

        public Tensor amax(ReadOnlySpan<long> dims, bool keepdim = false, Tensor? @out = null)
        {
            fixed (long* p = dims)
            {
                return Into(@out, Make(Native.st_amax(Handle, p, dims.Length, keepdim), this));
            }
        }

        public Tensor amin(params long[] dims) => amin((ReadOnlySpan<long>)dims);

        public Tensor amin(long[] dims, bool keepdim = false, Tensor? @out = null) => amin((ReadOnlySpan<long>)dims, keepdim, @out);

        public Tensor amin(ReadOnlySpan<long> dims, bool keepdim = false, Tensor? @out = null)
        {
            fixed (long* p = dims)
            {
                return Into(@out, Make(Native.st_amin(Handle, p, dims.Length, keepdim), this));
            }
        }

        public Tensor argmax() => Make(Native.st_argmax(Handle), this);

        public Tensor argmax(long dim, bool keepdim = false) => Make(Native.st_argmax_dim(Handle, dim, keepdim), this);

        public Tensor argmin() => Make(Native.st_argmin(Handle), this);

        public Tensor argmin(long dim, bool keepdim = false) => Make(Native.st_argmin_dim(Handle, dim, keepdim), this);

        // --- order

        public (Tensor values, Tensor indexes) topk(int k, int dim = -1, bool largest = true, bool sorted = true)
        {
            nint* results = stackalloc nint[2];
            Done(Native.st_topk(Handle, k, dim, largest, sorted, results));
            return Pair(results);
        }

        public (Tensor Values, Tensor Indices) sort(long dim = -1, bool descending = false, bool stable = false)
        {
            nint* results = stackalloc nint[2];
            Done(Native.st_sort(Handle, dim, descending, stable, results));
            return Pair(results);
        }

        public Tensor argsort(long dim = -1, bool descending = false) => Make(Native.st_argsort(Handle, dim, descending), this);

        public (Tensor output, Tensor inverse_indices, Tensor counts) unique(
            bool sorted = true, bool return_inverse = false, bool return_counts = false, int? dim = null)
        {
            nint* results = stackalloc nint[3];
            Done(Native.st_unique(Handle, sorted, return_inverse, return_counts, dim ?? 0, dim is not null, results));
            return (new Tensor(results[0]), results[1] == 0 ? null! : new Tensor(results[1]), results[2] == 0 ? null! : new Tensor(results[2]));
        }

        // --- truth and counts

        public Tensor all() => Make(Native.st_all(Handle), this);

        public Tensor all(long dim, bool keepdim = false) => Make(Native.st_all_dim(Handle, dim, keepdim), this);

        public Tensor any() => Make(Native.st_any(Handle), this);

        public Tensor any(long dim, bool keepdim = false) => Make(Native.st_any_dim(Handle, dim, keepdim), this);

        public Tensor count_nonzero(long[]? dims = null)
        {
            fixed (long* p = dims)
            {
                return Make(Native.st_count_nonzero(Handle, p, dims?.Length ?? 0), this);
            }
        }

        public Tensor bincount(Tensor? weights, long minlength = 0) => Make(Native.st_bincount(Handle, HandleOf(weights), minlength), this, weights);

        private static (Tensor, Tensor) Pair(nint* results) => (new Tensor(results[0]), new Tensor(results[1]));

        /// <summary>The result itself, or the caller's tensor filled with it.</summary>
        private static Tensor Into(Tensor? target, Tensor result)
        {
            if (target is null)
            {
                return result;
            }
            using (result)
            {
                return target.copy_(result);
            }
        }
    }
}
