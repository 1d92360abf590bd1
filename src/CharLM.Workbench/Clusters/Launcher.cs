using System.Globalization;

namespace CharLM.Workbench.Clusters;

/// <summary>The program that started several processes as one job, as its environment variables tell.</summary>
/// <param name="Name">What to call it.</param>
/// <param name="Size">Number of processes, 1 or more.</param>
/// <param name="Rank">The number of this one, from 0.</param>
/// <param name="LocalSize">Those on this machine.</param>
internal sealed record Launcher(string Name, int Size, int Rank, int LocalSize)
{
    /// <summary>The launcher of a process; null if it was started alone.</summary>
    /// <param name="variable">Its environment: the value of a variable, or null.</param>
    public static Launcher? Find(Func<string, string?> variable)
    {
        return Of("OpenMPI's mpirun", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE")
            ?? Of("MPICH's mpirun", "PMI_SIZE", "PMI_RANK", "MPI_LOCALNRANKS")
            ?? Of("srun", "SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "SLURM_STEP_TASKS_PER_NODE");

        Launcher? Of(string name, string size, string rank, string localSize) =>
            Number(size) is > 1 and var count && Number(rank) is >= 0 and var number && number < count
                ? new Launcher(name, count, number, Number(localSize) is > 0 and var local ? Math.Min(local, count) : count) : null;

        // Slurm writes 2(x3) where each of three nodes has 2.
        int? Number(string name) => int.TryParse(
            variable(name)?.Split('(', ',')[0], NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
    }
}
