using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    // The same numbers in another arrangement.
    public unsafe partial class Tensor
    {
        public Tensor T => Make(Native.st_numpy_T(Handle), this);

        public Tensor mT => transpose(-2, -1);

        public Tensor t() => Make(Native.st_t(Handle), this);

        public Tensor view(params long[] shape)
        {
            fixed (long* p = shape)
            {
                return Make(Native.st_view(Handle, p, shape.Length), this);
            }
        }

        public Tensor view_as(Tensor other) => Make(Native.st_view_as(Handle, other.Handle), this, other);

        public Tensor reshape(params long[] shape)
        {
            fixed (long* p = shape)
            {
                return Make(Native.st_reshape(Handle, p, shape.Length), this);
            }
        }

        public Tensor flatten(long start_dim = 0, long end_dim = -1) => Make(Native.st_flatten(Handle, start_dim, end_dim), this);

        public Tensor ravel() => flatten();

        public Tensor unflatten(long dim, params long[] sizes)
        {
            fixed (long* p = sizes)
            {
                return Make(Native.st_unflatten(Handle, dim, p, sizes.Length), this);
            }
        }

        public Tensor unflatten(long dim, Size sizes) => unflatten(dim, sizes.Shape);

        public Tensor squeeze(long? dim = null) =>
            Make(dim is { } only ? Native.st_squeeze_dim(Handle, only) : Native.st_squeeze(Handle), this);

        public Tensor squeeze_(long? dim = null) =>
            Done(dim is { } only ? Native.st_squeeze_dim_(Handle, only) : Native.st_squeeze_(Handle));

        public Tensor unsqueeze(long dim) => Make(Native.st_unsqueeze(Handle, dim), this);

        public Tensor unsqueeze_(long dim) => Done(Native.st_unsqueeze_(Handle, dim));

        public Tensor transpose(long dim0, long dim1) => Make(Native.st_transpose(Handle, dim0, dim1), this);

        public Tensor transpose_(long dim0, long dim1) => Done(Native.st_transpose_(Handle, dim0, dim1));

        public Tensor swapaxes(long dim0, long dim1) => transpose(dim0, dim1);

        public Tensor swapdims(long dim0, long dim1) => transpose(dim0, dim1);

        public Tensor permute(params long[] permutation)
        {
            fixed (long* p = permutation)
            {
                return Make(Native.st_permute(Handle, p, permutation.Length), this);
            }
        }

        public Tensor permute(IEnumerable<long> permutation) => permute(permutation.ToArray());

        public Tensor movedim(long[] source, long[] destination)
        {
            if (source.Length != destination.Length)
            {
                throw new ArgumentException($"movedim: {source.Length} source dimensions, but {destination.Length} destinations");
            }
            fixed (long* from = source, to = destination)
            {
                return Make(Native.st_movedim(Handle, from, to, source.Length), this);
            }
        }

        public Tensor moveaxis(long[] source, long[] destination) => movedim(source, destination);

        public Tensor expand(params long[] sizes) => expand((ReadOnlySpan<long>)sizes);

        public Tensor expand(long[] sizes, bool isImplicit = false) => expand((ReadOnlySpan<long>)sizes, isImplicit);

        public Tensor expand(Size sizes, bool isImplicit = false) => expand((ReadOnlySpan<long>)sizes.Shape, isImplicit);

        public Tensor expand(ReadOnlySpan<long> sizes, bool isImplicit = false)
        {
            fixed (long* p = sizes)
            {
                return Make(Native.st_expand(Handle, p, sizes.Length, isImplicit), this);
            }
        }

        public Tensor expand_as(Tensor other) => Make(Native.st_expand_as(Handle, other.Handle), this, other);

        public Tensor broadcast_to(params long[] shape) => expand((ReadOnlySpan<long>)shape);

        public Tensor repeat(params long[] sizes)
        {
            fixed (long* p = sizes)
            {
                return Make(Native.st_repeat(Handle, p, sizes.Length), this);
            }
        }

        public Tensor tile(long[] reps)
        {
            fixed (long* p = reps)
            {
                return Make(Native.st_tile(Handle, p, reps.Length), this);
            }
        }

        public Tensor repeat_interleave(Tensor repeats, long? dim = null, long? output_size = null)
        {
            long d = dim ?? 0, size = output_size ?? 0;
            return Make(Native.st_repeat_interleave(Handle, repeats.Handle, dim is null ? null : &d, output_size is null ? null : &size), this, repeats);
        }

        public Tensor repeat_interleave(long repeats, long? dim = null, long? output_size = null)
        {
            long d = dim ?? 0, size = output_size ?? 0;
            return Make(Native.st_repeat_interleave_number(Handle, repeats, dim is null ? null : &d, output_size is null ? null : &size), this);
        }

        public Tensor flip(params long[] dims)
        {
            fixed (long* p = dims)
            {
                return Make(Native.st_flip(Handle, p, dims.Length), this);
            }
        }

        public Tensor roll(long shifts, long? dims = null) => dims is { } dim ? roll([shifts], [dim]) : roll([shifts], []);

        public Tensor roll((long, long) shifts, (long, long) dims) => roll([shifts.Item1, shifts.Item2], [dims.Item1, dims.Item2]);

        public Tensor roll((long, long, long) shifts, (long, long, long) dims) =>
            roll([shifts.Item1, shifts.Item2, shifts.Item3], [dims.Item1, dims.Item2, dims.Item3]);

        public Tensor roll(long[] shifts) => roll((ReadOnlySpan<long>)shifts);

        public Tensor roll(long[] shifts, long[] dims) => roll((ReadOnlySpan<long>)shifts, (ReadOnlySpan<long>)dims);

        public Tensor roll(ReadOnlySpan<long> shifts, ReadOnlySpan<long> dims = default)
        {
            fixed (long* s = shifts, d = dims)
            {
                return Make(Native.st_roll(Handle, s, shifts.Length, d, dims.Length), this);
            }
        }

        public Tensor as_strided(long[] size, long[] strides, long storageOffset = 0)
        {
            fixed (long* s = size, t = strides)
            {
                return Make(Native.st_as_strided(Handle, s, t, size.Length, storageOffset), this);
            }
        }

        public Tensor unfold(long dimension, long size, long step) => Make(Native.st_unfold(Handle, dimension, size, step), this);

        public Tensor diagonal(long offset = 0, long dim1 = 0, long dim2 = 1) => Make(Native.st_diagonal(Handle, offset, dim1, dim2), this);

        public Tensor diag(long diagonal = 0) => Make(Native.st_diag(Handle, diagonal), this);

        public Tensor tril(long diagonal = 0) => Make(Native.st_tril(Handle, diagonal), this);

        public Tensor tril_(long diagonal = 0) => Done(Native.st_tril_(Handle, diagonal));

        public Tensor triu(long diagonal = 0) => Make(Native.st_triu(Handle, diagonal), this);

        public Tensor triu_(long diagonal = 0) => Done(Native.st_triu_(Handle, diagonal));

        // --- splits

        public Tensor[] chunk(long chunks, long dim = 0)
        {
            nint* results;
            int count;
            int status = Native.st_chunk(Handle, chunks, dim, &results, &count);
            return Ask(TakeList(status, results, count));
        }

        public Tensor[] split(long size, int dim = 0)
        {
            nint* results;
            int count;
            int status = Native.st_split(Handle, size, dim, &results, &count);
            return Ask(TakeList(status, results, count));
        }

        public Tensor[] split(params long[] sizes) => split((ReadOnlySpan<long>)sizes);

        public Tensor[] split(long[] sizes, long dim = 0) => split((ReadOnlySpan<long>)sizes, dim);

        public Tensor[] split(ReadOnlySpan<long> sizes, long dim = 0)
        {
            nint* results;
            int count;
            fixed (long* p = sizes)
            {
                int status = Native.st_split_sizes(Handle, p, sizes.Length, dim, &results, &count);
                return Ask(TakeList(status, results, count));
            }
        }

        public Tensor[] unbind(long dimension = 0)
        {
            nint* results;
            int count;
            int status = Native.st_unbind(Handle, dimension, &results, &count);
            return Ask(TakeList(status, results, count));
        }
    }
}
