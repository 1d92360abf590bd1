using System.CommandLine;
using CharLM.Checkpoints;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Cli.Streams;
using CharLM.Workbench.Reports;
using CharLM.Workbench.Reports.Html;
using CharLM.Workbench.Reports.Runs;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm report</c>.</summary>
internal sealed class ReportCommand : Verb
{
    private static readonly string[] CsvNames = ["runs.csv", "epochs.csv", "evaluations.csv"];

    private readonly Argument<string[]> _runs = new("run")
    {
        HelpName = "run",
        Arity = ArgumentArity.ZeroOrMore,
        Description = "Run directories, or logs written by --log-json; last is the run that was trained last. [default: last]",
    };
    private readonly Option<string?> _out = OptionOf.Text(
        "--out", "FILE", "HTML file for the report; it needs no network. [default: report.html]");
    private readonly Option<string?> _markdown = OptionOf.Text(
        "--markdown", "FILE", "Also write the report as Markdown to this file. [default: none]");
    private readonly Option<string?> _csv = OptionOf.Text(
        "--csv", "FOLDER", "Also write runs.csv, epochs.csv and evaluations.csv to this folder. [default: none]");
    private readonly Option<bool> _noEval = new("--no-eval")
    {
        Description = "Do not measure models or baselines; use only what the runs recorded.",
    };
    private readonly RuntimeOptions _runtime = new();
    private readonly Option<bool> _json = OptionOf.Json();

    public ReportCommand()
        : base("report", "Compare runs on one HTML page: curves, samples, configurations, measurements on unseen text, baselines.")
    {
        Add(_runs);
        foreach (Option option in new Option[] { _out, _markdown, _csv, _noEval })
            Add(option);
        CellsOption.AddTo(this);
        _runtime.AddTo(this);
        Add(_json);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<(string Command, string Purpose)> Examples =>
    [
        ("charlm report runs/a runs/b", "compare two runs"),
        ("charlm report runs/* --csv figures", "every run, and its figures as CSV"),
        ("charlm report log.jsonl --no-eval", "a log alone"),
    ];

    protected override async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        (string html, string? markdown, string? csv) = (
            parse.GetValue(_out) ?? "report.html", parse.GetValue(_markdown), parse.GetValue(_csv));
        string[] paths = [.. (parse.GetValue(_runs) is { Length: > 0 } named ? named : [SavedModelOptions.Last]).Select(RunOf)];
        InvalidConfigException.ThrowIfAny([.. _runtime.Errors(parse), .. Errors(paths, html, markdown)]);
        List<RunRecord> runs = Read(paths);
        string[] csvFiles = csv is null ? [] : [.. CsvNames.Select(name => Path.Combine(csv, name))];
        foreach (string file in (string[])[html, .. markdown is null ? Array.Empty<string>() : [markdown], .. csvFiles])
            OutputFile.Probe(file);

        TextWriter error = parse.InvocationConfiguration.Error;
        // Torch takes half a second to load, and logs alone do not need it.
        bool measures = !parse.GetValue(_noEval) && paths.Any(Directory.Exists);
        ReportContent content = await new ReportedRuns(
            runs, (corpus, saved) => CorpusOptions.ReadAsync(parse, corpus, null, saved, cancellationToken), error)
            .ReportAsync(measures ? new RunEvaluator(_runtime.Use(parse), _runtime.Threads(parse)) : null, cancellationToken);
        PageOption.WarnIfNoCharts(error);
        OutputFile.Write(html, writer => HtmlReport.Write(content.Report, writer, ChartLibrary.Embedded));
        if (markdown is not null)
            OutputFile.Write(markdown, writer => MarkdownReport.Write(content.Report, writer));
        foreach ((string file, ReportTable table) in csvFiles.Zip([content.Runs, content.Epochs, content.Evaluations]))
            OutputFile.Write(file, writer => CsvTable.Write(table, writer));
        Print(parse, [html, .. markdown is null ? Array.Empty<string>() : [markdown], .. csvFiles], content);
        return ExitCode.Done;
    }

    private static string RunOf(string name) => name == SavedModelOptions.Last && !Path.Exists(name)
        ? SavedModelOptions.LastRun() ?? (RunDirectory.In(RunDirectory.DefaultParent) is [.., var newest] ? newest.Path : null)
            ?? throw new InvalidConfigException(["nothing was trained here yet: name a run directory"])
        : name;

    private static IEnumerable<string> Errors(IReadOnlyList<string> runs, string html, string? markdown)
    {
        if (runs.Any(string.IsNullOrWhiteSpace))
            yield return "the name of a run is empty";
        else if (runs.GroupBy(path => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)))
            .FirstOrDefault(same => same.Count() > 1) is { } twice)
            yield return $"the run {twice.First()} is named twice";
        if (markdown is not null && Path.GetFullPath(markdown) == Path.GetFullPath(html))
            yield return "out and markdown name the same file";
    }

    private static List<RunRecord> Read(IReadOnlyList<string> paths)
    {
        // Unreadable runs have no kind yet and are reported when they are read.
        string?[] kinds = [.. paths.Select(
            path => Directory.Exists(path) ? RunConfigFile.KindOf(new RunDirectory(path).ConfigPath) : null)];
        if (kinds.Any(kind => RunKind.Of(kind) != RunKind.LanguageModel) && kinds.Distinct().Count() > 1)
            throw new InvalidConfigException(
                ["runs of different kinds share no figures: "
                    + $"{string.Join(", ", paths.Zip(kinds, (path, kind) => $"{path} ({kind ?? "a log"})"))}; report them separately"]);
        return Named([.. paths.Select(RunRecord.Read)], paths);
    }

    // Runs of the same name in different folders are shown by their paths.
    private static List<RunRecord> Named(IReadOnlyList<RunRecord> runs, IReadOnlyList<string> paths)
    {
        ILookup<string, RunRecord> named = runs.ToLookup(run => run.Name);
        return [.. runs.Zip(paths, (run, path) => named[run.Name].Count() > 1 ? run with { Name = path } : run)];
    }

    private void Print(ParseResult parse, IReadOnlyList<string> files, ReportContent content)
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
            Runs = content.Figures,
        }));
    }
}

/// <summary>The format of an experiment's report.</summary>
internal enum ReportFormat
{
    /// <summary>Columns of text.</summary>
    Table,

    /// <summary>Text with Markdown tables.</summary>
    Markdown,

    /// <summary>CSV with every figure at full precision.</summary>
    Csv,

    /// <summary>A page with charts, for a browser.</summary>
    Html,

    /// <summary>One JSON object.</summary>
    Json,
}
