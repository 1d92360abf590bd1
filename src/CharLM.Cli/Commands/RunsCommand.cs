using System.CommandLine;
using CharLM.Checkpoints;
using CharLM.Cli.Options;
using CharLM.Cli.Reporting;
using CharLM.Cli.Streams;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm runs</c>.</summary>
internal sealed class RunsCommand : Verb
{
    private readonly Argument<string> _folder = new("folder")
    {
        HelpName = "folder",
        Description = $"The folder of the runs. [default: {RunDirectory.DefaultParent}]",
        DefaultValueFactory = _ => RunDirectory.DefaultParent,
    };
    private readonly Option<int?> _prune = OptionOf.Integer(
        "--prune", "N", "Keep the N newest runs and remove the others, except runs in use and files of no run. [default: remove "
            + "none]");
    private readonly Option<bool> _json = OptionOf.Json();

    public RunsCommand()
        : base("runs", "List training runs and their results, and remove old ones.")
    {
        Add(_folder);
        Add(_prune);
        Add(_json);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<(string Command, string Purpose)> Examples =>
    [
        ("charlm runs", "list the runs here, the newest last"),
        ("charlm runs --prune 10", "keep the ten newest"),
    ];

    protected override Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        string folder = parse.GetRequiredValue(_folder);
        if (parse.GetValue(_prune) is { } keep)
        {
            if (keep < 0)
                throw new InvalidConfigException([$"prune must be 0 or more, not {keep}"]);
            return Task.FromResult(Prune(parse, folder, keep));
        }
        Row[] rows = [.. Newest(folder).Reverse().Select(RowOf)];
        TextWriter output = parse.InvocationConfiguration.Output;
        if (parse.GetValue(_json))
        {
            output.WriteLine(JsonOutput.Line(rows));
            return Task.FromResult(ExitCode.Done);
        }
        int longest = rows.Length == 0 ? 0 : rows.Max(row => row.Name.Length);
        foreach (Row row in rows)
        {
            output.WriteLine($"{Printable.Text(row.Name).PadRight(longest)}  {Choices.NameOf(row.State),-9}  {Steps(row),12}  "
                + $"{Figure("held out", row.HeldOutPerplexity)}  {Figure("unseen", row.UnseenPerplexity)}  {row.Megabytes,7:0.0} MB");
        }
        if (rows.Length == 0)
            ErrorLine.Write(parse.InvocationConfiguration.Error, $"{folder} holds no runs");
        return Task.FromResult(ExitCode.Done);

        static string Figure(string name, double? perplexity) =>
            $"{(perplexity is { } value ? $"{name} {Reporting.Figure.Perplexity(value)}" : ""),-17}";

        static string Steps(Row row) => row.Steps is { } steps ? $"{Reporting.Figure.Count(steps)} steps" : "";
    }

    private int Prune(ParseResult parse, string folder, int keep)
    {
        bool json = parse.GetValue(_json);
        List<string> removed = [], kept = [];
        foreach (RunDirectory run in Newest(folder).Skip(keep))
        {
            bool isRemoved = run.TryRemove();
            (isRemoved ? removed : kept).Add(run.Path);
            if (isRemoved && !json)
                parse.InvocationConfiguration.Output.WriteLine($"removed {Printable.Text(run.Path)}");
            else if (!isRemoved)
                ErrorLine.Write(parse.InvocationConfiguration.Error,
                    $"{run.Path}: kept: a process is using it, or it holds files that belong to no run");
        }
        if (json)
            parse.InvocationConfiguration.Output.WriteLine(JsonOutput.Line(new { Removed = removed, Kept = kept }));
        return ExitCode.Done;
    }

    private static IEnumerable<RunDirectory> Newest(string folder) =>
        RunDirectory.In(folder).OrderByDescending(run => File.GetLastWriteTimeUtc(run.ConfigPath)).ThenByDescending(run => run.Name);

    // An unreadable file only leaves its figures out: the list shows every run.
    private static Row RowOf(RunDirectory run)
    {
        RunSummary? result = Try(() => File.Exists(run.ResultPath) ? RunSummary.Read(run.ResultPath) : null);
        EpochMetrics? last = Try(
            () => File.Exists(run.MetricsPath) && EpochMetrics.Read(run.MetricsPath) is [.., var epoch] ? epoch : null);
        return new Row(
            run.Name, run.State, result?.Steps ?? last?.Step,
            result?.BestHeldOutPerplexity ?? last?.HeldOutPerplexity,
            result?.Unseen is { } unseen ? Math.Exp(unseen.Loss) : null,
            run.Files().Sum(file => new FileInfo(file).Length) / 1e6);

        static T? Try<T>(Func<T?> read)
            where T : class
        {
            try
            {
                return read();
            }
            catch (Exception e) when (e is CheckpointException or IOException or UnauthorizedAccessException)
            {
                return null;
            }
        }
    }

    private sealed record Row(
        string Name, RunDirectoryState State, long? Steps, double? HeldOutPerplexity, double? UnseenPerplexity, double Megabytes);
}
