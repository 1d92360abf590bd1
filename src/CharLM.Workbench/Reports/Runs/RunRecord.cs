using CharLM.Checkpoints;
using CharLM.Evaluation;
using CharLM.Workbench.Runs;

namespace CharLM.Workbench.Reports.Runs;

/// <summary>What a run left behind, for a report: read from its run directory, or from the log of <c>--log-json</c>.</summary>
public sealed record RunRecord : RecordedRun
{
    /// <summary>Its configuration; null when only a log is known.</summary>
    public RunConfig? Config { get; init; }

    /// <inheritdoc/>
    public override RunSettings? Settings => Config;

    /// <summary>Its epochs, in order.</summary>
    public required IReadOnlyList<EpochMetrics> Epochs { get; init; }

    /// <summary>How it ended; null while it is not complete.</summary>
    public RunSummary? Result { get; init; }

    /// <summary>The last epoch; null before the first is finished.</summary>
    public EpochMetrics? Last => Epochs.Count > 0 ? Epochs[^1] : null;

    /// <summary>The epoch with the best held-out perplexity; null when nothing is held out.</summary>
    public EpochMetrics? Best => Epochs.Where(epoch => epoch.HeldOutPerplexity is not null).MinBy(epoch => epoch.HeldOutPerplexity);

    /// <summary>Reads a run directory, or the file of a log.</summary>
    /// <exception cref="CheckpointException">There is no run, or a file of it is not what it should be.</exception>
    /// <exception cref="Configuration.ConfigFileException">Its configuration is not what it should be.</exception>
    public static RunRecord Read(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        if (File.Exists(path))
            return RunLog.Read(path);
        var directory = new RunDirectory(path);
        if (!File.Exists(directory.ConfigPath))
            throw new CheckpointException(path, "is no run: it is neither a run directory (it has no config.yaml) nor the file of a log");
        return new RunRecord
        {
            Name = directory.Name,
            Directory = directory,
            Config = RunConfigFile.Read(directory.ConfigPath),
            Environment = RunEnvironment.Read(directory.EnvironmentPath),
            Epochs = EpochMetrics.Read(directory.MetricsPath),
            Samples = SampleFile.Read(directory.SamplesPath),
            Result = File.Exists(directory.ResultPath) ? RunSummary.Read(directory.ResultPath) : null,
        };
    }
}

/// <summary>What a run of any kind left behind, for a report.</summary>
public abstract record RecordedRun
{
    /// <summary>What the run is called in the report.</summary>
    public required string Name { get; init; }

    /// <summary>Its directory; null when only a log is known.</summary>
    public RunDirectory? Directory { get; init; }

    /// <summary>All that the run was told; null when only a log is known.</summary>
    public abstract RunSettings? Settings { get; }

    /// <summary>What it ran on; null when only a log is known.</summary>
    public RunEnvironment? Environment { get; init; }

    /// <summary>Its samples, in order.</summary>
    public required IReadOnlyList<RunSample> Samples { get; init; }

    /// <summary>The checkpoint that speaks for the run: the best when there is one, else the last; null when there is none.</summary>
    public string? CheckpointPath => new[] { Directory?.BestCheckpointPath, Directory?.LastCheckpointPath }.FirstOrDefault(File.Exists);
}

/// <summary>How a run's model did on text that its training did not see, beside what it has to beat.</summary>
/// <param name="Run">The run's name.</param>
/// <param name="Evaluation">The figures of its checkpoint.</param>
/// <param name="NGram">The figures of counted n-grams on the same text; null when there was nothing to count.</param>
/// <param name="Compressors">What compressors need for the same text.</param>
/// <param name="Passage">The beginning of the text, token by token, with the nats of each.</param>
public sealed record RunMeasurement(
    string Run, EvaluationReport Evaluation, EvaluationReport? NGram, IReadOnlyList<CompressorBaseline> Compressors,
        IReadOnlyList<(string Token, double Nats)> Passage);

/// <summary>A sample that a run drew.</summary>
/// <param name="Epoch">After how many epochs.</param>
/// <param name="Text">The prefix and its continuation.</param>
public sealed record RunSample(int Epoch, string Text);
