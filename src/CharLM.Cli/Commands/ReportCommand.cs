using System.CommandLine;
using CharLM.Batching;
using CharLM.Checkpoints;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Corpora;
using CharLM.Reports;
using CharLM.Reports.Html;
using CharLM.Reports.Runs;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm report</c>.</summary>
internal sealed class ReportCommand : Verb
{
    private static readonly string[] CsvNames = ["runs.csv", "epochs.csv", "evaluations.csv"];

    private readonly Argument<string[]> _runs = new("run") { HelpName = "run", Arity = ArgumentArity.OneOrMore, Description = "Run directories, or files that --log-json wrote." };
    private readonly Option<string?> _out = OptionOf.Text("--out", "FILE", "The page, one HTML file that needs no network. [default: report.html]");
    private readonly Option<string?> _markdown = OptionOf.Text("--markdown", "FILE", "Write the report as Markdown, too.");
    private readonly Option<string?> _csv = OptionOf.Text("--csv", "FOLDER", "Write the figures in full as runs.csv, epochs.csv and evaluations.csv, too.");
    private readonly Option<bool> _noEval = new("--no-eval") { Description = "Measure neither models nor baselines: read only what the runs wrote." };
    private readonly RuntimeOptions _runtime = new();
    private readonly Option<bool> _json = OptionOf.Json();

    public ReportCommand()
        : base("report", "Put runs side by side in one HTML page: curves, figures with intervals, baselines, samples, surprisal, configurations.")
    {
        Add(_runs);
        foreach (Option option in new Option[] { _out, _markdown, _csv, _noEval })
            Add(option);
        _runtime.AddTo(this);
        Add(_json);
    }

    protected override async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        (string html, string? markdown, string? csv) = (parse.GetValue(_out) ?? "report.html", parse.GetValue(_markdown), parse.GetValue(_csv));
        string[] paths = parse.GetRequiredValue(_runs);
        InvalidConfigException.ThrowIfAny([.. _runtime.Faults(parse), .. Faults(paths, html, markdown)]);
        IReadOnlyList<RunRecord> runs = Read(paths);
        string[] csvFiles = csv is null ? [] : [.. CsvNames.Select(name => Path.Combine(csv, name))];
        foreach (string file in (string[])[html, .. markdown is null ? Array.Empty<string>() : [markdown], .. csvFiles])
            OutputFile.Probe(file);

        var notes = new List<string>();
        IReadOnlyList<RunMeasurement> measurements = parse.GetValue(_noEval) ? [] : await MeasureAsync(parse, runs, notes, cancellationToken);
        Report report = RunReport.Of(runs, measurements, notes);
        TextWriter error = parse.InvocationConfiguration.Error;
        if (ChartLibrary.Embedded is null)
            ErrorLine.Write(error, "warning: this build has no charts, since npm was missing when it was built: tables stand in their place");
        OutputFile.Write(html, writer => HtmlReport.Write(report, writer, ChartLibrary.Embedded));
        if (markdown is not null)
            OutputFile.Write(markdown, writer => MarkdownReport.Write(report, writer));
        foreach ((string file, ReportTable table) in csvFiles.Zip([RunTables.Runs(runs), RunTables.Epochs(runs), RunTables.Evaluations(measurements)]))
            OutputFile.Write(file, writer => CsvTable.Write(table, writer));
        Print(parse, [html, .. markdown is null ? Array.Empty<string>() : [markdown], .. csvFiles], runs, measurements);
        return ExitCode.Done;
    }

    private static IEnumerable<string> Faults(IReadOnlyList<string> runs, string html, string? markdown)
    {
        if (runs.Any(string.IsNullOrWhiteSpace))
            yield return "the name of a run is empty";
        else if (runs.GroupBy(path => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path))).FirstOrDefault(same => same.Count() > 1) is { } twice)
            yield return $"the run {twice.First()} is named twice";
        if (markdown is not null && Path.GetFullPath(markdown) == Path.GetFullPath(html))
            yield return "out and markdown name the same file";
    }

    // Runs of the same name, from two folders, are told apart by their paths.
    private static List<RunRecord> Read(IReadOnlyList<string> paths)
    {
        RunRecord[] runs = [.. paths.Select(RunRecord.Read)];
        ILookup<string, RunRecord> named = runs.ToLookup(run => run.Name);
        return [.. runs.Zip(paths, (run, path) => named[run.Name].Count() > 1 ? run with { Name = path } : run)];
    }

    private async Task<IReadOnlyList<RunMeasurement>> MeasureAsync(ParseResult parse, IReadOnlyList<RunRecord> runs, List<string> notes, CancellationToken cancellationToken)
    {
        var measurements = new List<RunMeasurement>();
        if (runs.All(run => run.Config is null))
            return measurements;
        var evaluator = new RunEvaluator(_runtime.Use(parse), _runtime.Threads(parse));
        var texts = new Dictionary<string, CorpusText>();
        foreach (RunRecord run in runs)
        {
            if (run.Config is null)
                continue; // a log has no model
            try
            {
                ISavedModel saved = ModelFile.Read(run.CheckpointPath ?? throw new CheckpointException(run.Name, "has no checkpoint yet"));
                if (run.Config.Corpus == CorpusResolver.StandardInput)
                    throw new InvalidConfigException(["its text came from standard input"]);
                if (!texts.TryGetValue(run.Config.Corpus, out CorpusText? text))
                    texts[run.Config.Corpus] = text = await CorpusOptions.ReadAsync(parse, run.Config.Corpus, cancellationToken);
                measurements.Add(evaluator.Measure(run.Name, saved, text, cancellationToken));
            }
            // One run whose text is gone must not cost the report of the others.
            catch (Exception e) when (e is InvalidConfigException or CheckpointException or CorpusException or UnknownCorpusException or CorpusTooShortException or IOException or UnauthorizedAccessException)
            {
                notes.Add($"{run.Name} is not measured: {e.Message}");
                ErrorLine.Write(parse.InvocationConfiguration.Error, $"warning: {Printable.Text(notes[^1])}");
            }
        }
        return measurements;
    }

    private void Print(ParseResult parse, IReadOnlyList<string> files, IReadOnlyList<RunRecord> runs, IReadOnlyList<RunMeasurement> measurements)
    {
        TextWriter output = parse.InvocationConfiguration.Output;
        if (!parse.GetValue(_json))
        {
            foreach (string file in files)
                output.WriteLine(file);
            return;
        }
        output.WriteLine(JsonOutput.Line(new
        {
            Files = files,
            Charts = ChartLibrary.Embedded is not null,
            Runs = runs.Select(run => new
            {
                Run = run.Name,
                run.Last?.Epoch,
                run.Last?.TrainPerplexity,
                run.Last?.HeldOutPerplexity,
                BestHeldOutPerplexity = run.Best?.HeldOutPerplexity,
                BestEpoch = run.Best?.Epoch,
                UnseenBitsPerCharacter = measurements.FirstOrDefault(measured => measured.Run == run.Name)?.Evaluation.BitsPerCharacter,
            }),
        }));
    }
}
