using System.Runtime.InteropServices;
using System.Text;
using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public static partial class autograd
    {
        /// <summary>
        /// The managed half of a node of libtorch's graph (native/autograd_function.cpp). libtorch holds it through a GC
        /// handle for as long as the graph needs it, and calls it back when the backward pass reaches it.
        /// </summary>
        internal sealed unsafe class ManagedNode
        {
            [ThreadStatic]
            private static Exception? s_thrown;

            [ThreadStatic]
            private static byte* s_message;

            private readonly Func<AutogradContext, List<Tensor>, List<Tensor?>> _backward;
            private readonly string _name;
            private readonly bool[] _isTensor;
            private nint _address;

            internal ManagedNode(string name, Func<AutogradContext, List<Tensor>, List<Tensor?>> backward, object?[] inputs)
            {
                _name = name;
                _backward = backward;
                _isTensor = Array.ConvertAll(inputs, input => input is Tensor { IsInvalid: false });
                Context = new AutogradContext(this);
            }

            internal AutogradContext Context { get; }

            /// <summary>What a backward pass written in C# threw on this thread, once.</summary>
            internal static Exception? TakeException()
            {
                Exception? thrown = s_thrown;
                s_thrown = null;
                return thrown;
            }

            /// <summary>Runs a forward pass and joins its outputs to the graph of the inputs.</summary>
            internal List<Tensor> Apply(object?[] inputs, Func<AutogradContext, List<Tensor>> forward)
            {
                Tensor[] tensors = inputs.OfType<Tensor>().Where(tensor => !tensor.IsInvalid).ToArray();
                nint[] handles = Tensor.HandlesOf(tensors);
                bool executable;
                nint node = New(handles, &executable);
                try
                {
                    _address = (nint)Native.st_node_address(node);
                    List<Tensor> outputs;
                    using (no_grad())
                    {
                        outputs = forward(Context);
                    }
                    Context.GiveSettings(node);
                    return Wrap(node, handles, outputs, executable);
                }
                finally
                {
                    Native.st_node_delete(node);
                    GC.KeepAlive(tensors);
                }
            }

            internal List<Tensor> SavedVariables()
            {
                if (_address == 0)
                {
                    throw new ObjectDisposedException(_name, "The graph that this function belongs to is released.");
                }
                nint* results;
                int count;
                int status = Native.st_node_saved_variables((void*)_address, &results, &count);
                return [.. Tensor.TakeList(status, results, count)];
            }

            private nint New(nint[] inputs, bool* executable)
            {
                ManagedCallbacks callbacks = new() { Apply = &Apply, Release = &Release };
                GCHandle self = GCHandle.Alloc(this);
                fixed (byte* name = Encoding.UTF8.GetBytes(_name + '\0'))
                fixed (nint* handles = inputs)
                {
                    nint node = Native.st_node_new(name, callbacks, (void*)GCHandle.ToIntPtr(self), handles, inputs.Length, executable);
                    if (node == 0)
                    {
                        self.Free();
                        Native.Throw();
                    }
                    return node;
                }
            }

            private static List<Tensor> Wrap(nint node, nint[] inputs, List<Tensor> outputs, bool executable)
            {
                nint[] results = new nint[outputs.Count];
                fixed (nint* before = inputs, raw = Tensor.HandlesOf(outputs.ToArray()), wrapped = results)
                {
                    int status = Native.st_node_wrap_outputs(node, before, inputs.Length, raw, outputs.Count, executable, wrapped);
                    GC.KeepAlive(outputs);
                    Native.Check(status);
                }
                return results.Select(handle => handle == 0 ? null! : new Tensor(handle)).ToList();
            }

            /// <summary>The gradients of the inputs that are tensors, checked as PyTorch checks them.</summary>
            private List<Tensor?> Gradients(List<Tensor> gradOutputs)
            {
                List<Tensor?> gradients = _backward(Context, gradOutputs);
                int expected = _isTensor.Length;
                if (gradients.Count > expected && gradients.Skip(expected).All(IsAbsent))
                {
                    gradients = gradients[..expected];
                }
                if (gradients.Count != expected)
                {
                    throw new InvalidOperationException(
                        $"Function {_name} returned an incorrect number of gradients (expected {expected}, got {gradients.Count})");
                }
                List<Tensor?> result = [];
                for (int i = 0; i < expected; i++)
                {
                    if (_isTensor[i])
                    {
                        result.Add(gradients[i]);
                    }
                    else if (!IsAbsent(gradients[i]))
                    {
                        throw new InvalidOperationException(
                            $"Function {_name} returned a gradient that is defined at position {i + 1}, but the corresponding forward input was not a Tensor");
                    }
                }
                return result;

                static bool IsAbsent(Tensor? tensor) => tensor is null || tensor.IsInvalid;
            }

            /// <summary>
            /// The backward pass, called by libtorch. No exception may cross native frames: its text is returned, and the
            /// exception itself waits for the call of backward() that runs on this same thread.
            /// </summary>
            [UnmanagedCallersOnly]
            private static byte* Apply(void* self, nint* gradOutputs, int gradCount, nint* results, int resultCount)
            {
                try
                {
                    ManagedNode node = (ManagedNode)GCHandle.FromIntPtr((nint)self).Target!;
                    List<Tensor> grads = [];
                    for (int i = 0; i < gradCount; i++)
                    {
                        grads.Add(gradOutputs[i] == 0 ? null! : new Tensor(gradOutputs[i]));
                    }
                    List<Tensor?> gradients = node.Gradients(grads);
                    for (int i = 0; i < Math.Min(resultCount, gradients.Count); i++)
                    {
                        results[i] = gradients[i] is { IsInvalid: false } gradient ? Native.st_alias(gradient.Handle) : 0;
                    }
                    GC.KeepAlive(gradients);
                    return null;
                }
                catch (Exception thrown)
                {
                    s_thrown = thrown;
                    Marshal.FreeCoTaskMem((nint)s_message);
                    s_message = (byte*)Marshal.StringToCoTaskMemUTF8(thrown.Message);
                    return s_message;
                }
            }

            /// <summary>libtorch has released the node.</summary>
            [UnmanagedCallersOnly]
            private static void Release(void* self)
            {
                GCHandle handle = GCHandle.FromIntPtr((nint)self);
                if (handle.Target is ManagedNode node)
                {
                    node._address = 0;
                    node.Context.Dispose();
                }
                handle.Free();
            }
        }
    }
}
