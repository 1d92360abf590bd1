using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class utils
        {
            /// <summary>Sequences of different lengths, padded and packed.</summary>
            public static partial class rnn
            {
                /// <summary>
                /// Packs a padded batch [steps, batch, ...]. Without <paramref name="enforce_sorted"/> it sorts by length itself.
                /// </summary>
                public static unsafe PackedSequence pack_padded_sequence(
                    Tensor input, Tensor lengths, bool batch_first = false, bool enforce_sorted = true)
                {
                    using DisposeScope scope = NewDisposeScope();
                    Tensor sizes = lengths.to(ScalarType.Int64, CPU);
                    Tensor order = arange(sizes.numel());
                    if (!enforce_sorted)
                    {
                        (sizes, order) = sizes.sort(descending: true);
                        input = input.index_select(batch_first ? 0 : 1, order);
                    }
                    nint* results = stackalloc nint[2];
                    input.Done(Native.st_pack_padded_sequence(input.Handle, sizes.Handle, batch_first, results), sizes);
                    Tensor back = order.argsort();
                    return new PackedSequence(new Tensor(results[0]), new Tensor(results[1]), order, back).MoveToOuterDisposeScope();
                }

                /// <summary>The padded batch in its original order, and the lengths.</summary>
                public static unsafe (Tensor, Tensor) pad_packed_sequence(
                    PackedSequence sequence, bool batch_first = false, double padding_value = 0, long? total_length = null)
                {
                    using DisposeScope scope = NewDisposeScope();
                    long longest = sequence.batch_sizes.shape[0];
                    long steps = total_length ?? longest;
                    if (steps < longest)
                    {
                        throw new ArgumentException(
                            $"Expected total_length to be at least the length of the longest sequence in input, but got total_length={steps} and max sequence length being {longest}");
                    }
                    nint* results = stackalloc nint[2];
                    sequence.data.Done(
                        Native.st_pad_packed_sequence(sequence.data.Handle, sequence.batch_sizes.Handle, batch_first, padding_value, steps, results),
                        sequence.batch_sizes);
                    Tensor padded = new(results[0]), lengths = new(results[1]);
                    return scope.MoveToOuter(
                        padded.index_select(batch_first ? 0 : 1, sequence.unsorted_indices),
                        lengths.index_select(0, sequence.unsorted_indices));
                }

                /// <summary>Pads sequences [steps, ...] to the longest of them.</summary>
                public static unsafe Tensor pad_sequence(IEnumerable<Tensor> sequences, bool batch_first = false, double padding_value = 0)
                {
                    Tensor[] list = sequences.ToArray();
                    fixed (nint* handles = Tensor.HandlesOf(list))
                    {
                        Tensor result = Tensor.Make(Native.st_pad_sequence(handles, list.Length, batch_first, padding_value));
                        KeepAlive(list);
                        return result;
                    }
                }

                public static PackedSequence pack_sequence(IEnumerable<Tensor> sequences, bool enforce_sorted = true)
                {
                    using DisposeScope scope = NewDisposeScope();
                    Tensor[] list = sequences.ToArray();
                    Tensor lengths = tensor(Array.ConvertAll(list, sequence => sequence.shape[0]));
                    return pack_padded_sequence(pad_sequence(list), lengths, enforce_sorted: enforce_sorted).MoveToOuterDisposeScope();
                }
            }
        }
    }
}
