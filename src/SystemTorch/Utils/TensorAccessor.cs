using System.Collections;
using System.Runtime.CompilerServices;

namespace TorchSharp.Utils;

/// <summary>
/// The elements of a tensor in the order of its indices, whatever its strides: the tensor's own memory, not a copy.
/// </summary>
public sealed class TensorAccessor<T> : IDisposable, IEnumerable<T>
    where T : unmanaged
{
    private readonly torch.Tensor _tensor;
    private readonly unsafe T* _data;
    private readonly long[] _shape;
    private readonly long[] _strides;
    private readonly bool _isContiguous;

    internal unsafe TensorAccessor(torch.Tensor tensor)
    {
        _tensor = tensor;
        _data = (T*)tensor.DataPointer;
        _shape = tensor.shape;
        _strides = tensor.stride();
        _isContiguous = tensor.is_contiguous();
        Count = tensor.numel();
    }

    public long Count { get; }

    public bool IsReadOnly => false;

    /// <summary>One element, by one index for each dimension or by its place in the whole.</summary>
    public T this[params long[] indices]
    {
        get => Read(Offset(indices));
        set => Write(Offset(indices), value);
    }

    public static bool operator ==(TensorAccessor<T> left, TensorAccessor<T> right) => left is null ? right is null : left.Equals(right);

    public static bool operator !=(TensorAccessor<T> left, TensorAccessor<T> right) => !(left == right);

    public T[] ToArray()
    {
        T[] array = new T[Count];
        CopyTo(array.AsSpan());
        return array;
    }

    /// <summary>An array of the tensor's own shape; for a tensor without dimensions, of one element.</summary>
    public unsafe Array ToNDArray()
    {
        if (_shape.Length == 0)
        {
            return ToArray();
        }
        Array array = Array.CreateInstance(typeof(T), _shape);
        fixed (byte* target = &System.Runtime.InteropServices.MemoryMarshal.GetArrayDataReference(array))
        {
            CopyTo(new Span<T>(target, checked((int)Count)));
        }
        return array;
    }

    public void CopyTo(T[] array, int arrayIndex = 0, long tensorIndex = 0) => CopyTo(array.AsSpan(), arrayIndex, tensorIndex);

    /// <summary>Copies from one place in the tensor on, to one place in the array on, as many as the array still holds.</summary>
    public unsafe void CopyTo(Span<T> array, int arrayIndex = 0, long tensorIndex = 0)
    {
        RequireLife();
        Span<T> target = array[arrayIndex..];
        int count = (int)Math.Min(target.Length, Count - tensorIndex);
        if (_isContiguous)
        {
            new ReadOnlySpan<T>(_data + tensorIndex, count).CopyTo(target);
            GC.KeepAlive(this);
            return;
        }
        int i = 0;
        foreach (long offset in Offsets(tensorIndex, count))
        {
            target[i++] = Read(offset);
        }
    }

    public void CopyFrom(T[] array, int arrayIndex = 0, long tensorIndex = 0) => CopyFrom((ReadOnlySpan<T>)array, arrayIndex, tensorIndex);

    public unsafe void CopyFrom(ReadOnlySpan<T> array, int arrayIndex = 0, long tensorIndex = 0)
    {
        RequireLife();
        ReadOnlySpan<T> source = array[arrayIndex..];
        int count = (int)Math.Min(source.Length, Count - tensorIndex);
        if (_isContiguous)
        {
            source[..count].CopyTo(new Span<T>(_data + tensorIndex, count));
            GC.KeepAlive(this);
            return;
        }
        int i = 0;
        foreach (long offset in Offsets(tensorIndex, count))
        {
            Write(offset, source[i++]);
        }
    }

    public IEnumerator<T> GetEnumerator()
    {
        foreach (long offset in Offsets(0, Count))
        {
            yield return Read(offset);
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Whether both have the same number of elements, and the same ones.</summary>
    public override bool Equals(object? obj) => obj is TensorAccessor<T> other && Count == other.Count && this.SequenceEqual(other);

    public override int GetHashCode() => RuntimeHelpers.GetHashCode(this);

    /// <summary>Nothing to release: the tensor belongs to whoever made it.</summary>
    public void Dispose()
    {
    }

    private unsafe T Read(long offset)
    {
        RequireLife();
        T value = _data[offset];
        GC.KeepAlive(this);
        return value;
    }

    private unsafe void Write(long offset, T value)
    {
        RequireLife();
        _data[offset] = value;
        GC.KeepAlive(this);
    }

    /// <exception cref="InvalidOperationException">The tensor is disposed.</exception>
    private void RequireLife() => _ = _tensor.Handle;

    private long Offset(long[] indices)
    {
        if (indices.Length == 1)
        {
            if (indices[0] < 0 || indices[0] >= Count)
            {
                throw new IndexOutOfRangeException();
            }
            return _isContiguous ? indices[0] : OffsetOf(indices[0]);
        }
        if (indices.Length != _shape.Length)
        {
            throw new ArgumentException($"A tensor of {_shape.Length} dimensions takes as many indices, but {indices.Length} were given.", nameof(indices));
        }
        long offset = 0;
        for (int i = 0; i < indices.Length; i++)
        {
            if (indices[i] < 0 || indices[i] >= _shape[i])
            {
                throw new IndexOutOfRangeException();
            }
            offset += indices[i] * _strides[i];
        }
        return offset;
    }

    private long OffsetOf(long place)
    {
        long offset = 0;
        for (int i = _shape.Length - 1; i >= 0; i--)
        {
            offset += place % _shape[i] * _strides[i];
            place /= _shape[i];
        }
        return offset;
    }

    private IEnumerable<long> Offsets(long first, long count)
    {
        for (long place = first; place < first + count; place++)
        {
            yield return _isContiguous ? place : OffsetOf(place);
        }
    }
}
