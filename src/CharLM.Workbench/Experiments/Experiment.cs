using CharLM.Workbench.Configuration;
using CharLM.Workbench.Runs;
using YamlDotNet.RepresentationModel;

namespace CharLM.Workbench.Experiments;

/// <summary>An experiment: the runs that a file describes, expanded.</summary>
public sealed record Experiment
{
    /// <summary>The name, also of the folder of its run directories.</summary>
    public required string Name { get; init; }

    /// <summary>Its purpose; null if the file does not say.</summary>
    public required string? About { get; init; }

    /// <summary>The metric by which variants are compared.</summary>
    public required TrialMetric Measure { get; init; }

    /// <summary>The runs, in order; one or more.</summary>
    public required IReadOnlyList<Trial> Trials { get; init; }

    /// <summary>
    /// Whether all trials are measured on the same part of the same text: figures on different texts, cleanings or vocabs cannot be ranked.
    /// Bits per character compare character with word models.
    /// </summary>
    public bool MeasuresOneText => Trials.Select(trial => (
        trial.Config.Corpus, trial.Config.Text with { Token = default }, trial.Config.Training.TrainWindows,
            trial.Config.Training.ValidationWindows)).Distinct().Count() == 1;
}

/// <summary>The keys of an experiment file.</summary>
internal sealed record ExperimentSettings
{
    /// <summary>The experiment's name; default the file's name.</summary>
    public string? Name { get; init; }

    /// <summary>Its purpose, for people.</summary>
    public string? About { get; init; }

    /// <summary>The metric by which variants are compared; default held-out perplexity if all trials hold out text.</summary>
    public TrialMetric? Measure { get; init; }

    /// <summary>The preset on which all trials are based; default the defaults.</summary>
    public string? Preset { get; init; }

    /// <summary>Changes common to all trials: keys of a run configuration.</summary>
    public YamlMappingNode? Base { get; init; }

    /// <summary>Variants one by one: an optional name, and keys of a run configuration.</summary>
    public YamlSequenceNode? List { get; init; }

    /// <summary>Axes: keys of a run configuration with lists of values; every combination is a variant.</summary>
    public YamlMappingNode? Grid { get; init; }

    /// <summary>The seeds that every variant runs with; default the base's seed.</summary>
    public YamlSequenceNode? Seeds { get; init; }

    /// <summary>Runs per seed, 1 to 1,000, for timing, since the same seed gives the same figures; default 1.</summary>
    public int Repeats { get; init; } = 1;
}

/// <summary>One variant: its changes to the base.</summary>
/// <param name="Name">The name in the file; null to name it after its settings.</param>
/// <param name="Overrides">Its settings: those of its entry in the list, then one value of each axis of the grid.</param>
/// <param name="NumListed">The number of settings from the list entry.</param>
/// <param name="Line">Its line in the file, from 1.</param>
internal sealed record Variant(string? Name, IReadOnlyList<Override> Overrides, int NumListed, long Line)
{
    private const int LongestValue = 40;

    // A name already covers the settings of the list entry.
    private IEnumerable<Override> Told => Overrides.Skip(Name is null ? 0 : NumListed);

    /// <summary>The variant as text: "lstm, num_layers 2".</summary>
    public string Label
    {
        get
        {
            string[] parts = [.. Name is null ? Array.Empty<string>() : [Name],
                .. Told.Select(setting => $"{setting.Name} {setting.Text}")];
            return parts.Length == 0 ? "base" : string.Join(", ", parts);
        }
    }

    /// <summary>The variant as part of a file name: "lstm_num-layers-2"; empty if nothing is changed.</summary>
    public string Slug => string.Join(
        '_', [.. Name is null ? Array.Empty<string>() : [Name],
            .. Told.Select(setting => $"{FileWord(setting.Name)}-{FileWord(setting.Text)}")]);

    // Letters, digits, dots and hyphens are valid in file names everywhere.
    private static string FileWord(string text)
    {
        string word = string.Concat(text.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' ? c : '-'));
        return word.Length > LongestValue ? word[..LongestValue] : word;
    }
}

/// <summary>One setting of a run configuration, with its position in the file.</summary>
/// <param name="Keys">The keys that lead to it, outermost first.</param>
/// <param name="Value">Its value.</param>
/// <param name="NumOuter">The number of leading keys that its name omits: all but the last, or those before an axis whose values
/// are mappings.</param>
internal sealed record Override(IReadOnlyList<YamlScalarNode> Keys, YamlNode Value, int NumOuter)
{
    /// <summary>The last key; for a grid value that is a mapping, also the axis's key: "schedule.kind".</summary>
    public string Name => string.Join('.', Keys.Skip(NumOuter).Select(key => key.Value));

    /// <summary>The value as text.</summary>
    public string Text => Value is YamlScalarNode scalar ? scalar.Value ?? "" : "as in the base";

    /// <summary>The keys joined by dots.</summary>
    public string Path => string.Join('.', Keys.Select(key => key.Value));

    /// <summary>The value's line, from 1.</summary>
    public long Line => Value.Start.Line;

    /// <summary>The settings of a mapping, in the file's order.</summary>
    /// <exception cref="ConfigFileException">A key is not text.</exception>
    public static IEnumerable<Override> In(YamlMappingNode? node, string file, params YamlScalarNode[] keys)
    {
        foreach ((YamlNode keyNode, YamlNode value) in (node ?? []).Children)
        {
            if (keyNode is not YamlScalarNode { Value: not null } key)
                throw new ConfigFileException(file, keyNode.Start.Line, "has a key that is not text");
            if (value is YamlMappingNode { Children.Count: > 0 } inner)
            {
                foreach (Override found in In(inner, file, [.. keys, key]))
                    yield return found;
            }
            else
            {
                yield return new Override([.. keys, key], value, keys.Length);
            }
        }
    }

    /// <summary>The settings of one value of a grid axis: one, or those of a mapping.</summary>
    /// <exception cref="ConfigFileException">A key is not text.</exception>
    public Override[] With(YamlNode value, string file) => value is YamlMappingNode { Children.Count: > 0 } mapping
        ? [.. In(mapping, file, [.. Keys]).Select(setting => setting with { NumOuter = NumOuter })]
        : [this with { Value = value }];

    /// <summary>Whether two settings concern the same key, or one contains the other.</summary>
    public bool Meets(Override other) => $"{Path}.".StartsWith($"{other.Path}.", StringComparison.Ordinal)
        || $"{other.Path}.".StartsWith($"{Path}.", StringComparison.Ordinal);

    /// <summary>Applies this setting to a configuration.</summary>
    /// <exception cref="ConfigFileException">The key does not exist, or takes another type.</exception>
    public RunConfig ApplyTo(RunConfig under, string file)
    {
        YamlNode node = Value;
        foreach (YamlScalarNode key in Keys.Reverse())
            node = new YamlMappingNode { { key, node } };
        return YamlRecord.Apply((YamlMappingNode)node, under, file);
    }
}
