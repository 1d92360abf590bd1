using System.CommandLine;
using CharLM.Checkpoints;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Corpora;
using CharLM.Experiments;
using CharLM.Runs;
using CharLM.Tokenization;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm experiment run</c>.</summary>
internal sealed class ExperimentRunCommand : Verb
{
    private const int MaxJobs = 1024, MostNamed = 5;

    private readonly Argument<string> _file = ExperimentCommand.File();
    private readonly Option<string?> _runs = ExperimentCommand.Runs();
    private readonly Option<int?> _jobs = OptionOf.Integer("--jobs", "N", "Trials at a time, each a process of its own. [default: 1]");
    private readonly Option<int?> _trial = OptionOf.Integer("--trial", "I", "Run this trial alone, in this process, by its number in the plan: for array jobs.");
    private readonly Option<bool> _whileInput = new(TrialProcess.WhileInputOption) { Description = "End in order, as after SIGTERM, when standard input ends.", Hidden = true };
    private readonly RuntimeOptions _runtime = new();
    private readonly Option<bool> _json = OptionOf.Json();

    public ExperimentRunCommand()
        : base("run", "Run the trials of an experiment that are not finished, and report.")
    {
        Add(_file);
        foreach (Option option in new Option[] { _jobs, _trial, _runs, _whileInput })
            Add(option);
        _runtime.AddTo(this);
        Add(_json);
    }

    protected override async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        string file = parse.GetRequiredValue(_file);
        Experiment experiment = ExperimentFile.Read(file);
        SavesFromHere();
        int jobs = parse.GetValue(_jobs) ?? 1, count = experiment.Trials.Count;
        int? number = parse.GetValue(_trial);
        InvalidConfigException.ThrowIfAny(
        [
            .. _runtime.Faults(parse),
            .. jobs is < 1 or > MaxJobs ? [$"jobs must be 1 to {MaxJobs}, not {jobs}"] : Array.Empty<string>(),
            .. number < 1 || number > count ? [$"trial must be 1 to {count}, not {number}"] : Array.Empty<string>(),
            .. number is not null && parse.GetValue(_jobs) is not null ? ["trial runs one alone, in this process: leave jobs out"] : Array.Empty<string>(),
        ]);
        var directory = new ExperimentDirectory(experiment, parse.GetValue(_runs) ?? RunDirectory.DefaultParent);
        ExperimentCommand.RefuseOther(directory);
        return number is { } one
            ? await RunOneAsync(parse, directory, experiment.Trials[one - 1], cancellationToken)
            : await RunAllAsync(parse, file, experiment, directory, jobs, cancellationToken);
    }

    private async Task<int> RunAllAsync(ParseResult parse, string file, Experiment experiment, ExperimentDirectory directory, int jobs, CancellationToken cancellationToken)
    {
        TextWriter error = parse.InvocationConfiguration.Error;
        // Fetched once, before many processes would do so, and before anything runs when there is no such text.
        foreach (IGrouping<string, Trial> trialsOf in experiment.Trials.GroupBy(trial => trial.Config.Corpus))
        {
            CorpusText corpus = await CorpusOptions.ReadAsync(parse, trialsOf.Key, cancellationToken);
            if (trialsOf.FirstOrDefault(trial => trial.Config.Text is { Cleaning: Cleaning.None, Token: TokenKind.Char }) is { } keeps)
                CorpusOptions.TellOfReturns(parse, corpus, keeps.Config.Text);
        }
        var process = new TrialProcess(file, parse.GetValue(_runs), directory, _runtime.Forward(parse, threads: jobs > 1 ? 1 : 0));
        IReadOnlyList<TrialStatus> trials = directory.Status();
        using (ExperimentReporter reporter = ExperimentReporter.Create(error, experiment, trials))
            trials = await new ExperimentRun(trials, process.RunAsync, reporter).ExecuteAsync(jobs, cancellationToken);
        ExperimentCommand.Write(parse.InvocationConfiguration.Output, ExperimentReport.From(experiment, trials), trials, directory, parse.GetValue(_json) ? ReportFormat.Json : ReportFormat.Table);

        int finished = trials.Count(status => status.State == TrialState.Finished);
        string outcome = $"{finished} of {trials.Count} trials are finished{Named(trials, TrialState.Failed, "failed")}{Named(trials, TrialState.Busy, "busy in another process")}";
        if (cancellationToken.IsCancellationRequested && finished < trials.Count)
        {
            ErrorLine.Write(error, $"interrupted and saved: {outcome}; the same command goes on");
            return ExitCode.Resumable;
        }
        if (finished == trials.Count)
            return ExitCode.Done;
        ErrorLine.Write(error, $"{outcome}; the same command tries again");
        return trials.Any(status => status.State == TrialState.Failed) ? ExitCode.Failed : ExitCode.Resumable;
    }

    private static string Named(IEnumerable<TrialStatus> trials, TrialState state, string inWords)
    {
        string[] ids = [.. trials.Where(status => status.State == state).Select(status => status.Trial.Id)];
        return ids.Length == 0 ? "" : $", {ids.Length} {inWords}: {string.Join(", ", ids.Take(MostNamed))}{(ids.Length > MostNamed ? ", ..." : "")}";
    }

    private async Task<int> RunOneAsync(ParseResult parse, ExperimentDirectory directory, Trial trial, CancellationToken cancellationToken)
    {
        TextWriter error = parse.InvocationConfiguration.Error;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (parse.GetValue(_whileInput))
            _ = CancelAtEndOfInputAsync(end);
        try
        {
            if (await TrainAsync(parse, directory, trial, end.Token) is not ExitCode.Done and var code)
                return code;
        }
        // Whatever it is, the plan shall tell of it.
        catch (Exception e) when (e is not OperationCanceledException)
        {
            TrialFailures.Record(directory, trial, e.Message);
            throw;
        }
        TrialStatus status = directory.Status(trial);
        if (parse.GetValue(_json))
            parse.InvocationConfiguration.Output.WriteLine(JsonOutput.Line(ExperimentCommand.Describe(status)));
        else
            parse.InvocationConfiguration.Output.WriteLine(ExperimentReporter.Describe(status));
        return ExitCode.Done;
    }

    private async Task<int> TrainAsync(ParseResult parse, ExperimentDirectory directory, Trial trial, CancellationToken cancellationToken)
    {
        TextWriter error = parse.InvocationConfiguration.Error;
        RunDirectory runDirectory = directory.Of(trial);
        RunDirectoryState state = runDirectory.State;
        if (state == RunDirectoryState.Complete)
            return ExitCode.Done;
        if (state == RunDirectoryState.Running)
        {
            ErrorLine.Write(error, $"trial {trial.Number} ({trial.Id}) is busy: another process works in {runDirectory.Path}; the same command tries again");
            return ExitCode.Resumable;
        }
        using RunSession<RunConfig, Checkpoint> session = state == RunDirectoryState.Resumable ? TrainingRun.Kind.Resume(runDirectory.Path) : TrainingRun.Kind.New(runDirectory.Path);
        directory.ForgetFailure(trial);
        RunConfig config = session.Config ?? trial.Config;
        CorpusText corpus = await CorpusOptions.ReadAsync(parse, config.Corpus, cancellationToken);
        var run = new TrainingRun(config, null, _runtime.Use(parse), _runtime.Threads(parse), session);
        using RunReporter reporter = RunReporter.Create(error, every: 1);
        if (!run.Execute(corpus, reporter, cancellationToken).Interrupted)
            return ExitCode.Done;
        reporter.Dispose();
        ErrorLine.Write(error, $"trial {trial.Number} ({trial.Id}) interrupted and saved; the same command goes on");
        return ExitCode.Resumable;
    }

    private static async Task CancelAtEndOfInputAsync(CancellationTokenSource end)
    {
        using Stream input = StandardStreams.OpenInput();
        var buffer = new byte[16];
        while (await input.ReadAsync(buffer) > 0)
        {
            // What comes does not matter, only that it ends.
        }
        try
        {
            await end.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // The trial was faster.
        }
    }
}
