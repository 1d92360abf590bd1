using System.CommandLine;
using CharLM.Cli.Commands;
using CharLM.Runs;

namespace CharLM.Cli.Options;

/// <summary>Where a training run is written, and which one goes on.</summary>
internal sealed class RunOptions
{
    private const string Auto = "auto";

    private readonly Option<string?> _checkpoint = OptionOf.Text("--checkpoint", "FILE", "Begin with this checkpoint: its model, vocab, options and finished epochs are taken over; give --epochs to go beyond its last.");
    private readonly Option<string?> _out = OptionOf.Text("--out", "FILE", $"Where the model is written. [default: {RunConfig.DefaultCheckpointPath}, or nowhere with --run-dir]");
    private readonly Option<string?> _directory = OptionOf.Text("--run-dir", "FOLDER", $"Where all of the run is written: configuration, environment, metrics, samples, checkpoints. [default: {RunDirectory.DefaultParent}/ and the date and time, without --out and --checkpoint]");
    private readonly Option<string?> _resume = OptionOf.Text("--resume", "FOLDER|auto", $"Go on with the run in this directory, exactly where its last checkpoint is; auto is the newest in {RunDirectory.DefaultParent}/ that is not complete, and with --run-dir that one, which begins when there is none.");

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _directory, _resume, _checkpoint, _out })
            command.Add(option);
    }

    /// <summary>The checkpoint to begin with; null for none.</summary>
    public string? Checkpoint(ParseResult parse) => parse.GetValue(_checkpoint);

    /// <summary>Where the model is written, or what is under it.</summary>
    public string Out(ParseResult parse, string under) => parse.GetValue(_out) ?? under;

    /// <summary>What is wrong with them together.</summary>
    public IEnumerable<string> Faults(ParseResult parse)
    {
        if (parse.GetValue(_resume) is not { } resume)
            yield break;
        if (parse.GetValue(_checkpoint) is not null)
            yield return "--resume goes on from the run's own checkpoint: leave --checkpoint out";
        if (resume != Auto && parse.GetValue(_directory) is not null)
            yield return "--resume names the run directory: leave --run-dir out, or take --resume auto";
    }

    /// <summary>The run that goes on; null when a new one begins.</summary>
    /// <exception cref="RunDirectoryException">There is no such run, or it cannot go on.</exception>
    public RunSession? Resume(ParseResult parse)
    {
        if (parse.GetValue(_resume) is not { } name)
            return null;
        RunDirectory? run = name == Auto ? Newest(parse.GetValue(_directory)) : new RunDirectory(name);
        if (run is null)
            return null;
        // A run that charlm has named leaves its model where generation looks first, as it would have without an interruption.
        string? copy = parse.GetValue(_out) ?? (RunDirectory.IsDatedName(run.Name) ? RunConfig.DefaultCheckpointPath : null);
        return RunSession.Resume(run.Path, copy);
    }

    /// <summary>A new run's directory; null when the model is all that is written.</summary>
    /// <exception cref="RunDirectoryException">The directory holds a run, or cannot be written.</exception>
    /// <exception cref="Checkpoints.CheckpointException">The model's file cannot be written.</exception>
    public RunSession? Begin(ParseResult parse, RunConfig config)
    {
        bool namesFile = parse.GetValue(_out) is not null;
        string? directory = parse.GetValue(_directory);
        bool writesFile = namesFile || directory is null;
        if (writesFile)
            OutputFile.Probe(config.CheckpointPath);
        if (directory is null && (namesFile || parse.GetValue(_checkpoint) is not null))
            return null;
        string dated = Path.Combine(RunDirectory.DefaultParent, RunDirectory.DatedName(DateTime.Now));
        return RunSession.New(directory ?? dated, findsName: directory is null, copyTo: writesFile ? config.CheckpointPath : null);
    }

    // With a name of its own, a run that is not there yet begins: one command for a job that may be started again.
    private static RunDirectory? Newest(string? directory)
    {
        if (directory is not null)
            return new RunDirectory(directory) is { State: not RunDirectoryState.Absent } run ? run : null;
        return RunDirectory.NewestResumable(RunDirectory.DefaultParent)
            ?? throw new RunDirectoryException(RunDirectory.DefaultParent, "holds no run that could go on");
    }
}
