using System.Diagnostics;
using System.Runtime.InteropServices;
using CharLM.Training;
using CharLM.Workbench.Clusters;

namespace CharLM.Tests.Workbench.Clusters;

/// <summary>The thread level that an MPI library grants; a library of each family, made for the test, with a job of one process.</summary>
public sealed class MpiThreadLevelTests : IDisposable
{
    private const string Common = """
        int finished = 0;
        int MPI_Init_thread(void *c, void *v, int needed, int *provided) { *provided = PROVIDED; return needed == NEEDED ? 0 : 1; }
        int MPI_Comm_set_errhandler(void *world, void *handler) { return 0; }
        int MPI_Comm_rank(void *world, int *rank) { *rank = 0; return 0; }
        int MPI_Comm_size(void *world, int *size) { *size = 1; return 0; }
        int MPI_Finalize(void) { finished++; return 0; }
        int MPI_Allreduce(void) { return 0; }
        int MPI_Bcast(void) { return 0; }
        int MPI_Allgather(void) { return 0; }
        int MPI_Ibarrier(void) { return 0; }
        int MPI_Test(void) { return 0; }

        """;

    private const string OfOpenMpi = "int ompi_mpi_comm_world, ompi_mpi_float, ompi_mpi_byte, ompi_mpi_op_sum, ompi_mpi_errors_return;\n";
    private const string OfStandard = "int MPI_Abi_get_version(int *major, int *minor) { *major = 1; *minor = 0; return 0; }\n";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // The levels are MPI's: single, funneled, serialized, multiple.
    [Theory]
    [InlineData("MPICH", "", 0, 2, "a single thread only")]
    [InlineData("MPICH", "", 1, 2, "calls of the main thread only")]
    [InlineData("OpenMPI", OfOpenMpi, 1, 2, "calls of the main thread only")]
    [InlineData("MPI 5", OfStandard, 0, 2048, "a single thread only")]
    [InlineData("MPI 5", OfStandard, 1024, 2048, "calls of the main thread only")]
    [InlineData("MPICH", "", 2, 2, null)]
    [InlineData("OpenMPI", OfOpenMpi, 3, 2, null)]
    [InlineData("MPI 5", OfStandard, 4096, 2048, null)]
    public async Task Open_Library_RefusesOneThatOnlyOneThreadMayCall(
        string kind, string particular, int provided, int needed, string? says)
    {
        nint library = await CompileAsync(Common + particular, $"-DPROVIDED={provided}", $"-DNEEDED={needed}");
        nint finished = NativeLibrary.GetExport(library, "finished");
        if (says is null)
        {
            using (var mpi = new Mpi(library))
                Assert.Equal((kind, 0, 1), (mpi.Kind, mpi.Rank, mpi.Count));
        }
        else
        {
            string message = Assert.Throws<RanksException>(() => new Mpi(library)).Message;
            Assert.StartsWith($"{kind}'s library grants {says} (thread level {provided}), but training calls it", message,
                StringComparison.Ordinal);
            Assert.DoesNotContain('\n', message);
        }
        // Left either way, so that the launcher does not take the process for lost.
        Assert.Equal(1, Marshal.ReadInt32(finished));
    }

    private async Task<nint> CompileAsync(string source, params string[] options)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the libraries are for Linux");
        Assert.SkipUnless((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists($"{folder}/cc")),
            "there is no C compiler, cc");
        string library = _folder.File("libmpi.so");
        await File.WriteAllTextAsync(_folder.File("mpi.c"), source);
        using Process compiler = Process.Start("cc", ["-shared", "-fPIC", "-o", library, .. options, _folder.File("mpi.c")]);
        await compiler.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, compiler.ExitCode);
        return NativeLibrary.Load(library);
    }
}
