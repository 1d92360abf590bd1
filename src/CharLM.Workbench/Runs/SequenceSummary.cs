using CharLM.Checkpoints;

namespace CharLM.Workbench.Runs;

/// <summary>How a complete run on pairs ended: its <c>result.json</c>.</summary>
public sealed record SequenceSummary
{
    /// <summary>The file of the pairs that were learned.</summary>
    public required string Data { get; init; }

    /// <summary>Its SHA-256.</summary>
    public required string DataSha256 { get; init; }

    /// <summary>How many pairs it has.</summary>
    public required int Pairs { get; init; }

    /// <summary>The number of trainable values.</summary>
    public required long Parameters { get; init; }

    /// <summary>Finished epochs.</summary>
    public required int Epochs { get; init; }

    /// <summary>Minibatches that were learned.</summary>
    public required long Steps { get; init; }

    /// <summary>Nats a prediction over the last epoch that was finished in the last process; null when none was.</summary>
    public double? TrainLoss { get; init; }

    /// <summary>The figures of the held-out pairs after it, by name; null when none are held out.</summary>
    public IReadOnlyDictionary<string, double>? HeldOut { get; init; }

    /// <summary>
    /// The greatest accuracy or exact match of the held-out pairs, for what a label steers the least loss; null when none are
    /// held out.
    /// </summary>
    public double? BestHeldOut { get; init; }

    /// <summary>After how many epochs it was reached.</summary>
    public int? BestEpoch { get; init; }

    /// <summary>Whether the run ended before its last epoch because the held-out pairs became no better.</summary>
    public required bool StoppedEarly { get; init; }

    /// <summary>Seconds of training.</summary>
    public required double TrainedSeconds { get; init; }

    /// <summary>Reads a result.json.</summary>
    /// <exception cref="CheckpointException">The file is missing, or not what it should be.</exception>
    public static SequenceSummary Read(string path) => RecordFile.Read<SequenceSummary>(path);
}
