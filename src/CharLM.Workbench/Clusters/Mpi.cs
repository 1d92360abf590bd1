using System.Runtime.InteropServices;
using CharLM.Training;

namespace CharLM.Workbench.Clusters;

/// <summary>
/// The few functions of MPI that training needs, from whichever library the machine has: OpenMPI, MPICH (and those with its interface, such
/// as Intel MPI), or any with the standard binary interface of MPI 5. It is loaded at run time, so training in one process needs none.
/// </summary>
/// <remarks>
/// MPI's handles differ: OpenMPI's are addresses of exported symbols, MPICH's and the standard's are numbers. A handle is passed as a
/// machine word in all of them. Thread safety: one thread at a time.
/// </remarks>
internal sealed unsafe class Mpi : IGradientExchange, IDisposable
{
    private static readonly TimeSpan ShortestNap = TimeSpan.FromMilliseconds(1), LongestNap = TimeSpan.FromMilliseconds(20);

    private readonly nint _library, _world, _float, _byte, _sum, _inPlace;
    private readonly delegate* unmanaged<void*, void*, int, nint, nint, nint, int> _allReduce;
    private readonly delegate* unmanaged<void*, int, nint, int, nint, int> _broadcast;
    private readonly delegate* unmanaged<void*, int, nint, void*, int, nint, nint, int> _allGather;
    private readonly delegate* unmanaged<nint, nint*, int> _barrier;
    private readonly delegate* unmanaged<nint*, int*, void*, int> _test;
    private bool _isOver;

    /// <summary>Opens a library and joins the job's processes.</summary>
    /// <param name="library">The loaded library.</param>
    /// <exception cref="RanksException">It is no MPI library, or one that only a single thread may call.</exception>
    /// <exception cref="IOException">It cannot start.</exception>
    public Mpi(nint library)
    {
        _library = library;
        nint errorsReturn;
        int serialized;
        if (IsStandard(library))
        {
            (Kind, _world, _float, _byte, _sum, errorsReturn, _inPlace, serialized) = ("MPI 5", 257, 528, 583, 33, 323, 1, 2048);
        }
        else if (NativeLibrary.TryGetExport(library, "ompi_mpi_comm_world", out _world))
        {
            (Kind, _inPlace, serialized) = ("OpenMPI", 1, 2);
            (_float, _byte, _sum, errorsReturn) = (
                Export("ompi_mpi_float"), Export("ompi_mpi_byte"), Export("ompi_mpi_op_sum"), Export("ompi_mpi_errors_return"));
        }
        else
        {
            (Kind, _world, _float, _byte, _sum, errorsReturn, _inPlace, serialized) = (
                "MPICH", 0x44000000, 0x4c00040a, 0x4c00010d, 0x58000003, 0x54000001, -1, 2);
        }
        int provided, rank, count;
        Check(((delegate* unmanaged<int*, byte***, int, int*, int>)Export("MPI_Init_thread"))(null, null, serialized, &provided));
        if (provided < serialized)
        {
            Dispose();
            throw new RanksException(
                $"{Kind}'s library grants {(provided == 0 ? "a single thread only" : "calls of the main thread only")} (thread level "
                    + $"{provided}), but training calls it from several threads, one at a time (level {serialized}): use a library that "
                    + "was built with support for threads, or train in one process");
        }
        Check(((delegate* unmanaged<nint, nint, int>)Export("MPI_Comm_set_errhandler"))(_world, errorsReturn));
        Check(((delegate* unmanaged<nint, int*, int>)Export("MPI_Comm_rank"))(_world, &rank));
        Check(((delegate* unmanaged<nint, int*, int>)Export("MPI_Comm_size"))(_world, &count));
        (Rank, Count) = (rank, count);
        _allReduce = (delegate* unmanaged<void*, void*, int, nint, nint, nint, int>)Export("MPI_Allreduce");
        _broadcast = (delegate* unmanaged<void*, int, nint, int, nint, int>)Export("MPI_Bcast");
        _allGather = (delegate* unmanaged<void*, int, nint, void*, int, nint, nint, int>)Export("MPI_Allgather");
        _barrier = (delegate* unmanaged<nint, nint*, int>)Export("MPI_Ibarrier");
        _test = (delegate* unmanaged<nint*, int*, void*, int>)Export("MPI_Test");
    }

    /// <summary>The library's family.</summary>
    public string Kind { get; }

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int Count { get; }

    /// <inheritdoc/>
    public void Sum(Span<float> values)
    {
        fixed (float* all = values)
            Check(_allReduce((void*)_inPlace, all, values.Length, _float, _sum, _world));
    }

    /// <inheritdoc/>
    public void Broadcast(Span<byte> bytes)
    {
        fixed (byte* all = bytes)
            Check(_broadcast(all, bytes.Length, _byte, 0, _world));
    }

    /// <inheritdoc/>
    public void Gather(ReadOnlySpan<byte> own, Span<byte> all)
    {
        fixed (byte* from = own, to = all)
            Check(_allGather(from, own.Length, _byte, to, own.Length, _byte, _world));
    }

    /// <inheritdoc/>
    public void Meet()
    {
        // A request is a word or less; a status fits into 64 bytes everywhere.
        nint request = 0;
        byte* status = stackalloc byte[64];
        int isOver = 0;
        Check(_barrier(_world, &request));
        for (TimeSpan nap = ShortestNap; ; nap = nap * 2 < LongestNap ? nap * 2 : LongestNap)
        {
            Check(_test(&request, &isOver, status));
            if (isOver != 0)
                return;
            Thread.Sleep(nap);
        }
    }

    /// <summary>Ends all processes of the job, this one included, however busy they are.</summary>
    /// <param name="code">The job's exit code.</param>
    public void Abort(int code)
    {
        _isOver = true;
        _ = ((delegate* unmanaged<nint, int, int>)Export("MPI_Abort"))(_world, code);
    }

    /// <summary>Leaves the job, once all its processes do.</summary>
    public void Dispose()
    {
        if (_isOver)
            return;
        _isOver = true;
        _ = ((delegate* unmanaged<int>)Export("MPI_Finalize"))();
    }

    private static bool IsStandard(nint library)
    {
        if (!NativeLibrary.TryGetExport(library, "MPI_Abi_get_version", out nint version))
            return false;
        int major = -1, minor;
        return ((delegate* unmanaged<int*, int*, int>)version)(&major, &minor) == 0 && major >= 1;
    }

    private static void Check(int code)
    {
        if (code != 0)
            throw new IOException($"the connection to the other ranks failed: MPI's error {code}");
    }

    private nint Export(string name) => NativeLibrary.TryGetExport(_library, name, out nint address) ? address
        : throw new RanksException($"the MPI library has no {name}: name another one");
}
