using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    // The memory of a tensor, seen from C#.
    public partial class Tensor
    {
        /// <summary>The memory itself, to read and to write; valid as long as the tensor lives.</summary>
        /// <exception cref="NotImplementedException">The tensor is not contiguous.</exception>
        public unsafe Span<byte> bytes
        {
            get
            {
                if (!is_contiguous())
                {
                    throw new NotImplementedException("Bytes() called on non-contiguous tensor.");
                }
                long size = NumberOfElements * ElementSize;
                if (size > int.MaxValue)
                {
                    throw new ArgumentException("Span only supports up to int.MaxValue elements.");
                }
                RequireCpu();
                return new Span<byte>(DataPointer, (int)size);
            }

            set
            {
                if (!is_contiguous())
                {
                    throw new NotImplementedException("SetBytes() called on non-contiguous tensor.");
                }
                if (NumberOfElements * ElementSize != value.Length)
                {
                    throw new ArgumentException("Mismatched data sizes in SetBytes().");
                }
                value.CopyTo(bytes);
            }
        }

        /// <summary>The first element, wherever a view begins.</summary>
        internal unsafe void* DataPointer
        {
            get
            {
                void* data;
                Done(Native.st_data(Handle, &data));
                return data;
            }
        }

        /// <summary>The elements one by one, in the order of the indices, whatever the strides.</summary>
        /// <exception cref="ArgumentException"><typeparamref name="T"/> is not the element type.</exception>
        public Utils.TensorAccessor<T> data<T>()
            where T : unmanaged
        {
            RequireType(typeof(T));
            RequireCpu();
            return new Utils.TensorAccessor<T>(this);
        }

        /// <summary>The value of a tensor with one element.</summary>
        public unsafe T item<T>()
            where T : unmanaged
        {
            if (NumberOfElements != 1)
            {
                throw new ArgumentException($"Number of elements in the tensor must be 1, but was {NumberOfElements}");
            }
            RequireType(typeof(T));
            RequireCpu();
            T value = dtype switch
            {
                ScalarType.Float16 => (T)(object)(float)*(Half*)DataPointer,
                ScalarType.BFloat16 => (T)(object)BitConverter.Int32BitsToSingle(*(ushort*)DataPointer << 16),
                _ => *(T*)DataPointer,
            };
            GC.KeepAlive(this);
            return value;
        }

        /// <summary>The value of a tensor with one element, converted by libtorch.</summary>
        public unsafe Scalar ToScalar()
        {
            Number number;
            Done(Native.st_item(Handle, &number));
            return new Scalar(number);
        }

        public float ReadCpuSingle(long i) => data<float>()[i];

        public double ReadCpuDouble(long i) => data<double>()[i];

        public byte ReadCpuByte(long i) => data<byte>()[i];

        public sbyte ReadCpuSByte(long i) => data<sbyte>()[i];

        public short ReadCpuInt16(long i) => data<short>()[i];

        public int ReadCpuInt32(long i) => data<int>()[i];

        public long ReadCpuInt64(long i) => data<long>()[i];

        public bool ReadCpuBool(long i) => data<bool>()[i];

        public T ReadCpuValue<T>(long i)
            where T : unmanaged => data<T>()[i];

        private void RequireCpu()
        {
            if (device_type != DeviceType.CPU)
            {
                throw new InvalidOperationException("Reading data from non-CPU memory is not supported. Move or copy the tensor to the cpu before reading.");
            }
        }

        private void RequireType(Type type)
        {
            Type? expected = dtype switch
            {
                ScalarType.Byte => typeof(byte),
                ScalarType.Int8 => typeof(sbyte),
                ScalarType.Int16 => typeof(short),
                ScalarType.Int32 => typeof(int),
                ScalarType.Int64 => typeof(long),
                ScalarType.Bool => typeof(bool),
                ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32 => typeof(float),
                ScalarType.Float64 => typeof(double),
                _ => null,
            };
            if (type != expected)
            {
                throw new ArgumentException($"{type.Name} is not compatible with {dtype}");
            }
        }
    }
}
