using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    // The place of a tensor in the graph of gradients.
    public partial class Tensor
    {
        public bool requires_grad
        {
            get => Ask(Native.st_requires_grad(Handle));
            set => Done(Native.st_set_requires_grad(Handle, value));
        }

        public bool is_leaf => Ask(Native.st_is_leaf(Handle));

        /// <summary>The gradient, as a new managed object at every call; null before the first backward pass.</summary>
        public unsafe Tensor? grad
        {
            get
            {
                nint result;
                Done(Native.st_grad(Handle, &result));
                return result == 0 ? null : new Tensor(result);
            }

            set => Done(Native.st_set_grad(Handle, HandleOf(value)), value);
        }

        public Tensor requires_grad_(bool requires_grad = true)
        {
            this.requires_grad = requires_grad;
            return this;
        }

        public Tensor with_requires_grad(bool requires_grad = true) => requires_grad_(requires_grad);

        public void retain_grad() => Done(Native.st_retain_grad(Handle));

        public Tensor detach() => Make(Native.st_detach(Handle), this);

        public Tensor detach_() => Done(Native.st_detach_(Handle));

        /// <summary>Adds the gradients of this tensor to every leaf it was computed from.</summary>
        public void backward() => autograd.backward(this);

        public void backward(
            IList<Tensor>? grad_tensors = null, bool retain_graph = false, bool create_graph = false, IList<Tensor>? inputs = null) =>
            autograd.backward([this], grad_tensors, retain_graph, create_graph, inputs);
    }
}
