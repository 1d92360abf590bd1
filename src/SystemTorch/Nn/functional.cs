using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        /// <summary>Layers without parameters of their own.</summary>
        public static partial class functional
        {
            public static Tensor linear(Tensor input, Tensor weights, Tensor? bias = null) =>
                Tensor.Make(Native.st_linear(input.Handle, weights.Handle, Tensor.HandleOf(bias)), input, weights, bias);

            public static Tensor relu(Tensor x, bool inplace = false) => inplace ? x.relu_().alias() : x.relu();

            public static Tensor gelu(Tensor x) => x.gelu();

            public static Tensor gelu(Tensor x, bool inplace) => inplace ? x.gelu_().alias() : x.gelu();

            public static Tensor silu(Tensor x, bool inplace = false) => inplace ? x.silu_().alias() : x.silu();

            public static Tensor sigmoid(Tensor x) => x.sigmoid();

            public static Tensor sigmoid(Tensor x, bool inplace) => inplace ? x.sigmoid_().alias() : x.sigmoid();

            public static Tensor tanh(Tensor x, bool inplace = false) => inplace ? x.tanh_().alias() : x.tanh();

            public static Tensor logsigmoid(Tensor x) => x.log_sigmoid();

            public static Tensor softmax(Tensor input, long dim, ScalarType? dtype = null) => input.softmax(dim, dtype);

            public static Tensor log_softmax(Tensor x, long dim) => x.log_softmax(dim);

            /// <summary>Zeroes elements with probability p and scales the others by 1 / (1 - p), while training.</summary>
            public static Tensor dropout(Tensor input, double p = 0.5, bool training = true, bool inplace = false) =>
                inplace
                    ? input.Done(Native.st_dropout_(input.Handle, p, training)).alias()
                    : Tensor.Make(Native.st_dropout(input.Handle, p, training), input);

            public static Tensor one_hot(Tensor x, long num_classes = -1) => Tensor.Make(Native.st_one_hot(x.Handle, num_classes), x);

            public static unsafe Tensor layer_norm(
                Tensor input, long[] normalized_shape, Tensor? weight = null, Tensor? bias = null, double eps = 1E-05)
            {
                fixed (long* shape = normalized_shape)
                {
                    return Tensor.Make(
                        Native.st_layer_norm(input.Handle, shape, normalized_shape.Length, Tensor.HandleOf(weight), Tensor.HandleOf(bias), eps),
                        input, weight, bias);
                }
            }

            public static Tensor scaled_dot_product_attention(
                Tensor query, Tensor key, Tensor value, Tensor? attn_mask = null, double p = 0, bool is_casual = false)
            {
                Tensor result = Tensor.Make(
                    Native.st_scaled_dot_product_attention(query.Handle, key.Handle, value.Handle, Tensor.HandleOf(attn_mask), p, is_casual),
                    query, key, value);
                GC.KeepAlive(attn_mask);
                return result;
            }

            // --- padding: pairs of widths, the last dimension first

            public static Tensor pad(Tensor input, long pad, PaddingModes mode = PaddingModes.Constant, double value = 0) =>
                functional.pad(input, [pad, pad], mode, value);

            public static Tensor pad(Tensor input, (long, long) pad, PaddingModes mode = PaddingModes.Constant, double value = 0) =>
                functional.pad(input, [pad.Item1, pad.Item2], mode, value);

            public static Tensor pad(Tensor input, (long, long, long, long) pad, PaddingModes mode = PaddingModes.Constant, double value = 0) =>
                functional.pad(input, [pad.Item1, pad.Item2, pad.Item3, pad.Item4], mode, value);

            public static Tensor pad(Tensor input, long[] pad, PaddingModes mode = PaddingModes.Constant, double value = 0) =>
                functional.pad(input, (ReadOnlySpan<long>)pad, mode, value);

            public static unsafe Tensor pad(Tensor input, ReadOnlySpan<long> pad, PaddingModes mode = PaddingModes.Constant, double value = 0)
            {
                fixed (long* widths = pad)
                {
                    // Zeros is a constant, too.
                    return mode == PaddingModes.Zeros
                        ? functional.pad(input, pad)
                        : Tensor.Make(Native.st_pad(input.Handle, widths, pad.Length, (int)mode, value), input);
                }
            }
        }
    }
}
