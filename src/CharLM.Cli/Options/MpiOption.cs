using System.CommandLine;
using CharLM.Cli.Help;
using CharLM.Training;
using CharLM.Workbench.Clusters;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Options;

/// <summary>The option for processes that train together, started by mpirun or srun.</summary>
internal sealed class MpiOption
{
    private readonly Option<string?> _mpi = OptionOf.Text(
        "--mpi", "auto|none|FILE",
            "Started by mpirun or srun: auto trains one model in all processes, each with its share of every minibatch; none lets each "
                + "train its own; FILE is the MPI library to use. [default: auto]").In(HelpGroup.Rare);

    /// <summary>Adds the option to a verb.</summary>
    public void AddTo(Command command) => command.Add(HelpGroup.Machine, _mpi);

    /// <summary>Joins the processes that were started together; null if there is only this one.</summary>
    /// <exception cref="RanksException">They do not find each other.</exception>
    /// <exception cref="InvalidConfigException">This kind of model is trained in one process.</exception>
    public Ranks? Join(ParseResult parse, RunKind kind)
    {
        string library = parse.GetValue(_mpi) ?? MpiWorld.Auto;
        if (library == MpiWorld.None || Launcher.Find(Environment.GetEnvironmentVariable) is not { } launcher)
            return null;
        if (kind != RunKind.LanguageModel)
            throw new InvalidConfigException(
                [$"{launcher.Name} started {launcher.Size} processes, but models on pairs are trained in one: start it without, or give "
                    + "--mpi none"]);
        try
        {
            return new Ranks(MpiWorld.Join(launcher, library), MpiWorld.ThreadsOf(launcher));
        }
        catch (RanksException e) when (launcher.Rank > 0)
        {
            // Nobody else knows, as the ranks are not connected.
            throw new RanksException($"rank {launcher.Rank} on {Environment.MachineName}: {e.Message}");
        }
    }
}

/// <summary>
/// The processes that train together. One that ends without <see cref="Leave"/> takes the others with it, so that none waits for it.
/// </summary>
internal sealed class Ranks
{
    private readonly Mpi _mpi;
    private bool _left;

    /// <summary>Processes that were joined.</summary>
    /// <param name="mpi">The connection.</param>
    /// <param name="threads">Threads for each.</param>
    public Ranks(Mpi mpi, int threads)
    {
        (_mpi, Threads) = (mpi, threads);
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            if (!_left)
                _mpi.Abort(Environment.ExitCode == ExitCode.Done ? ExitCode.Failed : Environment.ExitCode);
        };
    }

    /// <summary>The connection.</summary>
    public IGradientExchange Exchange => _mpi;

    /// <summary>Threads for each process, if the user gave none.</summary>
    public int Threads { get; }

    /// <summary>Whether this is another process than the one that measures, writes and reports.</summary>
    public bool Follows => _mpi.Rank > 0;

    /// <summary>This process in a sentence: its rank and machine.</summary>
    public string Name => $"rank {_mpi.Rank} on {Environment.MachineName}";

    /// <summary>The end of the work, which all processes have reached.</summary>
    public void Leave()
    {
        _left = true;
        _mpi.Dispose();
    }
}
