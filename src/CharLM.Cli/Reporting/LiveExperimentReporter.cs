using CharLM.Cli.Streams;
using CharLM.Workbench.Experiments;
using Spectre.Console;

namespace CharLM.Cli.Reporting;

/// <summary>Shows an experiment on a terminal: a table of all trials, redrawn as they progress.</summary>
internal sealed class LiveExperimentReporter : ExperimentReporter
{
    private const int LinesAround = 4;
    private static readonly TimeSpan RedrawInterval = TimeSpan.FromMilliseconds(100);

    private readonly IAnsiConsole _console = Terminal.OnError();
    private readonly TimeProvider _clock = TimeProvider.System;
    private readonly Experiment _experiment;
    private readonly TrialStatus[] _trials;
    private long _drawn;
    private int _lines;

    public LiveExperimentReporter(Experiment experiment, IReadOnlyList<TrialStatus> trials)
        : base(TextWriter.Null, trials.Count)
    {
        (_experiment, _trials) = (experiment, [.. trials]);
        Draw();
    }

    public override void Report(TrialStatus value)
    {
        bool changes = _trials[value.Trial.Number - 1].State != value.State;
        _trials[value.Trial.Number - 1] = value;
        if (changes || _clock.GetElapsedTime(_drawn) >= RedrawInterval)
            Draw();
    }

    public override void Dispose()
    {
        Draw();
        // Warnings and failures, which do not fit into the table.
        foreach (string line in _trials.SelectMany(status => Warnings(status).Concat(status.Problem is null ? [] : [Describe(status)])))
            Console.Error.WriteLine(line);
        base.Dispose();
    }

    private void Draw()
    {
        _drawn = _clock.GetTimestamp();
        string table = _console.ToAnsi(Table());
        TextWriter writer = _console.Profile.Out.Writer;
        // Moves up to the table's first line and erases everything below.
        if (_lines > 0)
            writer.Write($"\u001b[{_lines}A\r\u001b[J");
        writer.Write(table);
        _lines = table.Count(c => c == '\n');
    }

    private Table Table()
    {
        Table table = new Table().NoBorder();
        foreach (string title in new[] { "trial", "state", "epoch", "perplexity", "held-out", "tokens/s" })
            table.AddColumn(new TableColumn(new Text(title, Terminal.Dim))
            {
                NoWrap = true,
                Alignment = title is "trial" or "state" ? Justify.Left : Justify.Right,
            });
        int room = Math.Max(1, _console.Profile.Height - LinesAround);
        TrialStatus[] shown = [.. Shown(room)];
        foreach (TrialStatus status in shown)
            table.AddRow(Cells(status).Select(cell => new Text(Printable.Text(cell), StyleOf(status.State)).Ellipsis()));
        int finished = _trials.Count(status => status.State == TrialState.Finished),
            failed = _trials.Count(status => status.State == TrialState.Failed);
        string more = shown.Length < _trials.Length ? $"{shown.Length} of {_trials.Length} trials shown, " : "";
        table.Caption = new TableTitle(
            Markup.Escape($"{Printable.Text(_experiment.Name)}: {more}{finished} of {_trials.Length} "
                + $"finished{(failed == 0 ? "" : $", {failed} failed")}"));
        return table;
    }

    // As many trials as fit, in order, starting two before the first unfinished one.
    private IEnumerable<TrialStatus> Shown(int room)
    {
        int first = Array.FindIndex(_trials, status => status.State is TrialState.Running or TrialState.Waiting or TrialState.Resumable);
        int from = Math.Clamp((first < 0 ? _trials.Length : first) - 2, 0, Math.Max(0, _trials.Length - room));
        return _trials.Skip(from).Take(room);
    }

    private static string[] Cells(TrialStatus status)
    {
        int of = status.Trial.Config.Training.EpochCount;
        (int? epoch, double? train, double? heldOut, double? rate) = status.Result is { } result
            ? (result.Epochs, result.TrainPerplexity, result.HeldOutPerplexity, result.TokensPerSecond)
            : (status.Progress?.Epoch, status.Progress?.TrainPerplexity, status.Progress?.HeldOutPerplexity,
                status.Progress?.TokensPerSecond);
        return
        [
            status.Trial.Id,
            NameOf(status.State),
            epoch is null ? "" : $"{epoch}/{of}",
            train is { } perplexity ? Figure.Perplexity(perplexity) : "",
            heldOut is { } measured ? Figure.Perplexity(measured) : "",
            rate is { } tokens ? Figure.Count(tokens) : "",
        ];
    }

    private static Style StyleOf(TrialState state) => !Terminal.HasStyles ? Style.Plain : state switch
    {
        TrialState.Waiting => Terminal.Dim,
        TrialState.Running => new Style(foreground: Color.Yellow),
        TrialState.Failed => new Style(foreground: Color.Red),
        _ => Style.Plain,
    };
}
