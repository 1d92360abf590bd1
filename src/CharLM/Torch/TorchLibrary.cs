using System.Diagnostics;
using System.Runtime;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using Microsoft.Win32.SafeHandles;

namespace CharLM.Torch;

/// <summary>Loads TorchSharp's native libraries where .NET alone cannot, and says why in one line where they cannot be loaded.</summary>
/// <remarks>
/// TorchSharp 0.107 requires the libstdc++ of GCC 13, which Debian 12 and Ubuntu 22.04 lack, for one symbol that is never called.
/// Once that requirement is marked weak, in memory, the library loads. NuGet's files stay unchanged.
/// </remarks>
internal static partial class TorchLibrary
{
    private const string Binding = "LibTorchSharp", Libtorch = "torch_cpu";

    // The systems with a package libtorch-cpu-SYSTEM.
    private static readonly string[] Systems = ["linux-x64", "win-x64", "win-arm64", "osx-arm64"];

    private static readonly string[] VisualC = ["MSVCP140.dll", "VCRUNTIME140.dll", "VCRUNTIME140_1.dll"];

    private static readonly Lock Loading = new();
    private static nint s_binding;
    private static DllNotFoundException? s_failure;

    /// <summary>
    /// Registers a resolver for native libraries that .NET could not load, turns background garbage collection off, keeps oneDNN from
    /// registers with which it is wrong, and on Windows torch from ending the process at Ctrl+C.
    /// </summary>
    /// <remarks>
    /// TorchSharp 0.107 passes numbers to torch (the 2 of x.square(), the factor 1 of a + b) as objects that nothing keeps alive during the
    /// call. A background collection that ends meanwhile frees them: torch throws "Expected false to be true", or the process ends. Without
    /// background collection, a thread that uses torch collects only between calls.
    /// </remarks>
#pragma warning disable CA2255 // Any code may be the first to use torch, so no later moment is early enough.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Listen()
    {
        AssemblyLoadContext.Default.ResolvingUnmanagedDll += (_, name) => name == Binding ? Resolve() : 0;
        OneDnn.AvoidWrongRegisters();
        if (OperatingSystem.IsWindows())
            LeaveCtrlCAlone();
        if (GCSettings.LatencyMode == GCLatencyMode.Interactive)
            GCSettings.LatencyMode = GCLatencyMode.Batch;
    }

    /// <summary>Checks that torch can be loaded, before anything calls it.</summary>
    /// <exception cref="DllNotFoundException">It cannot; the message says why and what to do.</exception>
    public static void Check()
    {
        if (s_binding == 0 && OperatingSystem.IsLinux()
            && new[] { Libtorch, Binding }.Select(Find).FirstOrDefault(path => path is not null && ElfFile.IsCutOff(path)) is { } path)
            throw Damaged($"{path} is cut off");
        if (s_failure is { } failure)
            throw failure;
    }

    // Intel's OpenMP library, which comes with torch, installs a Fortran handler that ends the process ("forrtl: error (200)") before
    // anything can be saved. On loading it reads the C library's copy of the environment.
    private static void LeaveCtrlCAlone() => NativeEnvironment.Set("FOR_DISABLE_CONSOLE_CTRL_HANDLER", "1", overwrite: false);

    // Before its first call, TorchSharp probes whether its library loads. If the probe fails, it copies packages into the program's
    // folder and writes pages to standard output, so probes get a dummy handle and only calls get the exception.
    private static nint Resolve()
    {
        lock (Loading)
        {
            if (s_binding != 0)
                return s_binding;
            try
            {
                if (s_failure is null)
                    return s_binding = Find(Binding) is { } path ? Load(path) : RunsFromPackages ? 0 : throw Missing();
            }
            catch (DllNotFoundException e)
            {
                s_failure = e;
            }
            bool isTry = new StackTrace().GetFrames().Any(frame => frame.GetMethod()?.DeclaringType == typeof(NativeLibrary));
            return isTry ? NativeLibrary.GetMainProgramHandle() : throw s_failure;
        }
    }

    private static nint Load(string path)
    {
        if (Find(Libtorch) is not { } libtorch)
            throw Missing();
        try
        {
            NativeLibrary.Load(libtorch);
            if (OperatingSystem.IsLinux() && LoadForOlderSystem(path) is var library and not 0)
                return library;
            return NativeLibrary.Load(path);
        }
        catch (Exception e) when (
            e is DllNotFoundException or BadImageFormatException or InvalidDataException or IOException or UnauthorizedAccessException)
        {
            if (OperatingSystem.IsWindows() && MissingRuntime(name => NativeLibrary.TryLoad(name, out _)) is { } runtime)
                throw new DllNotFoundException(runtime, e);
            throw Damaged(e is DllNotFoundException missing ? Cause(missing) : $"{path}: {e.Message}", e);
        }
    }

    // Returns 0 when an older libstdc++ is not the obstacle.
    private static nint LoadForOlderSystem(string path)
    {
        byte[] elf = File.ReadAllBytes(path);
        if (!ElfFile.WeakenVersionNeed(elf, "GLIBCXX_3.4.32"u8))
            return 0;
        // Loaded by its path, since a file in memory has no folder in which to look for its dependencies.
        NativeLibrary.Load(Path.Combine(Path.GetDirectoryName(path)!, "libtorch.so"));
        using SafeFileHandle memory = new(CreateMemoryFile(Path.GetFileName(path), flags: 1), ownsHandle: true); // MFD_CLOEXEC
        if (memory.IsInvalid)
            throw new IOException($"cannot create a file in memory: {Marshal.GetLastPInvokeErrorMessage()}");
        RandomAccess.Write(memory, elf, 0);
        return NativeLibrary.Load($"/proc/self/fd/{memory.DangerousGetHandle()}");
    }

    private static string? Find(string name)
    {
        string file = OperatingSystem.IsWindows() ? $"{name}.dll" : OperatingSystem.IsMacOS() ? $"lib{name}.dylib" : $"lib{name}.so";
        string[] folders = (AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return folders.Append(AppContext.BaseDirectory).Select(folder => Path.Combine(folder, file)).FirstOrDefault(File.Exists);
    }

    // In a notebook or script, which runs from the package folders, TorchSharp collects its libraries itself.
    private static bool RunsFromPackages =>
        typeof(TorchSharp.torch).Assembly.Location is { Length: > 0 } assembly
        && Path.GetDirectoryName(assembly) != Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);

    private static DllNotFoundException Missing() => new(WithoutLibtorch(RuntimeInformation.RuntimeIdentifier));

    /// <summary>The message for when libtorch is not beside the program.</summary>
    /// <param name="system">.NET's name of the system, such as linux-arm64.</param>
    internal static string WithoutLibtorch(string system) => Systems.Contains(system)
        ? $"libtorch is missing beside the program: add the package libtorch-cpu-{system} 2.10.0, or build or install charlm again"
        : $"there is no libtorch for {system}{(system == "osx-x64" ? " (PyTorch ended its builds for Intel Macs)" : "")}: networks need "
            + $"{string.Join(", ", Systems[..^1])} or {Systems[^1]}; n-grams, corpora and reports work here, too";

    /// <summary>The message that names the missing libraries of the Visual C++ runtime and where to get them; null when none is.</summary>
    /// <param name="canLoad">Whether a library with a given name can be loaded.</param>
    internal static string? MissingRuntime(Func<string, bool> canLoad)
    {
        string[] missing = [.. VisualC.Where(name => !canLoad(name))];
        string system = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "x64";
        return missing.Length == 0 ? null
            : $"{string.Join(" and ", missing)} {(missing.Length == 1 ? "is" : "are")} missing: install the Microsoft Visual C++ "
                + $"Redistributable, https://aka.ms/vs/17/release/vc_redist.{system}.exe";
    }

    private static DllNotFoundException Damaged(string cause, Exception? inner = null) => new(
        $"{cause} (build or install the program again if a file is damaged; libtorch takes about 1 GB of memory)", inner);

    // .NET writes a line of advice, then one line for each path that it tried.
    private static string Cause(DllNotFoundException e)
    {
        string[] lines = e.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return lines.Length > 1 ? lines[1] : lines[0];
    }

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int CreateMemoryFile(string name, uint flags);
}
