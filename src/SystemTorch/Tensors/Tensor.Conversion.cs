using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    // To another element type or device. As in TorchSharp the result is always another managed object, which may share
    // its memory with this one when nothing had to change.
    public partial class Tensor
    {
        public Tensor to(ScalarType type, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            Convert(type, null, copy, disposeAfter, non_blocking);

        public Tensor to(Device device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            Convert(null, device, copy, disposeAfter, non_blocking);

        public Tensor to(DeviceType deviceType, int deviceIndex = -1, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            Convert(null, new Device(deviceType, deviceIndex), copy, disposeAfter, non_blocking);

        public Tensor to(string device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            Convert(null, new Device(device), copy, disposeAfter, non_blocking);

        public Tensor to(ScalarType type, Device device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            Convert(type, device, copy, disposeAfter, non_blocking);

        public Tensor to(Tensor other, bool non_blocking = false) => Convert(other.dtype, other.device, false, false, non_blocking);

        public Tensor to_type(ScalarType type, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            Convert(type, null, copy, disposeAfter, non_blocking);

        public Tensor type(ScalarType dtype) => to_type(dtype);

        public Tensor type(Func<Tensor, Tensor> typeFunc) => typeFunc(this);

        public Tensor type_as(Tensor tensor) => to_type(tensor.dtype);

        public Tensor @bool() => to_type(ScalarType.Bool);

        public Tensor @byte() => to_type(ScalarType.Byte);

        public Tensor @char() => to_type(ScalarType.Int8);

        public Tensor @short() => to_type(ScalarType.Int16);

        public Tensor @int() => to_type(ScalarType.Int32);

        public Tensor @long() => to_type(ScalarType.Int64);

        public Tensor half() => to_type(ScalarType.Float16);

        public Tensor bfloat16() => to_type(ScalarType.BFloat16);

        public Tensor @float() => to_type(ScalarType.Float32);

        public Tensor @double() => to_type(ScalarType.Float64);

        public Tensor cpu() => to(CPU);

        public Tensor cuda(Device? device = null, bool non_blocking = false) => to(device ?? CUDA, non_blocking: non_blocking);

        public Tensor clone() => Make(Native.st_clone(Handle), this);

        public Tensor contiguous() => Make(Native.st_contiguous(Handle), this);

        public Tensor copy_(Tensor source, bool nonBlocking = false) => Done(Native.st_copy_(Handle, source.Handle, nonBlocking), source);

        /// <summary>Lets this tensor share the storage of another.</summary>
        public Tensor set_(Tensor source) => Done(Native.st_set_(Handle, source.Handle), source);

        public Tensor fill_(Scalar value) => Done(Native.st_fill_(Handle, value.Number));

        public Tensor zero_() => Done(Native.st_zero_(Handle));

        internal bool NeedsConversion(ScalarType? type, Device? device) =>
            (type is { } wanted && wanted != dtype) ||
            (device is not null && (device.type != device_type || (device.index != -1 && device.index != device_index)));

        private Tensor Convert(ScalarType? type, Device? device, bool copy, bool disposeAfter, bool nonBlocking)
        {
            if (device is not null)
            {
                InitializeDevice(device);
            }
            Tensor result = Make(
                Native.st_to(Handle, type is { } t ? (int)t : -1, device is null ? -1 : (int)device.type, device?.index ?? -1, copy, nonBlocking), this);
            if (disposeAfter)
            {
                Dispose();
            }
            return result;
        }
    }
}
