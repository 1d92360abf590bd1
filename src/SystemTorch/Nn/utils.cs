using TorchSharp.Modules;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        /// <summary>What training does to all parameters at once.</summary>
        public static partial class utils
        {
            /// <summary>
            /// Scales the gradients in place so that their common norm is at most <paramref name="max_norm"/>; returns the norm before.
            /// </summary>
            public static double clip_grad_norm_(IEnumerable<Parameter> tensors, double max_norm, double norm_type = 2)
            {
                using DisposeScope scope = NewDisposeScope();
                using IDisposable unrecorded = no_grad();
                Tensor[] grads = Gradients(tensors);
                if (grads.Length == 0)
                {
                    return 0;
                }
                Tensor norm = double.IsPositiveInfinity(norm_type)
                    ? stack(grads.Select(grad => grad.abs().max())).max()
                    : stack(grads.Select(grad => grad.norm((float)norm_type))).norm((float)norm_type);
                Tensor scale = (max_norm / (norm + 1e-6)).clamp_max(1.0);
                foreach (Tensor grad in grads)
                {
                    grad.mul_(scale);
                }
                return norm.ToDouble();
            }

            /// <summary>Limits every element of every gradient to plus or minus <paramref name="clip_value"/>.</summary>
            public static void clip_grad_value_(IEnumerable<Parameter> tensors, double clip_value)
            {
                using DisposeScope scope = NewDisposeScope();
                using IDisposable unrecorded = no_grad();
                foreach (Tensor grad in Gradients(tensors))
                {
                    grad.clamp_(-clip_value, clip_value);
                }
            }

            /// <summary>All parameters one after the other in one vector, still part of the graph.</summary>
            public static Tensor parameters_to_vector(IEnumerable<Parameter> tensors)
            {
                using DisposeScope scope = NewDisposeScope();
                return cat(tensors.Select(parameter => parameter.view(-1)).ToArray()).MoveToOuterDisposeScope();
            }

            /// <summary>The way back.</summary>
            public static void vector_to_parameters(Tensor vec, IEnumerable<Parameter> tensors)
            {
                using DisposeScope scope = NewDisposeScope();
                using IDisposable unrecorded = no_grad();
                long offset = 0;
                foreach (Parameter parameter in tensors)
                {
                    long count = parameter.numel();
                    parameter.copy_(vec.narrow(0, offset, count).view_as(parameter));
                    offset += count;
                }
            }

            private static Tensor[] Gradients(IEnumerable<Parameter> parameters) =>
                parameters.Select(parameter => parameter.grad).OfType<Tensor>().ToArray();
        }
    }
}
