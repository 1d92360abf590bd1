using CharLM.Corpora;
using CharLM.Workbench.Configuration;
using YamlDotNet.RepresentationModel;

namespace CharLM.Workbench.Experiments;

/// <summary>Reads experiments from YAML: a base, a list and a grid of changes, seeds, repeats.</summary>
public static class ExperimentFile
{
    private const int LongestName = 100;

    /// <summary>Reads and expands an experiment.</summary>
    /// <param name="path">The file; paths of texts in it are relative to its folder.</param>
    /// <param name="catalog">The catalog of corpora; default null: names with a slash or a dot are paths.</param>
    /// <exception cref="ConfigFileException">The file has an error; names file, line and the nearest key.</exception>
    public static Experiment Read(string path, CorpusCatalog? catalog = null) => Read(path, path, catalog);

    /// <summary>Reads a copy of an experiment's file.</summary>
    /// <param name="path">The copy.</param>
    /// <param name="original">The file that it was made of, by which it is named, and in whose folder its texts are.</param>
    /// <param name="catalog">The catalog of corpora; null: names with a slash or a dot are paths.</param>
    /// <exception cref="ConfigFileException">The copy has an error.</exception>
    internal static Experiment Read(string path, string original, CorpusCatalog? catalog) => From(YamlText.Load(path), original, catalog);

    /// <summary>Parses and expands an experiment.</summary>
    /// <param name="text">YAML.</param>
    /// <param name="path">What to call it in errors; also the experiment's name if the text gives none.</param>
    /// <exception cref="ConfigFileException">The text has an error; names file, line and the nearest key.</exception>
    public static Experiment Parse(string text, string path) => From(YamlText.Parse(text, path), path, null);

    /// <summary>Why a name is invalid for a folder; null if it is valid.</summary>
    internal static string? ErrorOfName(string name)
    {
        bool isName = name.Length is > 0 and <= LongestName && char.IsAsciiLetterOrDigit(name[0])
            && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
        return isName ? (PortableName.ErrorOf(name) is { } error ? $"{error}: take another name" : null)
            : $"a name is 1 to {LongestName} letters, digits, dots, underscores and hyphens, the first a letter or digit, not '{name}'";
    }

    // As on the command line, a catalog name takes precedence over a file of the same name.
    private static string CorpusOf(string corpus, string path, CorpusCatalog? catalog)
    {
        if (corpus is CorpusResolver.Auto or CorpusResolver.StandardInput || string.IsNullOrWhiteSpace(corpus)
            || catalog?.Find(corpus) is not null)
            return corpus;
        string file = Path.Combine(Path.GetDirectoryName(path) ?? "", corpus);
        return CorpusResolver.LooksLikePath(corpus) || (catalog is not null && File.Exists(file)) ? file : corpus;
    }

    private static Experiment From(YamlMappingNode root, string path, CorpusCatalog? catalog)
    {
        ExperimentSettings settings = YamlRecord.Apply(root, new ExperimentSettings(), path);
        string name = settings.Name ?? Path.GetFileNameWithoutExtension(path);
        if (ErrorOfName(name) is { } error)
            throw new ConfigFileException(path, LineOf("name"), error);
        IReadOnlyList<Trial> trials = new TrialExpansion(settings, path, LineOf, corpus => CorpusOf(corpus, path, catalog)).Trials();
        TrialMetric measure = settings.Measure
            ?? (trials.All(trial => trial.Config.HoldsOut) ? TrialMetric.HeldOutPerplexity : TrialMetric.TrainPerplexity);
        if (measure != TrialMetric.TrainPerplexity && trials.FirstOrDefault(trial => !trial.Config.HoldsOut) is { } without)
            throw new ConfigFileException(
                path, LineOf("measure"),
                    $"measure {Choices.NameOf(measure)} needs held-out text, and {without.Id} holds nothing out: give "
                        + "text.validation_fraction");
        if (measure != TrialMetric.HeldOutBits && trials.Select(trial => trial.Config.Text.Token).Distinct().Count() > 1)
            throw new ConfigFileException(
                path, LineOf("measure"),
                    $"perplexities of characters and of words are not comparable: use measure: {Choices.NameOf(TrialMetric.HeldOutBits)}");
        return new Experiment { Name = name, About = settings.About, Measure = measure, Trials = trials };

        long? LineOf(string key) =>
            root.Children.Keys.FirstOrDefault(node => node is YamlScalarNode scalar && scalar.Value == key)?.Start.Line;
    }
}
