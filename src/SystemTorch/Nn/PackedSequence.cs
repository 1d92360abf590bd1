namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class utils
        {
            public static partial class rnn
            {
                /// <summary>Sequences of different lengths, laid out step by step: the longest first at every step.</summary>
                public sealed class PackedSequence : IDisposable
                {
                    public readonly Tensor data;
                    public readonly Tensor batch_sizes;
                    public readonly Tensor sorted_indices;
                    public readonly Tensor unsorted_indices;

                    private bool _isDisposed;

                    internal PackedSequence(Tensor data, Tensor batch_sizes, Tensor sorted_indices, Tensor unsorted_indices)
                    {
                        // The sequence owns its parts, and the scope owns the sequence.
                        this.data = data.DetachFromDisposeScope();
                        this.batch_sizes = batch_sizes.DetachFromDisposeScope();
                        this.sorted_indices = sorted_indices.DetachFromDisposeScope();
                        this.unsorted_indices = unsorted_indices.DetachFromDisposeScope();
                        OwningDisposeScope = DisposeScopeManager.OfThread.Register(this);
                    }

                    internal DisposeScope? OwningDisposeScope { get; set; }

                    /// <summary>How many sequences there are.</summary>
                    internal long BatchSize => batch_sizes[0].item<long>();

                    /// <summary>Other data of the same lengths and order.</summary>
                    internal PackedSequence With(Tensor data) =>
                        new(data, batch_sizes.alias(), sorted_indices.alias(), unsorted_indices.alias());

                    /// <summary>A state [layers, batch, hidden], its batch in the order the caller knows.</summary>
                    internal Tensor InOriginalOrder(Tensor state)
                    {
                        using (state)
                        {
                            return state.index_select(1, unsorted_indices);
                        }
                    }

                    public void Dispose()
                    {
                        if (_isDisposed)
                        {
                            return;
                        }
                        _isDisposed = true;
                        data.Dispose();
                        batch_sizes.Dispose();
                        sorted_indices.Dispose();
                        unsorted_indices.Dispose();
                        DisposeScopeManager.OfThread.CountDisposal(this, OwningDisposeScope);
                        OwningDisposeScope?.MarkAsDisposed(this);
                    }

                    public PackedSequence MoveToOuterDisposeScope()
                    {
                        OwningDisposeScope?.MoveToOuter(this);
                        return this;
                    }

                    public PackedSequence MoveToOtherDisposeScope(DisposeScope? other)
                    {
                        if (OwningDisposeScope is null)
                        {
                            other?.Attach(this);
                        }
                        else
                        {
                            OwningDisposeScope.MoveToOther(other, this);
                        }
                        return this;
                    }

                    public PackedSequence MoveToOtherDisposeScope(PackedSequence other) => MoveToOtherDisposeScope(other.OwningDisposeScope);

                    public PackedSequence DetachFromDisposeScope()
                    {
                        OwningDisposeScope?.Detach(this);
                        return this;
                    }
                }
            }
        }
    }
}
