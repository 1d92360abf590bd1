using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        // Losses.
        public static partial class functional
        {
            /// <summary>Of logits [N, C, ...] and classes (Int64) [N, ...], or probabilities [N, C, ...].</summary>
            public static Tensor cross_entropy(
                Tensor input, Tensor target, Tensor? weight = null, long ignore_index = -100, Reduction reduction = Reduction.Mean,
                double label_smoothing = 0) =>
                Tensor.Make(
                    Native.st_cross_entropy(input.Handle, target.Handle, Tensor.HandleOf(weight), ignore_index, (long)reduction, label_smoothing),
                    input, target, weight);

            /// <summary>Of log-probabilities [N, C, ...] and classes (Int64) [N, ...].</summary>
            public static Tensor nll_loss(Tensor input, Tensor target, Tensor? weight = null, Reduction reduction = Reduction.Mean) =>
                Tensor.Make(Native.st_nll_loss(input.Handle, target.Handle, Tensor.HandleOf(weight), -100, (long)reduction), input, target, weight);

            public static Tensor mse_loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean) =>
                Tensor.Make(Native.st_mse_loss(input.Handle, target.Handle, (long)reduction), input, target);

            public static Tensor l1_loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean) =>
                Tensor.Make(Native.st_l1_loss(input.Handle, target.Handle, (long)reduction), input, target);

            public static Tensor binary_cross_entropy(Tensor input, Tensor target, Tensor? weight = null, Reduction reduction = Reduction.Mean) =>
                Tensor.Make(Native.st_binary_cross_entropy(input.Handle, target.Handle, Tensor.HandleOf(weight), (long)reduction), input, target, weight);

            public static Tensor binary_cross_entropy_with_logits(
                Tensor input, Tensor target, Tensor? weight = null, Reduction reduction = Reduction.Mean, Tensor? pos_weights = null)
            {
                Tensor result = Tensor.Make(
                    Native.st_binary_cross_entropy_with_logits(
                        input.Handle, target.Handle, Tensor.HandleOf(weight), (long)reduction, Tensor.HandleOf(pos_weights)),
                    input, target, weight);
                GC.KeepAlive(pos_weights);
                return result;
            }

            public static Tensor kl_div(Tensor input, Tensor target, bool log_target = true, Reduction reduction = Reduction.Mean) =>
                Tensor.Make(Native.st_kl_div(input.Handle, target.Handle, (long)reduction, log_target), input, target);
        }
    }
}
