using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

// Everything that crosses the border is blittable (native/common.h): the calls need no marshalling stubs.
[assembly: DisableRuntimeMarshalling]

namespace TorchSharp.Interop;

/// <summary>The C functions of native/*.cpp, declared here one file a source file.</summary>
internal static unsafe partial class Native
{
    private const string Library = "systemtorch";

    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "The resolver must be in place before the first call, whichever type makes it.")]
    internal static void Initialize() => NativeLibrary.SetDllImportResolver(typeof(Native).Assembly, Resolve);

    /// <summary>Throws what libtorch threw during the last call on this thread, as TorchSharp does.</summary>
    [DoesNotReturn]
    internal static void Throw()
    {
        string message = Marshal.PtrToStringUTF8((nint)st_last_error()) ?? "";
        Exception? inner = torch.autograd.ManagedNode.TakeException();
        throw inner is null ? new ExternalException(message) : new ExternalException(message, inner);
    }

    internal static void Check(int status)
    {
        if (status != 0)
        {
            Throw();
        }
    }

    /// <summary>
    /// Tells OpenMP, which reads its environment when it is loaded, to let a thread sleep while it waits for another, unless
    /// the user has decided. Spinning costs nothing on an idle machine, but a waiting thread then holds the core that the
    /// other one needs when anything else runs: an LSTM step (256 units, 32 x 35 tokens) on two threads took 92 ms beside
    /// one busy process when spinning, 37 ms when sleeping; undisturbed 33 ms and 36 ms; on one thread 30 to 33 ms always.
    /// </summary>
    private static void WaitWithoutSpinning()
    {
        fixed (byte* name = "OMP_WAIT_POLICY\0"u8, value = "passive\0"u8)
        {
            _ = setenv(name, value, 0);
        }
    }

    [DllImport("libc")]
    private static extern int setenv(byte* name, byte* value, int overwrite);

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name != Library)
        {
            return 0;
        }
        WaitWithoutSpinning();
        if (NativeLibrary.TryLoad("libsystemtorch.so", assembly, DllImportSearchPath.AssemblyDirectory, out nint handle))
        {
            return handle;
        }
        throw new DllNotFoundException(
            $"libsystemtorch.so, the C shim over the system's libtorch, cannot be loaded from {AppContext.BaseDirectory}. " +
            "Run scripts/setup, then build again.");
    }
}
