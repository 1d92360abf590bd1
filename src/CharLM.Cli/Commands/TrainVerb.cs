using System.CommandLine;
using System.CommandLine.Parsing;
using CharLM.Batching;
using CharLM.Checkpoints;
using CharLM.Cli.Help;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Cli.Streams;
using CharLM.Training;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Commands;

/// <summary>
/// The part that all training verbs share. Options override a configuration file, which overrides the resumed run or checkpoint, which
/// overrides the defaults.
/// </summary>
/// <typeparam name="TConfig">The configuration of its kind of run.</typeparam>
/// <typeparam name="TCheckpoint">The checkpoint of its kind of run.</typeparam>
internal abstract class TrainVerb<TConfig, TCheckpoint> : Verb
    where TConfig : RunSettings
    where TCheckpoint : class, IRunCheckpoint
{
    private readonly RunKind _kind;
    private readonly RunOptions _run;
    private readonly MpiOption _mpi = new();
    private readonly ReportingOptions _reporting;
    private readonly Option<string?> _config = OptionOf.Text(
        "--config", "FILE", "Start from a configuration in YAML, which options override. [default: none]");
    private readonly Option<bool> _printConfig = new("--print-config")
    {
        Description = "Print the resulting configuration as YAML, or with --json as JSON, without training.",
    };

    // What --config names.
    private ConfigDocument? _file;

    protected TrainVerb(string description, RunKind kind, ReportingOptions reporting)
        : base("train", description) => (_kind, _run, _reporting) = (kind, new RunOptions(kind.Defaults), reporting);

    /// <summary>The options for device and threads.</summary>
    protected RuntimeOptions Runtime { get; } = new();

    /// <summary>The processes that train together; null for this one alone.</summary>
    protected Ranks? Ranks { get; private set; }

    /// <summary>Whether the result is printed as JSON.</summary>
    protected Option<bool> Json { get; } = OptionOf.Json();

    /// <summary>Adds the shared options after the verb's own.</summary>
    protected void AddShared()
    {
        Runtime.AddTo(this);
        _mpi.AddTo(this);
        _run.AddTo(this);
        this.Add(HelpGroup.Output, _config, _printConfig);
        _reporting.AddTo(this);
        this.Add(HelpGroup.Output, Json);
    }

    protected override async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        Ranks = parse.GetValue(_printConfig) ? null : _mpi.Join(parse, _kind);
        int code = Ranks is { Follows: true } ranks
            ? await FollowAsync(parse, ranks, cancellationToken) : await LeadAsync(parse, cancellationToken);
        Ranks?.Leave();
        return code;
    }

    // A process that is not rank 0 says nothing but what only it knows.
    private async Task<int> FollowAsync(ParseResult parse, Ranks ranks, CancellationToken cancellationToken)
    {
        (parse.InvocationConfiguration.Output, parse.InvocationConfiguration.Error) = (TextWriter.Null, TextWriter.Null);
        try
        {
            return await LeadAsync(parse, cancellationToken);
        }
        catch (Exception e) when (e is RanksException or InvalidConfigException or CorpusTooShortException
            or TrainingDivergedException or OperationCanceledException)
        {
            // Rank 0 fails with the same, and says so: ranks agree on configuration and text.
            return ExitCode.Done;
        }
        catch (Exception e)
        {
            throw new IOException($"{ranks.Name}: {e.Message}", e);
        }
    }

    private async Task<int> LeadAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        Require(() => Errors(parse));
        _file = Together(() => parse.GetValue(_config) is { } path ? ConfigDocument.Load(path) : null);
        using RunSession? resumed = Resume(parse);
        (TCheckpoint? start, StartModel? model) = Together(() => StartFile(parse, resumed is not null) is { } file
            ? ((TCheckpoint?)_kind.Read(file), StartModel.Of(file)) : default);
        var under = (TConfig)(resumed?.Config ?? _kind.Defaults);
        under = await UnderAsync(parse, under, start, resumed is not null, cancellationToken);
        TConfig config = CellsOption.Remember(_run.Apply(parse, Apply(parse, under, start)), OwnCells);
        config = model?.Remember(config, isNamed: _run.Checkpoint(parse) is not null) ?? config;
        Require(() => [.. Errors(config, start, resumed), .. Runtime.Errors(parse), .. _reporting.Errors(parse)]);
        if (parse.GetValue(_printConfig))
        {
            if (parse.GetValue(Json))
                parse.InvocationConfiguration.Output.WriteLine(JsonOutput.Line(RunConfigFile.ToJson(config)));
            else
                parse.InvocationConfiguration.Output.Write(RunConfigFile.Write(config));
            return ExitCode.Done;
        }
        SavesFromHere();
        using RunSession? session = resumed ?? (Ranks is { Follows: true } ? null : _run.Begin(parse, _kind, config));
        LogStart log = resumed is not null ? LogStart.AfterCheckpoint : start is not null ? LogStart.AfterAll : LogStart.Empty;
        try
        {
            string? goOn = await TrainAsync(parse, config, start, session, () => _reporting.Open(parse, log), cancellationToken);
            if (Ranks is not { Follows: true })
                SavedModelOptions.Remember(_kind, session?.Directory.Path ?? config.CheckpointPath);
            if (goOn is null)
                return ExitCode.Done;
            ErrorLine.Write(parse.InvocationConfiguration.Error, goOn);
            return ExitCode.Resumable;
        }
        catch (OutputException) when (cancellationToken.IsCancellationRequested)
        {
            // The terminal was closed, which ended the run: it is saved, and nobody is there to read its figures.
            return ExitCode.Resumable;
        }
    }

    /// <summary>Does something first in rank 0, then in the others; a failure of one ends all.</summary>
    protected T Together<T>(Func<T> work) => (Ranks?.Exchange).Together(work);

    private void Require(Func<IEnumerable<string>> errors) => Together(() =>
    {
        InvalidConfigException.ThrowIfAny(errors());
        return true;
    });

    // The model that the user names, or that a configuration begins with; --resume auto may have found no run to resume.
    private string? StartFile(ParseResult parse, bool isResumed) =>
        _run.Checkpoint(parse) is { } named ? SavedModelOptions.FileOf(named, _kind)
        : isResumed ? null
        : _file?.Over((TConfig)_kind.Defaults).StartCheckpoint;

    // Rank 0 has the run's lock; the others read the same checkpoint.
    private RunSession? Resume(ParseResult parse)
    {
        if (Ranks is not { } ranks)
            return _run.Resume(parse, _kind);
        RunSession? led = Together(() => ranks.Follows ? null : _run.Resume(parse, _kind));
        string own = led is null ? "" : $"{Path.GetFullPath(led.Directory.Path)}\n{led.StartPath}";
        string[] files = ranks.Exchange.GatherAll(own)[0].Split('\n');
        return Together(() => ranks.Follows && files.Length == 2 ? _kind.Follow(files[0], files[1]) : led);
    }

    /// <summary>
    /// The configuration below the options: the defaults or a resumed run's configuration, with a checkpoint's settings and the user's file
    /// applied.
    /// </summary>
    protected virtual Task<TConfig> UnderAsync(
        ParseResult parse, TConfig under, TCheckpoint? start, bool isResumed, CancellationToken cancellationToken) =>
        Task.FromResult(_file is { } file ? Together(() => Read(parse, file, under)) : under);

    /// <summary>Whether the user gave a configuration file.</summary>
    protected bool NamesConfig(ParseResult parse) => parse.GetValue(_config) is not null;

    /// <summary>Applies the user's file to a configuration.</summary>
    protected virtual TConfig Read(ParseResult parse, ConfigDocument file, TConfig under) => file.Over(under);

    /// <summary>Applies the verb's own options to a configuration.</summary>
    protected abstract TConfig Apply(ParseResult parse, TConfig under, TCheckpoint? start);

    /// <summary>All errors in the command line itself; empty if there are none.</summary>
    protected virtual IEnumerable<string> Errors(ParseResult parse) => _run.Errors(parse);

    /// <summary>All errors in the configuration; empty if there are none.</summary>
    protected abstract IEnumerable<string> Errors(TConfig config, TCheckpoint? start, RunSession? resumed);

    /// <summary>Trains and prints the result.</summary>
    /// <param name="parse">What the user typed.</param>
    /// <param name="config">The run's configuration.</param>
    /// <param name="start">The checkpoint to start from; null for none.</param>
    /// <param name="session">The run directory's session; null if only a checkpoint is written.</param>
    /// <param name="report">Opens the reporters.</param>
    /// <param name="cancellationToken">Ends the run after the current minibatch.</param>
    /// <returns>For an interrupted run, the message with the command that continues it (<see cref="Interrupted"/>); else null.</returns>
    protected abstract Task<string?> TrainAsync(
        ParseResult parse, TConfig config, TCheckpoint? start, RunSession? session, Func<RunReporting> report,
        CancellationToken cancellationToken);

    /// <summary>The message for an interrupted run.</summary>
    /// <param name="result">What was done.</param>
    /// <param name="config">The run's configuration.</param>
    /// <param name="command">The command that continues the run.</param>
    protected static string Interrupted(RunResult result, TConfig config, string command)
    {
        // Minutes became steps after the configuration was read.
        string done = result.Description.Plan is { } plan ? $"{Figure.Count(result.Steps)} of {Figure.Count(plan.TotalSteps)} steps"
            : $"{result.EpochsDone} of {config.Training.EpochCount} epochs";
        return $"interrupted after {done} and saved; continue with: {command}";
    }
}
