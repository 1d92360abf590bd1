using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    // From .NET memory to tensors: by copy, or by sharing a pinned array.

    /// <summary>Shares memory with the array, which stays pinned until libtorch lets go of it.</summary>
    public static Tensor from_array(Array rawArray, Device? device = null) => from_array(rawArray, TypeOf(rawArray), device ?? CPU);

    public static Tensor from_array(Array rawArray, ScalarType? dtype, Device? device = null, bool requires_grad = false, string[]? names = null)
    {
        long[] sizes = new long[rawArray.Rank];
        for (int i = 0; i < sizes.Length; i++)
        {
            sizes[i] = rawArray.GetLongLength(i);
        }
        Tensor shared = Share(rawArray, 0, sizes);
        bool converts = shared.NeedsConversion(dtype, InitializeDevice(device));
        Tensor tensor = converts ? shared.to(dtype ?? shared.dtype, InitializeDevice(device), disposeAfter: true) : shared;
        return tensor.requires_grad_(requires_grad);
    }

    /// <summary>Shares memory with part of the array, taken as one dimension; offset and count are in elements of the array.</summary>
    /// <exception cref="ArgumentException">The offset lies outside.</exception>
    /// <exception cref="IndexOutOfRangeException">The count reaches outside.</exception>
    public static Tensor frombuffer(Array rawArray, ScalarType dtype, long count = -1, long offset = 0, bool requires_grad = false)
    {
        if (offset < 0 || offset >= rawArray.LongLength)
        {
            throw new ArgumentException($"invalid value for 'offset': {offset}");
        }
        if (count < 0)
        {
            count = rawArray.LongLength - offset;
        }
        if (count > rawArray.LongLength - offset)
        {
            throw new IndexOutOfRangeException($"element count is too large: {count}");
        }
        Tensor tensor = Share(rawArray, offset, [count]);
        return (tensor.dtype == dtype ? tensor : tensor.to_type(dtype, disposeAfter: true)).requires_grad_(requires_grad);
    }

    private static unsafe Tensor Share(Array array, long offset, ReadOnlySpan<long> sizes)
    {
        ScalarType type = TypeOf(array);
        GCHandle pin = GCHandle.Alloc(array, GCHandleType.Pinned);
        byte* data = (byte*)pin.AddrOfPinnedObject() + (offset * type.ElementSize());
        delegate* unmanaged<void*, void> release = &Release;
        fixed (long* p = sizes)
        {
            nint handle = Native.st_from_memory(data, p, sizes.Length, new Options(type, CPU, false), release, (void*)GCHandle.ToIntPtr(pin));
            if (handle == 0)
            {
                pin.Free();
            }
            return Tensor.Make(handle);
        }
    }

    /// <summary>libtorch no longer needs the array.</summary>
    [UnmanagedCallersOnly]
    private static unsafe void Release(void* pin) => GCHandle.FromIntPtr((nint)pin).Free();

    private static unsafe Tensor Copy<T>(ReadOnlySpan<T> data, ReadOnlySpan<long> sizes, ScalarType? dtype, Device? device, bool requires_grad)
        where T : unmanaged
    {
        long count = 1;
        foreach (long size in sizes)
        {
            count *= size;
        }
        if (count > data.Length)
        {
            throw new ArgumentException($"mismatched total size creating a tensor from an array: {count} vs. {data.Length}");
        }
        ScalarType source = TypeOf(typeof(T));
        fixed (T* values = data)
        fixed (long* p = sizes)
        {
            return Tensor.Make(Native.st_copy_memory(values, p, sizes.Length, (int)source, Options.New(dtype ?? source, device, requires_grad)));
        }
    }

    /// <summary>Copies an array of several dimensions.</summary>
    private static Tensor Copy<T>(Array array, ScalarType? dtype, Device? device, bool requires_grad)
        where T : unmanaged
    {
        Span<long> sizes = stackalloc long[array.Rank];
        for (int i = 0; i < sizes.Length; i++)
        {
            sizes[i] = array.GetLongLength(i);
        }
        ReadOnlySpan<T> elements = MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<byte, T>(ref MemoryMarshal.GetArrayDataReference(array)), array.Length);
        return Copy(elements, sizes, dtype, device, requires_grad);
    }

    private static ReadOnlySpan<T> Elements<T>(IList<T> list) => list switch
    {
        T[] array => array,
        List<T> values => CollectionsMarshal.AsSpan(values),
        _ => list.ToArray(),
    };

    private static ScalarType TypeOf(Array array) => TypeOf(array.GetType().GetElementType()!);

    private static ScalarType TypeOf(Type type)
    {
        return Type.GetTypeCode(type) switch
        {
            TypeCode.Byte => ScalarType.Byte,
            TypeCode.SByte => ScalarType.Int8,
            TypeCode.Int16 => ScalarType.Int16,
            TypeCode.Int32 => ScalarType.Int32,
            TypeCode.Int64 => ScalarType.Int64,
            TypeCode.Single => ScalarType.Float32,
            TypeCode.Double => ScalarType.Float64,
            TypeCode.Boolean => ScalarType.Bool,
            _ => throw new NotSupportedException($"The type {type.FullName} is not supported."),
        };
    }
}
