using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public static partial class autograd
    {
        /// <summary>What the forward pass of a custom function leaves for its backward pass.</summary>
        public class AutogradContext : IDisposable
        {
            private readonly ManagedNode _node;
            private readonly Dictionary<string, object> _data = [];
            private Tensor?[] _toSave = [];
            private Tensor?[] _dirty = [];
            private Tensor?[] _nonDifferentiable = [];

            internal AutogradContext(ManagedNode node) => _node = node;

            /// <summary>Whether the backward pass receives zeros, not null, for outputs that nothing depends on.</summary>
            public bool MaterializeGrads { get; private set; } = true;

            public void set_materialize_grads(bool value) => MaterializeGrads = value;

            /// <summary>Keeps inputs or outputs for the backward pass; once, in the forward pass.</summary>
            public void save_for_backward(List<Tensor> tensors) => _toSave = [.. tensors];

            /// <summary>What was saved, after a check that nothing changed it in place since.</summary>
            public List<Tensor> get_saved_variables() => _node.SavedVariables();

            /// <summary>Keeps anything that is not a tensor.</summary>
            public void save_data(string key, object value) => _data[key] = value;

            public object get_data(string key) => _data.TryGetValue(key, out object? value) ? value : null!;

            /// <summary>Names the inputs that the forward pass changed in place.</summary>
            public void mark_dirty(List<Tensor> tensors) => _dirty = [.. tensors];

            /// <summary>Names the outputs that have no gradient.</summary>
            public void mark_non_differentiable(List<Tensor> tensors) => _nonDifferentiable = [.. tensors];

            public void Dispose()
            {
                Dispose(true);
                GC.SuppressFinalize(this);
            }

            protected virtual void Dispose(bool disposing) => _data.Clear();

            /// <summary>Hands over to the native node, which holds the saved tensors from then on.</summary>
            internal unsafe void GiveSettings(nint node)
            {
                nint[] save = Tensor.HandlesOf(_toSave), dirty = Tensor.HandlesOf(_dirty), constant = Tensor.HandlesOf(_nonDifferentiable);
                fixed (nint* s = save, d = dirty, n = constant)
                {
                    int status = Native.st_node_settings(node, s, save.Length, d, dirty.Length, n, constant.Length, MaterializeGrads);
                    GC.KeepAlive(_toSave);
                    GC.KeepAlive(_dirty);
                    GC.KeepAlive(_nonDifferentiable);
                    Native.Check(status);
                }
                (_toSave, _dirty, _nonDifferentiable) = ([], [], []);
            }
        }
    }
}
