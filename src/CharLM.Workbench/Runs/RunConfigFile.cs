using System.Text.Json.Nodes;
using CharLM.Checkpoints;
using CharLM.Workbench.Configuration;
using YamlDotNet.RepresentationModel;

namespace CharLM.Workbench.Runs;

/// <summary>Reads and writes run configurations as YAML: presets that ship with the library, and the user's files.</summary>
public static class RunConfigFile
{
    private const string PresetFolder = "CharLM.Workbench.Runs.Presets.", Seq2SeqFolder = "CharLM.Workbench.Runs.Seq2SeqPresets.",
        Extension = ".yaml";

    /// <summary>The names of the presets, in alphabetical order.</summary>
    public static IReadOnlyList<string> Presets { get; } = PresetsIn(PresetFolder);

    /// <summary>The names of the presets of encoder-decoders, in alphabetical order.</summary>
    public static IReadOnlyList<string> Seq2SeqPresets { get; } = PresetsIn(Seq2SeqFolder);

    /// <summary>Applies a preset to a configuration.</summary>
    /// <param name="name">The preset.</param>
    /// <param name="under">The configuration that supplies the other settings; default the defaults.</param>
    /// <exception cref="InvalidConfigException">There is no such preset; the nearest is named.</exception>
    public static RunConfig ReadPreset(string name, RunConfig? under = null) =>
        Parse(PresetText(PresetFolder, Presets, name), $"preset {name}", under);

    /// <summary>Applies a preset of encoder-decoders to a configuration.</summary>
    /// <inheritdoc cref="ReadPreset(string, RunConfig?)"/>
    public static PairRunConfig ReadPreset(string name, PairRunConfig under)
    {
        string path = $"preset {name}";
        return YamlRecord.Apply(YamlText.Parse(PresetText(Seq2SeqFolder, Seq2SeqPresets, name), path), under, path);
    }

    /// <summary>The description of a preset, one sentence.</summary>
    /// <exception cref="InvalidConfigException">There is no such preset; the nearest is named.</exception>
    public static string AboutPreset(string name)
    {
        // Each preset begins with its description as a comment.
        string text = Seq2SeqPresets.Contains(name) ? PresetText(Seq2SeqFolder, Seq2SeqPresets, name)
            : PresetText(PresetFolder, Presets, name);
        string about = string.Join(
            ' ', text.Split('\n').TakeWhile(line => line.StartsWith('#')).Select(line => line.Trim('#', ' ')));
        int end = about.IndexOf(". ", StringComparison.Ordinal);
        return end < 0 ? about : about[..(end + 1)];
    }

    private static IReadOnlyList<string> PresetsIn(string folder) =>
    [
        .. typeof(RunConfigFile).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(folder, StringComparison.Ordinal))
            .Select(name => name[folder.Length..^Extension.Length])
            .Order(StringComparer.Ordinal),
    ];

    private static string PresetText(string folder, IReadOnlyList<string> presets, string name)
    {
        using Stream stream = typeof(RunConfigFile).Assembly.GetManifestResourceStream(folder + name + Extension)
            ?? throw new InvalidConfigException([$"there is no preset '{name}'; "
                + (EditDistance.Nearest(name, presets) is { } near
                    ? $"did you mean '{near}'?" : $"there are {string.Join(", ", presets)}")]);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    /// <summary>Applies a file to a configuration.</summary>
    /// <param name="path">A YAML file.</param>
    /// <param name="under">The configuration that supplies keys missing from the file; default the defaults.</param>
    /// <exception cref="ConfigFileException">The file is missing, not YAML, or has an unknown key or a value of another type.</exception>
    public static RunConfig Read(string path, RunConfig? under = null) => Read<RunConfig>(path, under ?? new RunConfig());

    /// <summary>Applies a file to a configuration of any kind of run.</summary>
    /// <inheritdoc cref="Read(string, RunConfig?)"/>
    public static TConfig Read<TConfig>(string path, TConfig under)
        where TConfig : RunSettings
    {
        ArgumentNullException.ThrowIfNull(under);
        return ConfigDocument.Load(path).Over(under);
    }

    /// <summary>The kind of model of a configuration; null if it cannot be read.</summary>
    /// <param name="path">A config.yaml.</param>
    public static string? KindOf(string path)
    {
        try
        {
            return ConfigDocument.Load(path).Kind ?? ModelKind.LanguageModel;
        }
        catch (ConfigFileException)
        {
            return null;
        }
    }

    /// <summary>Applies a YAML text to a configuration.</summary>
    /// <inheritdoc cref="Read(string, RunConfig?)"/>
    public static RunConfig Parse(string text, string path, RunConfig? under = null) =>
        YamlRecord.Apply(YamlText.Parse(text, path), under ?? new RunConfig(), path);

    /// <summary>Formats a complete configuration as YAML: every setting with its value.</summary>
    public static string Write(RunSettings config) => YamlRecord.ToText(YamlRecord.ToNode(config));

    /// <summary>Converts a complete configuration to JSON, under the same keys.</summary>
    public static JsonObject ToJson(RunSettings config) => YamlRecord.ToJson(config);

    /// <summary>The settings in which two configurations differ, as text: "training.seed 0, now 1".</summary>
    public static IReadOnlyList<string> Differences(RunConfig before, RunConfig now)
    {
        Dictionary<string, string> was = YamlRecord.Flatten(before).ToDictionary(), becomes = YamlRecord.Flatten(now).ToDictionary();
        return [.. was.Keys.Union(becomes.Keys).Where(key => was.GetValueOrDefault(key) != becomes.GetValueOrDefault(key))
            .Select(key => $"{key} {was.GetValueOrDefault(key, "not set")}, now {becomes.GetValueOrDefault(key, "not set")}")];
    }
}
