using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>A tensor of libtorch: its handle, its life and its place in a dispose scope.</summary>
    public partial class Tensor : IDisposable
    {
        private static long s_totalCount;
        private static long s_peakCount;

        private nint _handle;

        internal Tensor(nint handle)
            : this(handle, register: true)
        {
        }

        /// <summary>With <paramref name="register"/> false the tensor takes over the place of another that was counted before.</summary>
        internal Tensor(nint handle, bool register)
        {
            _handle = handle;
            if (register)
            {
                long total = Interlocked.Increment(ref s_totalCount);
                s_peakCount = Math.Max(s_peakCount, total);
                OwningDisposeScope = DisposeScopeManager.OfThread.Register(this);
            }
        }

        ~Tensor() => Dispose(false);

        /// <summary>The live tensors that the managed side holds, of all threads.</summary>
        public static long TotalCount => Interlocked.Read(ref s_totalCount);

        public static long PeakCount => s_peakCount;

        /// <summary>The native handle.</summary>
        /// <exception cref="InvalidOperationException">The tensor is disposed.</exception>
        public nint Handle => _handle != 0 ? _handle : throw new InvalidOperationException("Tensor invalid -- empty handle.");

        /// <summary>Whether the tensor is disposed.</summary>
        public bool IsInvalid => _handle == 0;

        /// <summary>A name for the reader of a debugger.</summary>
        public string? name { get; set; }

        internal DisposeScope? OwningDisposeScope { get; set; }

        /// <summary>Takes over a native handle.</summary>
        public static Tensor UnsafeCreateTensor(nint handle) => new(handle);

        public void Dispose()
        {
            if (_handle != 0)
            {
                DisposeScopeManager.OfThread.CountDisposal(this, OwningDisposeScope);
                OwningDisposeScope?.MarkAsDisposed(this);
            }
            Dispose(true);
            GC.SuppressFinalize(this);
        }

        /// <summary>Gives to the enclosing dispose scope; where there is none, to nobody.</summary>
        public Tensor MoveToOuterDisposeScope()
        {
            OwningDisposeScope?.MoveToOuter(this);
            return this;
        }

        public Tensor MoveToOtherDisposeScope(DisposeScope? other)
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

        public Tensor MoveToOtherDisposeScope(Tensor other) => MoveToOtherDisposeScope(other.OwningDisposeScope);

        /// <summary>Takes out of every dispose scope: the caller disposes.</summary>
        public Tensor DetachFromDisposeScope()
        {
            OwningDisposeScope?.Detach(this);
            return this;
        }

        /// <summary>Gives the native handle away; this object is then as good as disposed.</summary>
        public nint DecoupleFromNativeHandle()
        {
            GC.SuppressFinalize(this);
            nint handle = Handle;
            Interlocked.Decrement(ref s_totalCount);
            _handle = 0;
            return handle;
        }

        /// <summary>Another managed object for the same native tensor.</summary>
        public Tensor alias() => Make(Native.st_alias(Handle), this);

        /// <summary>Whether both have the same shape and elements.</summary>
        public unsafe bool Equals(Tensor target)
        {
            bool equal;
            Native.Check(Native.st_equal(Handle, target.Handle, &equal));
            GC.KeepAlive(this);
            GC.KeepAlive(target);
            return equal;
        }

        public override bool Equals(object? obj) => obj is Tensor other && Equals(other);

        public override int GetHashCode() => base.GetHashCode();

        protected virtual void Dispose(bool disposing)
        {
            nint handle = Interlocked.Exchange(ref _handle, 0);
            if (handle != 0)
            {
                Interlocked.Decrement(ref s_totalCount);
                Native.st_tensor_delete(handle);
            }
        }

        /// <summary>Gives the handle to an object that takes over the count of this one.</summary>
        internal nint MoveHandle()
        {
            GC.SuppressFinalize(this);
            return Interlocked.Exchange(ref _handle, 0);
        }

        // --- for every operation: the result of a call, with the operands kept alive until the call has returned.
        // Otherwise the collector could finalise an operand, and delete its native tensor, while libtorch still reads it.

        /// <summary>The new tensor that a call returned.</summary>
        internal static Tensor Make(nint result, Tensor? operand0 = null, Tensor? operand1 = null, Tensor? operand2 = null)
        {
            GC.KeepAlive(operand0);
            GC.KeepAlive(operand1);
            GC.KeepAlive(operand2);
            if (result == 0)
            {
                Native.Throw();
            }
            return new Tensor(result);
        }

        /// <summary>This tensor, after a call has changed it in place.</summary>
        internal Tensor Done(int status, Tensor? operand0 = null, Tensor? operand1 = null)
        {
            GC.KeepAlive(this);
            GC.KeepAlive(operand0);
            GC.KeepAlive(operand1);
            Native.Check(status);
            return this;
        }

        /// <summary>The handle of an operand that may be absent.</summary>
        internal static nint HandleOf(Tensor? tensor) => tensor is null ? 0 : tensor.Handle;

        internal static nint[] HandlesOf(ReadOnlySpan<Tensor?> tensors)
        {
            nint[] handles = new nint[tensors.Length];
            for (int i = 0; i < handles.Length; i++)
            {
                handles[i] = HandleOf(tensors[i]);
            }
            return handles;
        }

        /// <summary>The list that a call returned, wrapped and released.</summary>
        internal static unsafe Tensor[] TakeList(int status, nint* handles, int count)
        {
            Native.Check(status);
            Tensor[] tensors = new Tensor[count];
            for (int i = 0; i < count; i++)
            {
                tensors[i] = new Tensor(handles[i]);
            }
            Native.st_free(handles);
            return tensors;
        }
    }
}
