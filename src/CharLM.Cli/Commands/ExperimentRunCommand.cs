using System.CommandLine;
using CharLM.Checkpoints;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Cli.Streams;
using CharLM.Corpora;
using CharLM.Tokenization;
using CharLM.Workbench.Clusters;
using CharLM.Workbench.Experiments;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm experiment run</c>.</summary>
internal sealed class ExperimentRunCommand : Verb
{
    private const int MaxJobs = 1024, MostNamed = 5;

    private readonly Argument<string> _file = ExperimentCommand.File();
    private readonly Option<string?> _runs = ExperimentCommand.Runs();
    private readonly Option<int?> _jobs = OptionOf.Integer(
        "--jobs", "N", "Trials to run at the same time, each in its own process. [default: 1]");
    private readonly Option<int?> _trial = OptionOf.Integer(
        "--trial", "I", "Run only this trial, by its number in the plan, in this process: for array jobs. [default: all]");
    private readonly Option<bool> _whileInput = new(TrialProcess.WhileInputOption)
    {
        Description = "End in order, as after SIGTERM, when standard input ends.",
        Hidden = true,
    };
    private readonly Option<string?> _as = new(ExperimentCommand.AsOption)
    {
        Description = "The file of which FILE.yaml is a copy: its name and folder count.",
        Hidden = true,
    };
    private readonly Option<string?> _giveUp = new("--give-up")
    {
        Description = "Record that the trial has failed for the last time, and why, instead of running it.",
        Hidden = true,
    };
    private readonly SlurmOptions _slurm = new();
    private readonly RuntimeOptions _runtime = new();
    private readonly Option<bool> _json = OptionOf.Json();

    public ExperimentRunCommand()
        : base("run", "Run the unfinished trials of an experiment and report the results.")
    {
        Add(_file);
        foreach (Option option in new Option[] { _jobs, _trial, _runs, _whileInput, _as, _giveUp })
            Add(option);
        _slurm.AddTo(this);
        _runtime.AddTo(this);
        CellsOption.AddTo(this);
        Add(_json);
    }

    protected override async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        string file = parse.GetRequiredValue(_file);
        Experiment experiment = ExperimentCommand.Read(file, OwnCells, parse.GetValue(_as));
        SavesFromHere();
        int jobs = parse.GetValue(_jobs) ?? 1, count = experiment.Trials.Count;
        int? number = parse.GetValue(_trial);
        InvalidConfigException.ThrowIfAny(
        [
            .. _runtime.Errors(parse),
            .. _slurm.Errors(parse),
            .. number is not null && _slurm.Submits(parse) ? ["trial runs one here: leave submit out"] : Array.Empty<string>(),
            .. jobs is < 1 or > MaxJobs ? [$"jobs must be 1 to {MaxJobs}, not {jobs}"] : Array.Empty<string>(),
            .. number < 1 || number > count ? [$"trial must be 1 to {count}, not {number}"] : Array.Empty<string>(),
            .. number is not null && parse.GetValue(_jobs) is not null ? ["trial runs one alone, in this process: leave jobs out"]
                : Array.Empty<string>(),
        ]);
        var directory = new ExperimentDirectory(experiment, parse.GetValue(_runs) ?? RunDirectory.DefaultParent);
        if (number is { } lost && parse.GetValue(_giveUp) is { } problem)
        {
            directory.RecordFailure(experiment.Trials[lost - 1], problem);
            return ExitCode.Done;
        }
        if (_slurm.Submits(parse))
            return await SubmitAsync(parse, file, experiment, directory, cancellationToken);
        return number is { } one
            ? await RunOneAsync(parse, directory, experiment.Trials[one - 1], cancellationToken)
            : await RunAllAsync(parse, file, experiment, directory, jobs, cancellationToken);
    }

    private async Task<int> RunAllAsync(
        ParseResult parse, string file, Experiment experiment, ExperimentDirectory directory, int jobs, CancellationToken cancellationToken)
    {
        TextWriter error = parse.InvocationConfiguration.Error;
        await ReadTextsAsync(parse, experiment, directory, cancellationToken);
        var process = new TrialProcess(file, parse.GetValue(_runs), directory,
            [.. _runtime.Forward(parse, threads: jobs > 1 ? 1 : 0), .. CellsOption.Forward(parse)]);
        IReadOnlyList<TrialStatus> trials = directory.Status();
        using (ExperimentReporter reporter = ExperimentReporter.Create(error, experiment, trials))
            trials = await new ExperimentRun(trials, process.RunAsync, reporter).ExecuteAsync(jobs, cancellationToken);
        ExperimentCommand.Write(
            parse.InvocationConfiguration.Output, ExperimentReport.From(experiment, trials), trials, directory,
                parse.GetValue(_json) ? ReportFormat.Json : ReportFormat.Table);

        ExperimentCommand.Warn(error, experiment);
        int finished = trials.Count(status => status.State == TrialState.Finished);
        string outcome = $"{finished} of {trials.Count} trials are "
            + $"finished{Named(trials, TrialState.Failed, "failed")}{Named(trials, TrialState.Busy, "busy in another process")}";
        if (cancellationToken.IsCancellationRequested && finished < trials.Count)
        {
            ErrorLine.Write(error, $"interrupted and saved: {outcome}; the same command continues");
            return ExitCode.Resumable;
        }
        if (finished == trials.Count)
            return ExitCode.Done;
        ErrorLine.Write(error, $"{outcome}; the same command tries again");
        return trials.Any(status => status.State == TrialState.Failed) ? ExitCode.Failed : ExitCode.Resumable;
    }

    private async Task<int> SubmitAsync(
        ParseResult parse, string file, Experiment experiment, ExperimentDirectory directory, CancellationToken cancellationToken)
    {
        int threads = Math.Max(1, _runtime.Threads(parse));
        SlurmArray job = _slurm.Apply(parse, new SlurmArray
        {
            Name = experiment.Name,
            Jobs = parse.GetValue(_jobs),
            Threads = threads,
            Trials = [],
            Command = [],
            Folder = "",
        });
        InvalidConfigException.ThrowIfAny(job.Errors());
        await ReadTextsAsync(parse, experiment, directory, cancellationToken);
        await SlurmSubmission.SubmitAsync(parse, file, directory, job, [.. _runtime.Forward(parse, threads), .. CellsOption.Forward(parse)],
            parse.GetValue(_json), cancellationToken);
        return ExitCode.Done;
    }

    // Downloads texts once, before many processes would do so, and before anything runs if a text is missing.
    private static async Task ReadTextsAsync(
        ParseResult parse, Experiment experiment, ExperimentDirectory directory, CancellationToken cancellationToken)
    {
        var texts = new Dictionary<CorpusNames, string>();
        foreach (IGrouping<CorpusNames, Trial> trialsOf in experiment.Trials.GroupBy(trial => trial.Config.Corpus))
        {
            CorpusText corpus = await ReadAsync(parse, directory, trialsOf.First(), cancellationToken);
            texts[trialsOf.Key] = corpus.Origin.Sha256;
            if (trialsOf.FirstOrDefault(trial => trial.Config.Text is { Cleaning: Cleaning.None, Token: TokenKind.Char }) is { } keeps)
                CorpusOptions.TellOfReturns(parse, corpus, keeps.Config.Text, cancellationToken);
        }
        ExperimentCommand.RefuseOther(directory, corpus => texts[corpus]);
    }

    private static string Named(IEnumerable<TrialStatus> trials, TrialState state, string inWords)
    {
        string[] ids = [.. trials.Where(status => status.State == state).Select(status => status.Trial.Id)];
        return ids.Length == 0 ? ""
            : $", {ids.Length} {inWords}: {string.Join(", ", ids.Take(MostNamed))}{(ids.Length > MostNamed ? ", ..." : "")}";
    }

    private async Task<int> RunOneAsync(ParseResult parse, ExperimentDirectory directory, Trial trial, CancellationToken cancellationToken)
    {
        TextWriter error = parse.InvocationConfiguration.Error;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (parse.GetValue(_whileInput))
            _ = CancelAtEndOfInputAsync(end);
        CorpusText text = await RecordedAsync(directory, trial, () => ReadAsync(parse, directory, trial, end.Token));
        ExperimentCommand.RefuseOther(directory, corpus => corpus.Equals(trial.Config.Corpus) ? text.Origin.Sha256 : null);
        if (await RecordedAsync(
            directory, trial, () => Task.FromResult(Train(parse, directory, trial, text, end.Token))) is not ExitCode.Done and var code)
            return code;
        TrialStatus status = directory.Status(trial);
        if (parse.GetValue(_json))
            parse.InvocationConfiguration.Output.WriteLine(JsonOutput.Line(ExperimentCommand.Describe(status)));
        else
            parse.InvocationConfiguration.Output.WriteLine(ExperimentReporter.Describe(status));
        return ExitCode.Done;
    }

    // Every failure is recorded for the plan; a trial that another process holds has not failed.
    private static async Task<T> RecordedAsync<T>(ExperimentDirectory directory, Trial trial, Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            TrialFailures.Record(directory, trial, e.Message);
            throw;
        }
    }

    // "auto" is resolved once per experiment, so that all trials use the same text.
    private static async Task<CorpusText> ReadAsync(
        ParseResult parse, ExperimentDirectory directory, Trial trial, CancellationToken cancellationToken)
    {
        CorpusText text = await CorpusOptions.ReadAsync(
            parse, directory.CorpusOf(trial), trial.Config.Text.ReadAs, null, cancellationToken);
        if (!trial.Config.Corpus.IsAuto || directory.KeepAuto(text.Origin.Name) is var kept && kept == text.Origin.Name)
            return text;
        return await CorpusOptions.ReadAsync(parse, kept, trial.Config.Text.ReadAs, null, cancellationToken);
    }

    private int Train(ParseResult parse, ExperimentDirectory directory, Trial trial, CorpusText corpus, CancellationToken cancellationToken)
    {
        TextWriter error = parse.InvocationConfiguration.Error;
        RunDirectory runDirectory = directory.Of(trial);
        if (runDirectory.State == RunDirectoryState.Complete)
            return ExitCode.Done;
        try
        {
            using RunSession session = runDirectory.State == RunDirectoryState.Resumable
                ? RunKind.LanguageModel.Resume(runDirectory.Path) : RunKind.LanguageModel.New(runDirectory.Path);
            directory.ForgetFailure(trial);
            var config = (RunConfig?)session.Config ?? trial.Config;
            var run = new TrainingRun(config, null, _runtime.Use(parse), _runtime.Threads(parse), session);
            using RunReporter reporter = RunReporter.Create(error, every: 1);
            if (!run.Execute(corpus, reporter, cancellationToken).Interrupted)
                return ExitCode.Done;
        }
        // Another process may have started or even finished the trial since its state was read.
        catch (RunDirectoryException e) when (e.IsBusy || runDirectory.State is RunDirectoryState.Running or RunDirectoryState.Complete)
        {
            ErrorLine.Write(error,
                $"trial {trial.Number} ({trial.Id}) is busy: another process works in {runDirectory.Path}; the same command tries again");
            return ExitCode.Resumable;
        }
        ErrorLine.Write(error, $"trial {trial.Number} ({trial.Id}) interrupted and saved; the same command continues");
        return ExitCode.Resumable;
    }

    private static async Task CancelAtEndOfInputAsync(CancellationTokenSource end)
    {
        using Stream input = StandardStreams.OpenInput();
        var buffer = new byte[16];
        while (await input.ReadAsync(buffer) > 0)
        {
            // Only the end of input matters.
        }
        try
        {
            await end.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // The trial has already ended.
        }
    }
}

/// <summary>Records failures of trials for the plan.</summary>
internal static class TrialFailures
{
    /// <summary>Records a failure; if that is impossible, as on a full disk, only this run reports it.</summary>
    public static void Record(ExperimentDirectory directory, Trial trial, string problem)
    {
        try
        {
            directory.RecordFailure(trial, problem);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Usually for the same reason as the failure itself.
        }
    }
}
