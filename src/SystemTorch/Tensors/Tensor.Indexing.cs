using System.Runtime.CompilerServices;
using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    // Reading and writing parts that an index names.
    public unsafe partial class Tensor
    {
        [IndexerName("TensorItems")]
        public Tensor this[long i1]
        {
            get => Part([i1]);
            set => SetPart([i1], value);
        }

        [IndexerName("TensorItems")]
        public Tensor this[long i1, long i2]
        {
            get => Part([i1, i2]);
            set => SetPart([i1, i2], value);
        }

        [IndexerName("TensorItems")]
        public Tensor this[long i1, long i2, long i3]
        {
            get => Part([i1, i2, i3]);
            set => SetPart([i1, i2, i3], value);
        }

        [IndexerName("TensorItems")]
        public Tensor this[long i1, long i2, long i3, long i4]
        {
            get => Part([i1, i2, i3, i4]);
            set => SetPart([i1, i2, i3, i4], value);
        }

        [IndexerName("TensorItems")]
        public Tensor this[long i1, long i2, long i3, long i4, long i5]
        {
            get => Part([i1, i2, i3, i4, i5]);
            set => SetPart([i1, i2, i3, i4, i5], value);
        }

        [IndexerName("TensorItems")]
        public Tensor this[long i1, long i2, long i3, long i4, long i5, long i6]
        {
            get => Part([i1, i2, i3, i4, i5, i6]);
            set => SetPart([i1, i2, i3, i4, i5, i6], value);
        }

        [IndexerName("TensorItems")]
        public Tensor this[params long[] indices]
        {
            get => Part(indices);
            set => SetPart(indices, value);
        }

        [IndexerName("TensorItems")]
        public Tensor this[params TensorIndex[] indices]
        {
            get => index(indices);
            set => index_put_(value, indices);
        }

        [IndexerName("TensorItems")]
        public Tensor this[params Tensor[] indices]
        {
            get => index(indices);
            set => index_put_(value, indices);
        }

        public Tensor index(params TensorIndex[] indices)
        {
            fixed (IndexItem* items = Items(indices))
            {
                Tensor result = Make(Native.st_index(Handle, items, indices.Length), this);
                GC.KeepAlive(indices);
                return result;
            }
        }

        public Tensor index(params Tensor[] indices) => index(Array.ConvertAll(indices, TensorIndex.Tensor));

        public Tensor index_put_(Tensor value, params TensorIndex[] indices)
        {
            fixed (IndexItem* items = Items(indices))
            {
                Done(Native.st_index_put_(Handle, items, indices.Length, value.Handle), value);
                GC.KeepAlive(indices);
                return this;
            }
        }

        public Tensor index_put_(Tensor value, params Tensor[] indices) => index_put_(value, indices, accumulate: false);

        public Tensor index_put_(Tensor value, TensorIndex[] indices, bool accumulate = false)
        {
            if (!accumulate)
            {
                return index_put_(value, indices);
            }
            // libtorch adds only where tensors are the indices: name the positions of the part one by one.
            using Tensor all = arange(numel()).view(shape);
            using Tensor positions = all.index(indices);
            using Tensor values = value.expand_as(positions);
            return Done(Native.st_put_(Handle, positions.Handle, values.Handle, true));
        }

        public Tensor index_put_(Tensor value, Tensor[] indices, bool accumulate = false)
        {
            fixed (nint* handles = HandlesOf(indices))
            {
                Done(Native.st_index_put_tensors_(Handle, handles, indices.Length, value.Handle, accumulate), value);
                GC.KeepAlive(indices);
                return this;
            }
        }

        public Tensor index_put_(Scalar value, params TensorIndex[] indices)
        {
            fixed (IndexItem* items = Items(indices))
            {
                Done(Native.st_index_put__number(Handle, items, indices.Length, value.Number));
                GC.KeepAlive(indices);
                return this;
            }
        }

        public Tensor index_put_(Scalar value, params Tensor[] indices) => index_put_(value, Array.ConvertAll(indices, TensorIndex.Tensor));

        // --- along a dimension

        public Tensor narrow(long dim, long start, long length) => Make(Native.st_narrow(Handle, dim, start, length), this);

        public Tensor slice(long dim, long start, long finish, long step) => Make(Native.st_slice(Handle, dim, start, finish, step), this);

        public Tensor select(long dim, long index) => Make(Native.st_select(Handle, dim, index), this);

        public Tensor index_select(long dim, Tensor index) => Make(Native.st_index_select(Handle, dim, index.Handle), this, index);

        public Tensor index_add(long dim, Tensor index, Tensor source, Scalar alpha) =>
            Make(Native.st_index_add(Handle, dim, index.Handle, source.Handle, alpha.Number), this, index, source);

        public Tensor index_add_(long dim, Tensor index, Tensor source, Scalar alpha) =>
            Done(Native.st_index_add_(Handle, dim, index.Handle, source.Handle, alpha.Number), index, source);

        public Tensor index_copy(long dim, Tensor index, Tensor source) =>
            Make(Native.st_index_copy(Handle, dim, index.Handle, source.Handle), this, index, source);

        public Tensor index_copy_(long dim, Tensor index, Tensor source) =>
            Done(Native.st_index_copy_(Handle, dim, index.Handle, source.Handle), index, source);

        public Tensor index_fill(
            long dim, Tensor index, Scalar value) => Make(Native.st_index_fill(Handle, dim, index.Handle, value.Number), this, index);

        public Tensor index_fill_(
            long dim, Tensor index, Scalar value) => Done(Native.st_index_fill_(Handle, dim, index.Handle, value.Number), index);

        public Tensor gather(long dim, Tensor index) => Make(Native.st_gather(Handle, dim, index.Handle, false), this, index);

        public Tensor scatter(long dim, Tensor index, Tensor src) => Make(Native.st_scatter(Handle, dim, index.Handle, src.Handle), this, index, src);

        public Tensor scatter_(long dim, Tensor index, Tensor src) => Done(Native.st_scatter_(Handle, dim, index.Handle, src.Handle), index, src);

        public Tensor scatter_add(
            long dim, Tensor index, Tensor src) => Make(Native.st_scatter_add(Handle, dim, index.Handle, src.Handle), this, index, src);

        public Tensor scatter_add_(
            long dim, Tensor index, Tensor src) => Done(Native.st_scatter_add_(Handle, dim, index.Handle, src.Handle), index, src);

        public Tensor take(Tensor index) => Make(Native.st_take(Handle, index.Handle), this, index);

        // --- by a mask

        public Tensor masked_fill(Tensor mask, Scalar value) => Make(Native.st_masked_fill(Handle, mask.Handle, value.Number), this, mask);

        public Tensor masked_fill_(Tensor mask, Scalar value) => Done(Native.st_masked_fill_(Handle, mask.Handle, value.Number), mask);

        public Tensor masked_select(Tensor mask) => Make(Native.st_masked_select(Handle, mask.Handle), this, mask);

        public Tensor nonzero() => Make(Native.st_nonzero(Handle), this);

        /// <summary>For each dimension the indices of the elements that are not zero.</summary>
        public IList<Tensor> nonzero_as_list() => torch.where(this);

        private static IndexItem[] Items(TensorIndex[] indices) => Array.ConvertAll(indices, index => index.Item);

        private Tensor Part(ReadOnlySpan<long> indices)
        {
            fixed (IndexItem* items = Items(indices))
            {
                return Make(Native.st_index(Handle, items, indices.Length), this);
            }
        }

        private void SetPart(ReadOnlySpan<long> indices, Tensor value)
        {
            fixed (IndexItem* items = Items(indices))
            {
                Done(Native.st_index_put_(Handle, items, indices.Length, value.Handle), value);
            }
        }

        private static IndexItem[] Items(ReadOnlySpan<long> indices)
        {
            IndexItem[] items = new IndexItem[indices.Length];
            for (int i = 0; i < items.Length; i++)
            {
                items[i] = new IndexItem { Kind = 2, Start = indices[i] };
            }
            return items;
        }
    }
}
