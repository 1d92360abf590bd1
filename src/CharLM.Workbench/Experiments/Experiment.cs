using CharLM.Workbench.Configuration;
using CharLM.Workbench.Runs;
using YamlDotNet.RepresentationModel;

namespace CharLM.Workbench.Experiments;

/// <summary>Runs that are compared: what a file describes, spelled out.</summary>
public sealed record Experiment
{
    /// <summary>The name, which is that of the folder of its run directories.</summary>
    public required string Name { get; init; }

    /// <summary>What it is to show; null when the file does not say.</summary>
    public required string? About { get; init; }

    /// <summary>What variants are compared by.</summary>
    public required TrialMetric Measure { get; init; }

    /// <summary>The runs, in order; one or more.</summary>
    public required IReadOnlyList<Trial> Trials { get; init; }

    /// <summary>
    /// Whether all trials are measured on the same part of the same text: figures of other texts, or of another cleaning or vocab,
    /// rank nothing. Bits per character compare characters with words.
    /// </summary>
    public bool MeasuresOneText => Trials.Select(trial => (
        trial.Config.Corpus, trial.Config.Text with { Token = default }, trial.Config.Training.TrainWindows,
            trial.Config.Training.ValidationWindows)).Distinct().Count() == 1;
}

/// <summary>The keys of an experiment file.</summary>
internal sealed record ExperimentSettings
{
    /// <summary>The experiment's name; default the file's.</summary>
    public string? Name { get; init; }

    /// <summary>What it is to show, for people.</summary>
    public string? About { get; init; }

    /// <summary>What variants are compared by; default held-out perplexity, when all trials hold out.</summary>
    public TrialMetric? Measure { get; init; }

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

/// <summary>What one variant changes of the base.</summary>
/// <param name="Name">The name that the file gives it; null: it is called after its settings.</param>
/// <param name="Overrides">Its settings: those of its entry in the list, then one value of each axis of the grid.</param>
/// <param name="NumListed">How many of them are the entry's.</param>
/// <param name="Line">Where it stands, from 1.</param>
internal sealed record Variant(string? Name, IReadOnlyList<Override> Overrides, int NumListed, long Line)
{
    private const int LongestValue = 40;

    // What a name already says needs no saying again.
    private IEnumerable<Override> Told => Overrides.Skip(Name is null ? 0 : NumListed);

    /// <summary>In words: "lstm, num_layers 2".</summary>
    public string Label
    {
        get
        {
            string[] parts = [.. Name is null ? Array.Empty<string>() : [Name],
                .. Told.Select(setting => $"{setting.Name} {setting.Text}")];
            return parts.Length == 0 ? "base" : string.Join(", ", parts);
        }
    }

    /// <summary>As a part of a file name: "lstm_num-layers-2"; empty when nothing is changed.</summary>
    public string Slug => string.Join(
        '_', [.. Name is null ? Array.Empty<string>() : [Name],
            .. Told.Select(setting => $"{FileWord(setting.Name)}-{FileWord(setting.Text)}")]);

    // Letters, digits, dots and hyphens go anywhere.
    private static string FileWord(string text)
    {
        string word = string.Concat(text.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' ? c : '-'));
        return word.Length > LongestValue ? word[..LongestValue] : word;
    }
}

/// <summary>One setting of a run configuration as a file gives it, with its place there.</summary>
/// <param name="Keys">The keys that lead to it, outermost first.</param>
/// <param name="Value">What stands there.</param>
/// <param name="NumOuter">How many of the keys its name leaves out: all but the last, or those before an axis whose values are
/// mappings.</param>
internal sealed record Override(IReadOnlyList<YamlScalarNode> Keys, YamlNode Value, int NumOuter)
{
    /// <summary>The last key; of a grid's value that is a mapping, the axis's key, too: "schedule.kind".</summary>
    public string Name => string.Join('.', Keys.Skip(NumOuter).Select(key => key.Value));

    /// <summary>The value in words.</summary>
    public string Text => Value is YamlScalarNode scalar ? scalar.Value ?? "" : "as in the base";

    /// <summary>The keys with dots between.</summary>
    public string Path => string.Join('.', Keys.Select(key => key.Value));

    /// <summary>The value's line, from 1.</summary>
    public long Line => Value.Start.Line;

    /// <summary>The settings of a mapping, in the file's order.</summary>
    /// <exception cref="ConfigFileException">A key is no word.</exception>
    public static IEnumerable<Override> In(YamlMappingNode? node, string file, params YamlScalarNode[] keys)
    {
        foreach ((YamlNode keyNode, YamlNode value) in (node ?? []).Children)
        {
            if (keyNode is not YamlScalarNode { Value: not null } key)
                throw new ConfigFileException(file, keyNode.Start.Line, "has a key that is no word");
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

    /// <summary>The settings of one value of a grid's axis: one, or those of a mapping.</summary>
    /// <exception cref="ConfigFileException">A key is no word.</exception>
    public Override[] With(YamlNode value, string file) => value is YamlMappingNode { Children.Count: > 0 } mapping
        ? [.. In(mapping, file, [.. Keys]).Select(setting => setting with { NumOuter = NumOuter })]
        : [this with { Value = value }];

    /// <summary>Whether two settings say something of the same key, or of one within the other.</summary>
    public bool Meets(Override other) => $"{Path}.".StartsWith($"{other.Path}.", StringComparison.Ordinal)
        || $"{other.Path}.".StartsWith($"{Path}.", StringComparison.Ordinal);

    /// <summary>A configuration with this setting.</summary>
    /// <exception cref="ConfigFileException">There is no such key, or it takes another type.</exception>
    public RunConfig ApplyTo(RunConfig under, string file)
    {
        YamlNode node = Value;
        foreach (YamlScalarNode key in Keys.Reverse())
            node = new YamlMappingNode { { key, node } };
        return YamlRecord.Apply((YamlMappingNode)node, under, file);
    }
}
