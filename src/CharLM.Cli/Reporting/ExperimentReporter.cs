using CharLM.Cli.Streams;
using CharLM.Workbench.Experiments;

namespace CharLM.Cli.Reporting;

/// <summary>Reports an experiment: a line when a trial begins and when it ends.</summary>
internal class ExperimentReporter(TextWriter error, int count) : IProgress<TrialStatus>, IDisposable
{
    private readonly Dictionary<int, TrialState> _told = [];

    /// <summary>The reporter that suits standard error: a live table on a terminal, plain lines elsewhere.</summary>
    public static ExperimentReporter Create(TextWriter error, Experiment experiment, IReadOnlyList<TrialStatus> trials) =>
        Terminal.IsLive ? new LiveExperimentReporter(experiment, trials) : new ExperimentReporter(error, trials.Count);

    /// <summary>Describes a trial in one line.</summary>
    public static string Describe(TrialStatus status) => status switch
    {
        { Result: { } result } =>
            $"{status.Trial.Id}: {Perplexity(result.TrainPerplexity, result.HeldOutPerplexity)} after {result.Epochs} "
                + $"epoch{(result.Epochs == 1 ? "" : "s")}, {Figure.Duration(result.TrainedSeconds)}",
        { Problem: { } problem } => $"{status.Trial.Id}: failed: {Printable.Text(problem)}",
        { Progress: { } reached } => $"{status.Trial.Id}: {NameOf(status.State)} after epoch {reached.Epoch}",
        _ => $"{status.Trial.Id}: {NameOf(status.State)}",
    };

    /// <summary>The warnings of a trial, one per line.</summary>
    public static IEnumerable<string> Warnings(TrialStatus status) =>
        status.Warnings.Select(warning => $"{status.Trial.Id}: warning: {Printable.Text(warning)}");

    /// <inheritdoc/>
    public virtual void Report(TrialStatus value)
    {
        if (_told.GetValueOrDefault(value.Trial.Number, TrialState.Waiting) == value.State)
            return;
        _told[value.Trial.Number] = value.State;
        foreach (string line in Warnings(value).Append(Describe(value)))
            error.WriteLine($"trial {value.Trial.Number}/{count}  {line}");
    }

    /// <inheritdoc/>
    public virtual void Dispose() => GC.SuppressFinalize(this);

    /// <summary>The name of a trial's state.</summary>
    public static string NameOf(TrialState state) => state switch
    {
        TrialState.Resumable => "saved",
        TrialState.Busy => "busy in another process",
        _ => Choices.NameOf(state),
    };

    private static string Perplexity(double train, double? heldOut) =>
        $"perplexity {Figure.Perplexity(train)}{(heldOut is { } value ? $", held-out {Figure.Perplexity(value)}" : "")}";
}
