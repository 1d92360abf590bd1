namespace TorchSharp;

public static partial class torch
{
    public static partial class autograd
    {
        /// <summary>An operation whose backward pass is written by hand; called through apply().</summary>
        public abstract class Function<T>
            where T : Function<T>, new()
        {
            /// <summary>The name in error messages and in the graph.</summary>
            public abstract string Name { get; }

            internal static T Instance { get; } = new();

            public static List<Tensor> apply_internal(params object[] vars)
            {
                ManagedNode node = new(Instance.Name, Instance.Backward, vars);
                return node.Apply(vars, context => Instance.Forward(context, vars));
            }

            internal abstract List<Tensor> Forward(AutogradContext context, object[] vars);

            internal abstract List<Tensor?> Backward(AutogradContext context, List<Tensor> grads);
        }

        /// <summary>A custom operation with one output.</summary>
        public abstract class SingleTensorFunction<T> : Function<T>
            where T : SingleTensorFunction<T>, new()
        {
            public static Tensor apply(params object[] vars) => apply_internal(vars)[0];

            public abstract Tensor forward(AutogradContext ctx, params object[] vars);

            /// <summary>One gradient for each argument of apply(); null for what is no tensor or needs none.</summary>
            public abstract List<Tensor> backward(AutogradContext ctx, Tensor grad_output);

            internal sealed override List<Tensor> Forward(AutogradContext context, object[] vars) => [forward(context, vars)];

            internal sealed override List<Tensor?> Backward(AutogradContext context, List<Tensor> grads) => [.. backward(context, grads[0])];
        }

        /// <summary>A custom operation with any number of outputs.</summary>
        public abstract class MultiTensorFunction<T> : Function<T>
            where T : MultiTensorFunction<T>, new()
        {
            public static List<Tensor> apply(params object[] vars) => apply_internal(vars);

            public abstract List<Tensor> forward(AutogradContext ctx, params object[] vars);

            /// <summary>One gradient for each argument of apply(); null for what is no tensor or needs none.</summary>
            public abstract List<Tensor> backward(AutogradContext ctx, List<Tensor> grad_outputs);

            internal sealed override List<Tensor> Forward(AutogradContext context, object[] vars) => forward(context, vars);

            internal sealed override List<Tensor?> Backward(AutogradContext context, List<Tensor> grads) => [.. backward(context, grads)];
        }
    }
}
