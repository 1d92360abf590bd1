using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    // What a tensor says about itself. The calls neither throw nor block, so they skip the runtime's transition.
    public partial class Tensor
    {
        public ScalarType dtype => Ask((ScalarType)Native.st_dtype(Handle));

        public DeviceType device_type => Ask((DeviceType)Native.st_device_type(Handle));

        public int device_index => Ask(Native.st_device_index(Handle));

        public Device device => new(device_type, device_index);

        public long Dimensions => Ask(Native.st_dim(Handle));

        public long ndim => Dimensions;

        public long NumberOfElements => Ask(Native.st_numel(Handle));

        public long ElementSize => Ask(Native.st_element_size(Handle));

        public bool is_cuda => device_type == DeviceType.CUDA;

        public bool is_meta => device_type == DeviceType.META;

        public bool is_sparse => Ask(Native.st_is_sparse(Handle));

        public unsafe long[] shape
        {
            get
            {
                long[] sizes = new long[ndim];
                fixed (long* p = sizes)
                {
                    Native.st_sizes(Handle, p);
                }
                GC.KeepAlive(this);
                return sizes;
            }
        }

        public long dim() => Dimensions;

        public long numel() => NumberOfElements;

        public long element_size() => ElementSize;

        public long[] size() => shape;

        public long size(int dim) => shape[Wrap(dim)];

        public unsafe long[] stride()
        {
            long[] strides = new long[ndim];
            fixed (long* p = strides)
            {
                Native.st_strides(Handle, p);
            }
            GC.KeepAlive(this);
            return strides;
        }

        public long stride(int dim) => stride()[Wrap(dim)];

        public long storage_offset() => Ask(Native.st_storage_offset(Handle));

        public bool is_contiguous() => Ask(Native.st_is_contiguous(Handle));

        public bool is_cpu() => device_type == DeviceType.CPU;

        public bool is_integral() => torch.is_integral(dtype);

        public bool is_floating_point() => torch.is_floating_point(dtype);

        public bool is_complex() => torch.is_complex(dtype);

        public unsafe bool is_nonzero()
        {
            if (numel() != 1)
            {
                throw new InvalidOperationException("is_nonzero() called on non-singleton tensor");
            }
            bool result;
            Done(Native.st_is_nonzero(Handle, &result));
            return result;
        }

        private int Wrap(int dim)
        {
            int count = (int)ndim;
            return dim >= -count && dim < count
                ? (dim + count) % count
                : throw new IndexOutOfRangeException($"Dimension out of range (expected to be in range of [{-count}, {count - 1}], but got {dim})");
        }

        /// <summary>An answer, with this tensor kept alive until it was given.</summary>
        private T Ask<T>(T answer)
        {
            GC.KeepAlive(this);
            return answer;
        }
    }
}
