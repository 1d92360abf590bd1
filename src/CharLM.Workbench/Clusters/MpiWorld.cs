using System.Runtime.InteropServices;
using CharLM.Training;

namespace CharLM.Workbench.Clusters;

/// <summary>Finds the MPI library that belongs to the launcher of this process, and joins the job's processes.</summary>
internal static partial class MpiWorld
{
    /// <summary>Instead of a library: the one that fits the launcher, if there is a launcher.</summary>
    public const string Auto = "auto";

    /// <summary>Instead of a library: every process is alone.</summary>
    public const string None = "none";

    // _SC_NPROCESSORS_ONLN of Linux.
    private const int OnlineProcessors = 84;

    // The names that distributions give the libraries: OpenMPI 4 and 5, MPICH 3 and 4, MPI 5's standard interface.
    private static readonly string[]
        OpenMpi = ["libmpi.so.40"], Mpich = ["libmpi.so.12", "libmpich.so.12"], Standard = ["libmpi_abi.so.0"];

    /// <summary>Joins the processes that the launcher started.</summary>
    /// <param name="launcher">The launcher.</param>
    /// <param name="library">The library's file, or <see cref="Auto"/>.</param>
    /// <exception cref="RanksException">There is no library, or the processes do not find each other.</exception>
    public static Mpi Join(Launcher launcher, string library)
    {
        // OpenMPI waits in a loop, which takes the processor from the ranks that compute; and UCX, the network library of MPICH, would
        // replace .NET's handler of SIGSEGV, by which .NET notices null references.
        if (launcher.LocalSize > Processors())
            NativeEnvironment.Set("OMPI_MCA_mpi_yield_when_idle", "1", overwrite: false);
        NativeEnvironment.Set("UCX_ERROR_SIGNALS", "", overwrite: true);
        var mpi = new Mpi(Load(launcher, library));
        if (mpi.Count == launcher.Size)
            return mpi;
        (string kind, int count) = (mpi.Kind, mpi.Count);
        mpi.Dispose();
        throw new RanksException(
            $"{launcher.Name} started {launcher.Size} processes, but in {kind}'s library this one is one of {count}: launcher and library "
                + "do not belong together; use the library's own mpirun, or name the launcher's library");
    }

    /// <summary>Threads that each process should use, so that those of a machine share its processors.</summary>
    public static int ThreadsOf(Launcher launcher) => Math.Clamp(Processors() / launcher.LocalSize, 1, Environment.ProcessorCount);

    private static nint Load(Launcher launcher, string library)
    {
        if (library != Auto)
        {
            return NativeLibrary.TryLoad(library, out nint named) ? named
                : throw new RanksException($"{library} cannot be loaded: it is no library for this machine");
        }
        string[] names = launcher.Name.StartsWith("MPICH", StringComparison.Ordinal) ? [.. Mpich, .. Standard, .. OpenMpi]
            : [.. OpenMpi, .. Standard, .. Mpich];
        foreach (string name in names)
        {
            if (NativeLibrary.TryLoad(name, out nint found))
                return found;
        }
        throw new RanksException(
            $"{launcher.Name} started {launcher.Size} processes, but there is no MPI library to connect them ({string.Join(", ", names)}): "
                + "install OpenMPI or MPICH, or train in one process");
    }

    // A process that is bound to a processor sees only that one, but others may wait beside it.
    private static int Processors()
    {
        long online = OperatingSystem.IsLinux() ? GetConfiguration(OnlineProcessors) : 0;
        return online > 0 ? (int)online : Environment.ProcessorCount;
    }

    [LibraryImport("libc", EntryPoint = "sysconf")]
    private static partial long GetConfiguration(int name);
}
