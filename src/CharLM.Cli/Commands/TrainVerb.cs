using System.CommandLine;
using System.CommandLine.Parsing;
using CharLM.Checkpoints;
using CharLM.Cli.Help;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Cli.Streams;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Commands;

/// <summary>
/// A verb that trains: what every one of them does, whatever the model. Options win over a configuration file, that over what
/// is gone on from, and that over the defaults.
/// </summary>
/// <typeparam name="TConfig">The configuration of its kind of run.</typeparam>
/// <typeparam name="TCheckpoint">What the checkpoints of that kind hold.</typeparam>
internal abstract class TrainVerb<TConfig, TCheckpoint> : Verb
    where TConfig : RunSettings
    where TCheckpoint : class, IRunCheckpoint
{
    private readonly RunKind _kind;
    private readonly RunOptions _run;
    private readonly ReportingOptions _reporting;
    private readonly Option<string?> _config = OptionOf.Text(
        "--config", "FILE", "Start from a configuration in YAML, which options override. [default: none]");
    private readonly Option<bool> _printConfig = new("--print-config")
    {
        Description = "Print the resulting configuration as YAML, or with --json as JSON, without training.",
    };

    protected TrainVerb(string description, RunKind kind, ReportingOptions reporting)
        : base("train", description) => (_kind, _run, _reporting) = (kind, new RunOptions(kind.Defaults), reporting);

    /// <summary>Where torch computes.</summary>
    protected RuntimeOptions Runtime { get; } = new();

    /// <summary>Whether the result is printed as JSON.</summary>
    protected Option<bool> Json { get; } = OptionOf.Json();

    /// <summary>Adds the options that all have, behind the verb's own.</summary>
    protected void AddShared()
    {
        Runtime.AddTo(this);
        _run.AddTo(this);
        this.Add(HelpGroup.Output, _config, _printConfig);
        _reporting.AddTo(this);
        this.Add(HelpGroup.Output, Json);
    }

    protected override async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        InvalidConfigException.ThrowIfAny(_run.Errors(parse));
        var start = (TCheckpoint?)(_run.Checkpoint(parse) is { } file ? _kind.Read(SavedModelOptions.FileOf(file)) : null);
        using RunSession? resumed = _run.Resume(parse, _kind);
        var under = (TConfig)(resumed?.Config ?? _kind.Defaults);
        under = await UnderAsync(parse, under, start, resumed is not null, cancellationToken);
        TConfig config = CellsOption.Remember(_run.Apply(parse, Apply(parse, under, start)), OwnCells);
        InvalidConfigException.ThrowIfAny([.. Errors(config, start, resumed), .. Runtime.Errors(parse), .. _reporting.Errors(parse)]);
        if (parse.GetValue(_printConfig))
        {
            if (parse.GetValue(Json))
                parse.InvocationConfiguration.Output.WriteLine(JsonOutput.Line(RunConfigFile.ToJson(config)));
            else
                parse.InvocationConfiguration.Output.Write(RunConfigFile.Write(config));
            return ExitCode.Done;
        }
        SavesFromHere();
        using RunSession? session = resumed ?? _run.Begin(parse, _kind, config);
        LogStart log = resumed is not null ? LogStart.AfterCheckpoint : start is not null ? LogStart.AfterAll : LogStart.Empty;
        try
        {
            string? goOn = await TrainAsync(parse, config, start, session, () => _reporting.Open(parse, log), cancellationToken);
            if (_kind == RunKind.LanguageModel)
                SavedModelOptions.Remember(session?.Directory.Path ?? config.CheckpointPath);
            if (goOn is null)
                return ExitCode.Done;
            ErrorLine.Write(parse.InvocationConfiguration.Error, goOn);
            return ExitCode.Resumable;
        }
        catch (OutputException) when (cancellationToken.IsCancellationRequested)
        {
            // The terminal was closed, which is why the run ended: it is saved, and nobody is there to read its figures.
            return ExitCode.Resumable;
        }
    }

    /// <summary>
    /// What lies under the options: the defaults or a run's configuration, with what a checkpoint and the user's files say.
    /// </summary>
    protected virtual Task<TConfig> UnderAsync(
        ParseResult parse, TConfig under, TCheckpoint? start, bool isResumed, CancellationToken cancellationToken) =>
        Task.FromResult(NamesConfig(parse) ? Read(parse, parse.GetValue(_config)!, under) : under);

    /// <summary>Whether the user starts from a configuration of the user's own.</summary>
    protected bool NamesConfig(ParseResult parse) => parse.GetValue(_config) is not null;

    /// <summary>A configuration with the user's file over it.</summary>
    protected virtual TConfig Read(ParseResult parse, string file, TConfig under) => RunConfigFile.Read(file, under);

    /// <summary>A configuration with the verb's own options over a base.</summary>
    protected abstract TConfig Apply(ParseResult parse, TConfig under, TCheckpoint? start);

    /// <summary>Every error of what the user asks for, empty when there is none.</summary>
    protected abstract IEnumerable<string> Errors(TConfig config, TCheckpoint? start, RunSession? resumed);

    /// <summary>Trains and prints the result.</summary>
    /// <param name="parse">What the user typed.</param>
    /// <param name="config">All of the run.</param>
    /// <param name="start">The checkpoint to begin with; null for none.</param>
    /// <param name="session">Where all of the run is written; null when only a checkpoint is.</param>
    /// <param name="report">Opens what is told of everything.</param>
    /// <param name="cancellationToken">Ends the run after the current minibatch.</param>
    /// <returns>Of a run that was interrupted, how to go on (<see cref="Interrupted"/>); else null.</returns>
    protected abstract Task<string?> TrainAsync(
        ParseResult parse, TConfig config, TCheckpoint? start, RunSession? session, Func<RunReporting> report,
        CancellationToken cancellationToken);

    /// <summary>What is said of a run that was interrupted.</summary>
    /// <param name="epochs">Epochs that are finished.</param>
    /// <param name="config">All of the run.</param>
    /// <param name="command">The command that goes on.</param>
    protected static string Interrupted(int epochs, TConfig config, string command) =>
        $"interrupted after {epochs} of {config.Training.EpochCount} epochs and saved; go on with: {command}";
}
