namespace CharLM.Workbench.Experiments;

/// <summary>Runs that are compared: what a file describes, spelled out.</summary>
public sealed record Experiment
{
    /// <summary>The name, which is that of the folder of its run directories.</summary>
    public required string Name { get; init; }

    /// <summary>What it is to show; null when the file does not say.</summary>
    public required string? About { get; init; }

    /// <summary>What variants are compared by.</summary>
    public required Measure Measure { get; init; }

    /// <summary>The runs, in order; one or more.</summary>
    public required IReadOnlyList<Trial> Trials { get; init; }

    /// <summary>
    /// Whether all trials are measured on the same part of the same text: figures of other texts, or of another cleaning or vocab,
    /// rank nothing. Bits per character compare characters with words.
    /// </summary>
    public bool MeasuresOneText => Trials.Select(trial => (
        trial.Config.Corpus, trial.Config.Text with { Token = default }, trial.Config.Training.TrainWindows, trial.Config.Training.ValidationWindows)).Distinct().Count() == 1;
}
