using System.Collections;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>The sizes of a tensor, one for each dimension.</summary>
    public struct Size : IEnumerable<long>
    {
        /// <summary>No shape at all; that of a tensor with one element and no dimension is <c>new Size([])</c>.</summary>
        public static readonly Size Empty = new((long[])null!);

        private readonly long[]? _shape;

        public Size(long[] shape) => _shape = shape;

        public Size(IEnumerable<long> shape) => _shape = shape.ToArray();

        public Size(int[] shape) => _shape = Array.ConvertAll(shape, size => (long)size);

        public Size(long size) => _shape = [size];

        public Size(int size) => _shape = [size];

        public Size((long, long) size) => _shape = [size.Item1, size.Item2];

        public Size((long, long, long) size) => _shape = [size.Item1, size.Item2, size.Item3];

        public Size((long, long, long, long) size) => _shape = [size.Item1, size.Item2, size.Item3, size.Item4];

        public Size((long, long, long, long, long) size) => _shape = [size.Item1, size.Item2, size.Item3, size.Item4, size.Item5];

        public Size((long, long, long, long, long, long) size) => _shape = [size.Item1, size.Item2, size.Item3, size.Item4, size.Item5, size.Item6];

        public Size((int, int) size) => _shape = [size.Item1, size.Item2];

        public Size((int, int, int) size) => _shape = [size.Item1, size.Item2, size.Item3];

        public Size((int, int, int, int) size) => _shape = [size.Item1, size.Item2, size.Item3, size.Item4];

        public Size((int, int, int, int, int) size) => _shape = [size.Item1, size.Item2, size.Item3, size.Item4, size.Item5];

        public Size((int, int, int, int, int, int) size) => _shape = [size.Item1, size.Item2, size.Item3, size.Item4, size.Item5, size.Item6];

        public readonly long[] Shape => _shape!;

        public readonly int Length => _shape!.Length;

        public readonly bool IsEmpty => _shape is null;

        public readonly bool IsScalar => _shape is { Length: 0 };

        public readonly long this[int idx] => _shape![idx];

        public readonly long this[long idx] => _shape![idx];

        public static implicit operator Size(long size) => new(size);

        public static implicit operator Size((long, long) size) => new(size);

        public static implicit operator Size((long, long, long) size) => new(size);

        public static implicit operator Size((long, long, long, long) size) => new(size);

        public static implicit operator Size((long, long, long, long, long) size) => new(size);

        public static implicit operator Size((long, long, long, long, long, long) size) => new(size);

        public static implicit operator Size(long[] size) => new(size);

        public static bool operator ==(Size left, Size right) => left.Equals(right);

        public static bool operator !=(Size left, Size right) => !left.Equals(right);

        public static Size operator +(Size left, Size right) => new([.. left.Shape, .. right.Shape]);

        public static Size operator +(Size left, IEnumerable<long> right) => new(left.Shape.Concat(right));

        public readonly Size Slice(int first, int next) => new(_shape![first..next]);

        public readonly IEnumerable<long> Take(int i) => _shape!.Take(i);

        /// <summary>The number of elements of a tensor of this size.</summary>
        public readonly long numel() => _shape!.Aggregate(1L, (product, size) => product * size);

        public override readonly bool Equals(object? obj) =>
            obj is Size other && (_shape is null || other._shape is null ? _shape == other._shape : _shape.SequenceEqual(other._shape));

        public override readonly int GetHashCode()
        {
            HashCode hash = default;
            foreach (long size in _shape ?? [])
            {
                hash.Add(size);
            }
            return hash.ToHashCode();
        }

        public readonly IEnumerator<long> GetEnumerator() => ((IEnumerable<long>)_shape!).GetEnumerator();

        readonly IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
