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

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name != Library)
        {
            return 0;
        }
        if (NativeLibrary.TryLoad("libsystemtorch.so", assembly, DllImportSearchPath.AssemblyDirectory, out nint handle))
        {
            return handle;
        }
        throw new DllNotFoundException(
            $"libsystemtorch.so, the C shim over the system's libtorch, cannot be loaded from {AppContext.BaseDirectory}. " +
            "Run scripts/setup, then build again.");
    }
}
