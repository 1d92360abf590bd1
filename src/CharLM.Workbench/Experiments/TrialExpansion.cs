using CharLM.Corpora;
using CharLM.Workbench.Configuration;
using CharLM.Workbench.Runs;
using YamlDotNet.RepresentationModel;

namespace CharLM.Workbench.Experiments;

/// <summary>
/// Expands an experiment: every entry of the list, with every combination of the grid's values (the last axis changes fastest), with every
/// seed, for every repeat.
/// </summary>
/// <param name="settings">The file's settings.</param>
/// <param name="file">What to call the file in errors.</param>
/// <param name="lineOf">The line of a key in the file.</param>
/// <param name="corpusOf">Maps a text in the file to its path.</param>
internal sealed class TrialExpansion(ExperimentSettings settings, string file, Func<string, long?> lineOf, Func<string, string> corpusOf)
{
    private const string NameKey = "name", SeedPath = "training.seed", CheckpointPath = "checkpoint_path";
    private const int MaxTrials = 10_000;

    private readonly RunConfig _preset = ReadPreset(settings, file, lineOf);
    private readonly List<Override> _base = [.. Override.In(settings.Base, file)];

    /// <summary>The trials, in order.</summary>
    /// <exception cref="ConfigFileException">There are none or too many trials, two have the same id, or one is invalid.</exception>
    public IReadOnlyList<Trial> Trials()
    {
        foreach (Override setting in _base)
            Check(setting, ofBase: true);
        List<Override[][]> axes = Axes();
        List<Variant> entries = Entries();
        foreach (Override listed in entries.SelectMany(entry => entry.Overrides))
            RefuseConflict(listed, axes);
        IReadOnlyList<(long Seed, long Line)> seeds = Seeds();
        if (settings.Repeats is < 1 or > 1000)
            throw new ConfigFileException(file, lineOf("repeats"), $"repeats must be 1 to 1000, not {settings.Repeats}");
        double count = axes.Aggregate((double)entries.Count * seeds.Count * settings.Repeats, (product, axis) => product * axis.Length);
        if (count > MaxTrials)
            throw new ConfigFileException(file, null, $"makes {count:0} trials, more than {MaxTrials}");

        var trials = new List<Trial>();
        var ids = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var configs = new Dictionary<RunConfig, Variant>();
        foreach (Variant variant in entries.SelectMany(entry => Combine(entry, axes)))
        {
            RunConfig config = Config(variant);
            Variant? same = configs.TryAdd(config, variant) ? null : configs[config];
            foreach ((long seed, long line) in seeds)
            {
                for (int repeat = 1; repeat <= settings.Repeats; repeat++)
                {
                    string id = string.Join(
                        '_', new[] { variant.Slug, $"seed-{seed}", settings.Repeats > 1 ? $"repeat-{repeat}" : "" }.Where(
                            part => part.Length > 0));
                    if (!ids.TryAdd(id, variant.Label))
                        throw new ConfigFileException(
                            file, line == 0 ? variant.Line : line,
                                $"two trials would have the id '{id}' ({ids[id]}; {variant.Label}): give the entries of the list names, "
                                    + "and each value and seed once");
                    if (same is not null)
                        throw new ConfigFileException(
                            file, LineOf(variant, same),
                                $"'{variant.Label}' and '{same.Label}' are the same configuration: leave one of them out, and use seeds or "
                                    + "repeats for more runs of it");
                    trials.Add(new Trial
                    {
                        Number = trials.Count + 1,
                        Id = id,
                        Variant = variant.Label,
                        Repeat = repeat,
                        Config = config with { Training = config.Training with { Seed = seed } },
                    });
                }
            }
        }
        return trials;
    }

    private static RunConfig ReadPreset(ExperimentSettings settings, string file, Func<string, long?> lineOf)
    {
        try
        {
            return settings.Preset is { } preset ? RunConfigFile.ReadPreset(preset) : new RunConfig();
        }
        catch (InvalidConfigException e)
        {
            throw new ConfigFileException(file, lineOf("preset"), e.Message, e);
        }
    }

    // Each axis is a list of values; each value is one setting, or several for a mapping.
    private List<Override[][]> Axes()
    {
        var axes = new List<Override[][]>();
        foreach (Override axis in Override.In(settings.Grid, file))
        {
            if (axis.Value is not YamlSequenceNode { Children: var values })
                throw new ConfigFileException(file, axis.Line, $"{axis.Path} takes a list of values, [a, b], in a grid");
            if (values.Count == 0)
                throw new ConfigFileException(file, axis.Line, $"{axis.Path} has no values: the experiment would have no trials");
            Override[][] choices = [.. values.Select(value => axis.With(value, file))];
            foreach (Override setting in choices.SelectMany(choice => choice))
                Check(setting, ofBase: false);
            axes.Add(choices);
        }
        return axes;
    }

    private List<Variant> Entries()
    {
        if (settings.List is null)
            return [new Variant(null, [], 0, lineOf("grid") ?? 1)];
        if (settings.List.Children.Count == 0)
            throw new ConfigFileException(file, lineOf("list"), "list is empty: the experiment would have no trials");
        var entries = new List<Variant>();
        foreach (YamlNode node in settings.List.Children)
        {
            if (node is not YamlMappingNode entry)
                throw new ConfigFileException(
                    file, node.Start.Line, "an entry of the list takes keys with values: a name, and what it changes");
            Override[] all = [.. Override.In(entry, file)];
            Override? named = all.FirstOrDefault(setting => setting.Path == NameKey);
            Override[] changes = [.. all.Where(setting => setting != named)];
            foreach (Override change in changes)
                Check(change, ofBase: false);
            string? name = named is null ? null : (named.Value as YamlScalarNode)?.Value
                ?? throw new ConfigFileException(file, named.Line, "name takes a text");
            if (name is not null && ExperimentFile.ErrorOfName(name) is { } error)
                throw new ConfigFileException(file, named!.Line, error);
            entries.Add(new Variant(name, changes, changes.Length, node.Start.Line));
        }
        return entries;
    }

    private IReadOnlyList<(long Seed, long Line)> Seeds()
    {
        if (settings.Seeds is null)
            return [(_base.Aggregate(_preset, (under, setting) => setting.ApplyTo(under, file)).Training.Seed, 0)];
        if (settings.Seeds.Children.Count == 0)
            throw new ConfigFileException(file, lineOf("seeds"), "seeds is empty: the experiment would have no trials");
        return YamlRecord.WholeNumbers(settings.Seeds, "seeds", file);
    }

    private static IEnumerable<Variant> Combine(Variant entry, List<Override[][]> axes) =>
        axes.Aggregate<Override[][],
            IEnumerable<Variant>>([entry], (variants, axis) => variants.SelectMany(_ => axis, (variant, choice) => variant with
            {
                Overrides = [.. variant.Overrides, .. choice],
            }));

    // The grid's value would win, and the entry would not be what it says.
    private void RefuseConflict(Override listed, List<Override[][]> axes)
    {
        if (axes.SelectMany(axis => axis).SelectMany(choice => choice).FirstOrDefault(listed.Meets) is { } chosen)
            throw new ConfigFileException(
                file, listed.Line, $"{listed.Path} is set by this entry of the list and by the grid (line {chosen.Line}): leave it out of "
                    + "one of them");
    }

    // The line of the first setting that two equal variants do not share.
    private static long LineOf(Variant variant, Variant other) =>
        variant.Overrides.FirstOrDefault(setting => !other.Overrides.Any(shared => ReferenceEquals(shared.Value, setting.Value)))?.Line
            ?? variant.Line;

    // Checks keys and values before any combination is made.
    private void Check(Override setting, bool ofBase)
    {
        setting.ApplyTo(_preset, file);
        if (setting.Path == SeedPath && (!ofBase || settings.Seeds is not null))
            throw new ConfigFileException(file, setting.Line, "give seeds as seeds: [0, 1, 2], the same for every variant");
        if (setting.Path == "corpus" && setting.Value.AllNodes.Any(node => node is YamlScalarNode { Value: CorpusResolver.StandardInput }))
            throw new ConfigFileException(file, setting.Line, "corpus takes a name of the catalog or a file: every trial reads it again");
        if (setting.Path is "extend_vocab" or "start_checkpoint" or "start_sha256")
            throw new ConfigFileException(file, setting.Line, $"{setting.Path} is for runs that continue a model: leave it out");
        if (setting.Path == CheckpointPath)
            throw new ConfigFileException(file, setting.Line, "checkpoint_path follows from the run directory: leave it out");
    }

    private RunConfig Config(Variant variant)
    {
        List<Override> all = [.. _base, .. variant.Overrides];
        RunConfig config = Apply(all);
        config = config with { Corpus = config.Corpus.Map(corpusOf) };
        List<string> errors = [.. config.Errors()];
        if (errors.Count == 0)
            return config;
        // Blame the setting whose removal removes the error, the most specific first.
        var blamed = errors.Select(
            error => (Error: error,
                Setting: Enumerable.Reverse(all)
                    .FirstOrDefault(setting => !Apply(all.Where(other => other != setting)).Errors().Contains(error)))).ToList();
        IEnumerable<string> rest = blamed.Skip(1)
            .Select(other => $"{(other.Setting is null ? "" : $"line {other.Setting.Line}: {other.Setting.Name}: ")}{other.Error}");
        (string first, Override? cause) = blamed[0];
        throw new ConfigFileException(
            file, cause?.Line ?? variant.Line,
                string.Join("; ", rest.Prepend(cause is null ? $"{variant.Label}: {first}" : $"{cause.Name}: {first}")));
    }

    private RunConfig Apply(IEnumerable<Override> overrides) =>
        overrides.Aggregate(_preset, (under, setting) => setting.ApplyTo(under, file));
}
