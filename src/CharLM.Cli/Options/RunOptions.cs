using System.CommandLine;
using CharLM.Checkpoints;
using CharLM.Cli.Help;
using CharLM.Cli.Streams;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Options;

/// <summary>
/// The options of <see cref="RunSettings"/>: where and how often a training run is written, when it ends, and which run to resume.
/// </summary>
/// <param name="defaults">The defaults that help shows.</param>
internal sealed class RunOptions(RunSettings defaults)
{
    private const string Auto = "auto";

    private readonly Option<string?> _checkpoint = new("--checkpoint")
    {
        HelpName = "MODEL",
        Arity = ArgumentArity.ZeroOrOne,
        Description = "Continue training this model (a file, a run directory, or last, also without a value) with its vocab and options; "
            + $"give more --epochs than it has had{(defaults is RunConfig ? ", or --minutes" : "")}. [default: a new model]",
        CustomParser = result =>
        {
            if (result.Tokens is [{ Value.Length: 0 }])
                result.AddError("--checkpoint is empty; it takes MODEL");
            return result.Tokens is [var token] ? token.Value : SavedModelOptions.Last;
        },
    };
    private readonly Option<string?> _out = OptionOf.Text(
        "--out", "FILE", $"File for the trained model. [default: {defaults.CheckpointPath}, or none with --run-dir]");
    private readonly Option<string?> _directory = OptionOf.Text(
        "--run-dir", "FOLDER",
            "Folder for the whole run: configuration, metrics, samples, checkpoints. [default: "
                + $"{RunDirectory.DefaultParent}/DATE-TIME-TEXT-MODEL, or none with --out or --checkpoint]");
    private readonly Option<string?> _resume = OptionOf.Text(
        "--resume", "FOLDER|auto",
            "Resume the unfinished run in this folder; auto resumes the newest in "
                + $"{RunDirectory.DefaultParent}/, or that of --run-dir, which it starts if there is none. [default: start a new run]");

    private readonly Option<int?> _sampleEvery = OptionOf.Integer(
        "--sample-every", "N", "Generate a sample every N epochs; 0 only at the end. [default: "
            + (defaults.SampleEvery is { } every ? $"{every}]" : "after 1, 2, 5, 10, 20, 50, ... epochs]"));
    private readonly Option<CheckpointInterval?> _checkpointEvery = OptionOf.Word<CheckpointInterval>(
        "--checkpoint-every", "N",
            "Save a checkpoint every N epochs (50), steps (500steps) or minutes (5min); 0 only at the end; auto loses at most a minute of "
                + $"work and spends at most 2 % of the time on saving. [default: {defaults.CheckpointEvery}]");
    private readonly Option<int?> _keepLast = OptionOf.Integer(
        "--keep-last", "N", $"Checkpoints to keep in a run directory. [default: {defaults.KeepLast}]").In(HelpGroup.Rare);
    private readonly Option<int?> _patience = OptionOf.Integer(
        "--patience", "N", "Stop after N epochs without a better held-out result; 0 never stops early. [default: 0]")
            .In(HelpGroup.Training);

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        command.Add(HelpGroup.Output, _directory, _resume, _checkpoint, _out, _sampleEvery, _checkpointEvery, _keepLast, _patience);
    }

    /// <summary>A configuration with the given options over a base.</summary>
    public TConfig Apply<TConfig>(ParseResult parse, TConfig under)
        where TConfig : RunSettings => under with
        {
            SampleEvery = parse.GetValue(_sampleEvery) ?? under.SampleEvery,
            CheckpointEvery = parse.GetValue(_checkpointEvery) ?? under.CheckpointEvery,
            KeepLast = parse.GetValue(_keepLast) ?? under.KeepLast,
            Patience = parse.GetValue(_patience) ?? under.Patience,
            CheckpointPath = parse.GetValue(_out) ?? under.CheckpointPath,
        };

    /// <summary>The checkpoint to start from; null for none.</summary>
    public string? Checkpoint(ParseResult parse) => parse.GetValue(_checkpoint);

    /// <summary>Whether the user wants to resume a run.</summary>
    public bool Resumes(ParseResult parse) => parse.GetValue(_resume) is not null;

    /// <summary>Errors in their combination.</summary>
    public IEnumerable<string> Errors(ParseResult parse)
    {
        if (parse.GetValue(_resume) is not { } resume)
            yield break;
        if (parse.GetValue(_checkpoint) is not null)
            yield return "--resume continues from the run's own checkpoint: leave --checkpoint out";
        if (resume != Auto && parse.GetValue(_directory) is not null)
            yield return "--resume names the run directory: leave --run-dir out, or take --resume auto";
    }

    /// <summary>The run to resume; null to start a new one.</summary>
    /// <exception cref="RunDirectoryException">There is no such run, or it cannot be resumed.</exception>
    public RunSession? Resume(ParseResult parse, RunKind kind)
    {
        if (parse.GetValue(_resume) is not { } name)
            return null;
        RunDirectory? run = name == Auto ? Newest(parse.GetValue(_directory), kind.Owns) : new RunDirectory(name);
        if (run is null)
            return null;
        // A run with a generated name copies its model to the default path, as it would have without an interruption.
        string? copy = parse.GetValue(_out) ?? (RunDirectory.IsDatedName(run.Name) ? defaults.CheckpointPath : null);
        return kind.Resume(run.Path, copy);
    }

    /// <summary>The directory of a new run; null if only the model is written.</summary>
    /// <exception cref="RunDirectoryException">The directory holds a run, or cannot be written.</exception>
    /// <exception cref="CheckpointException">The model's file cannot be written.</exception>
    public RunSession? Begin(ParseResult parse, RunKind kind, RunSettings config)
    {
        bool namesFile = parse.GetValue(_out) is not null;
        string? directory = parse.GetValue(_directory);
        bool writesFile = namesFile || directory is null;
        if (writesFile)
            OutputFile.Probe(config.CheckpointPath);
        if (directory is null && (namesFile || parse.GetValue(_checkpoint) is not null))
            return null;
        string dated = Path.Combine(RunDirectory.DefaultParent, RunDirectory.DatedName(DateTime.Now, config));
        return kind.New(directory ?? dated, findsName: directory is null, copyTo: writesFile ? config.CheckpointPath : null);
    }

    // With --run-dir, a run that does not exist yet is started: one command for restartable jobs.
    private static RunDirectory? Newest(string? directory, Predicate<RunDirectory> isOne)
    {
        if (directory is not null)
            return new RunDirectory(directory) is { State: not RunDirectoryState.Absent } run ? run : null;
        return RunDirectory.NewestResumable(RunDirectory.DefaultParent, isOne)
            ?? throw new RunDirectoryException(RunDirectory.DefaultParent, "holds no run to resume");
    }
}
