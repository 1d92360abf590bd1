using CharLM.Models;
using CharLM.Workbench.Configuration;
using CharLM.Workbench.Runs;

namespace CharLM.Workbench.Reports.Runs;

/// <summary>What the reports of all kinds of runs show alike.</summary>
internal static class RunReportParts
{
    private const int MostSamples = 8;
    private const int MostSampleCharacters = 2000;

    /// <summary>The samples of a run, evenly over its epochs.</summary>
    public static IEnumerable<ReportPart> Samples(RunRecord run) => ChartFigures.Thinned(run.Samples, MostSamples)
        .Select(sample => new Preformatted(
            $"{run.Name}, after epoch {sample.Epoch}",
                sample.Text.Length > MostSampleCharacters ? sample.Text[..MostSampleCharacters] + "..." : sample.Text));

    /// <summary>The sections that end a report: samples, configurations, environments; of what there is.</summary>
    public static IEnumerable<ReportSection> Ending(IReadOnlyList<RunRecord> runs)
    {
        if (runs.Any(run => run.Settings is not null))
            yield return Configurations(runs);
        if (runs.Any(run => run.Environment is not null))
            yield return new ReportSection("Environment", Environments(runs));
    }

    /// <summary>The title of a report.</summary>
    public static string Title(IReadOnlyList<RunRecord> runs) => runs.Count == 1 ? $"Run {runs[0].Name}" : $"{runs.Count} runs";

    /// <summary>The recurrent layers in words.</summary>
    public static string Describe(ModelConfig model) =>
        $"{Choices.NameOf(model.Cell)} ({Choices.NameOf(model.Implementation)}), {model.NumLayers} x {model.NumHiddens}";

    /// <summary>How a run stands, in words.</summary>
    public static string State(RunRecord run) => (run.Directory, run.Result?.StoppedEarly) switch
    {
        (null, _) => "a log",
        (_, null) => "not complete",
        (_, true) => "stopped early",
        _ => "complete",
    };

    /// <summary>A figure of a fixed form; empty for what a log does not tell.</summary>
    public static string Rounded(double? value, string format) =>
        value is { } known && double.IsFinite(known) ? known.ToString(format) : "";

    /// <summary>A figure of each epoch, a curve a run.</summary>
    public static LineChart Chart(IReadOnlyList<RunRecord> runs, string title, string unit, Func<EpochMetrics, double?> value) =>
        new(title, "epoch", unit, [.. runs.Select((run, group) => Series(run, run.Name, group, value))]);

    /// <summary>A figure of each epoch of a run that has it.</summary>
    public static LineSeries Series(RunRecord run, string name, int group, Func<EpochMetrics, double?> value) =>
        new(name, [.. run.Epochs.Where(epoch => value(epoch) is not null).Select(epoch => ((double)epoch.Epoch, value(epoch)!.Value))])
        {
            Group = group,
        };

    private static ReportSection Configurations(IReadOnlyList<RunRecord> runs)
    {
        RunRecord[] known = [.. runs.Where(run => run.Settings is not null)];
        Dictionary<string, string>[] settings = [.. known.Select(run => YamlRecord.Flatten(run.Settings!).ToDictionary())];
        string[] different = [.. settings.SelectMany(setting => setting.Keys).Distinct()
            .Where(key => settings.Select(setting => setting.GetValueOrDefault(key)).Distinct().Count() > 1)];
        var parts = new List<ReportPart>();
        if (different.Length > 0)
        {
            parts.Add(new ReportTable(
                "What differs",
                [new("setting", IsNumber: false), .. known.Select(run => new ReportColumn(run.Name, IsNumber: false))],
                [.. different.Select(key => (string[])[key, .. settings.Select(setting => setting.GetValueOrDefault(key, ""))])]));
        }
        parts.AddRange(known.Select(run => new Preformatted($"{run.Name}: config.yaml", RunConfigFile.Write(run.Settings!), Folded: true)));
        return new ReportSection("Configurations", parts);
    }

    private static ReportTable Environments(IReadOnlyList<RunRecord> runs)
    {
        RunRecord[] known = [.. runs.Where(run => run.Environment is not null)];
        (string Name, Func<RunEnvironment, string?> Value)[] rows =
        [
            ("toolkit", e => e.Toolkit), ("commit", e => e.Commit), ("TorchSharp", e => e.TorchSharp), ("libtorch", e => e.Libtorch),
                (".NET", e => e.Dotnet),
            ("system", e => e.Os), ("processor", e => e.Cpu), ("processors", e => $"{e.Processors}"),
                ("threads", e => e.Threads == 0 ? "chosen" : $"{e.Threads}"),
            ("torch threads", e => $"{e.TorchThreads}"), ("device", e => e.Device), ("corpus", e => e.Corpus),
                ("its SHA-256", e => e.CorpusSha256),
            ("held out", e => e.HeldOut), ("its SHA-256", e => e.HeldOutSha256), ("began", e => e.Started),
        ];
        return new ReportTable(
            "",
            [new("", IsNumber: false), .. known.Select(run => new ReportColumn(run.Name, IsNumber: false))],
            [.. rows.Where(row => known.Any(run => row.Value(run.Environment!) is not null))
                .Select(row => (string[])[row.Name, .. known.Select(run => row.Value(run.Environment!) ?? "")])]);
    }
}
