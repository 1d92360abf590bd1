using YamlDotNet.RepresentationModel;

namespace CharLM.Workbench.Experiments;

/// <summary>The keys of an experiment file.</summary>
internal sealed record ExperimentSettings
{
    /// <summary>The experiment's name; default the file's.</summary>
    public string? Name { get; init; }

    /// <summary>What it is to show, for people.</summary>
    public string? About { get; init; }

    /// <summary>What variants are compared by; default held-out perplexity, when all trials hold out.</summary>
    public Measure? Measure { get; init; }

    /// <summary>The preset that all trials begin with; default the defaults.</summary>
    public string? Preset { get; init; }

    /// <summary>What all trials change of that: keys of a run configuration.</summary>
    public YamlMappingNode? Base { get; init; }

    /// <summary>Variants one by one: an optional name, and keys of a run configuration.</summary>
    public YamlSequenceNode? List { get; init; }

    /// <summary>Axes: keys of a run configuration with lists of values; every combination is a variant.</summary>
    public YamlMappingNode? Grid { get; init; }

    /// <summary>Every variant is run with each; default the base's one seed.</summary>
    public YamlSequenceNode? Seeds { get; init; }

    /// <summary>Runs with each seed, 1 to 1,000: for times, since the same seed gives the same numbers; default 1.</summary>
    public int Repeats { get; init; } = 1;
}
