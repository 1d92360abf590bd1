using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>One component of an index expression, such as x[0, 1..3, mask].</summary>
    public struct TensorIndex
    {
        /// <summary>A new dimension of size 1.</summary>
        public static readonly TensorIndex None = new() { _kind = Kind.None };

        /// <summary>The same as <see cref="None"/>.</summary>
        public static readonly TensorIndex Null = None;

        /// <summary>All the dimensions that the other components leave over.</summary>
        public static readonly TensorIndex Ellipsis = new() { _kind = Kind.Ellipsis };

        /// <summary>A whole dimension.</summary>
        public static readonly TensorIndex Colon = Slice();

        private Kind _kind;
        private long? _start, _stop, _step;
        private Tensor? _tensor;

        private enum Kind
        {
            None = 0,
            Ellipsis = 1,
            Single = 2,
            Bool = 3,
            Slice = 4,
            Tensor = 5,
        }

        internal readonly IndexItem Item => new()
        {
            Kind = (long)_kind,
            Start = _start ?? IndexItem.Absent,
            Stop = _stop ?? IndexItem.Absent,
            Step = _step ?? IndexItem.Absent,
            Tensor = torch.Tensor.HandleOf(_tensor),
        };

        public static TensorIndex Single(long? index) => index is null ? None : new() { _kind = Kind.Single, _start = index };

        public static TensorIndex Bool(bool value) => new() { _kind = Kind.Bool, _start = value ? 1 : 0 };

        public static TensorIndex Slice(long? start = null, long? stop = null, long? step = null) =>
            new() { _kind = Kind.Slice, _start = start, _stop = stop, _step = step };

        public static TensorIndex Slice((int? start, int? end) range) => Slice(range.start, range.end);

        public static TensorIndex Slice(Range range)
        {
            long? stop = range.End is { IsFromEnd: true, Value: 0 } ? null : Position(range.End);
            return Slice(Position(range.Start), stop);
        }

        public static TensorIndex Tensor(Tensor tensor) => new() { _kind = Kind.Tensor, _tensor = tensor };

        public static implicit operator TensorIndex(long value) => Single(value);

        public static implicit operator TensorIndex((int? start, int? end) range) => Slice(range);

        public static implicit operator TensorIndex(Range range) => Slice(range);

        public static implicit operator TensorIndex(Index index) => Single(Position(index));

        /// <summary>The tensor that this component holds.</summary>
        public static implicit operator Tensor(TensorIndex value) =>
            value._tensor ?? throw new InvalidCastException("The tensor index is not a tensor.");

        private static long Position(Index index) => index.IsFromEnd ? -(long)index.Value : index.Value;
    }
}
