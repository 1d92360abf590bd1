using CharLM.Workbench.Configuration;
using YamlDotNet.RepresentationModel;

namespace CharLM.Workbench.Runs;

/// <summary>Finds forbidden changes to the configuration of a resumed run.</summary>
internal static class RunConflicts
{
    // Settings that may change without changing what is learned: the number of epochs unless something spans them all, patience unless the
    // run would have ended before. The text is compared by checksum.
    private static readonly HashSet<string> MayChange = new(StringComparer.Ordinal)
    {
        "corpus", "data", "validation", "training.num_epochs", "training.total_steps", "prefix", "sample_length", "sample_temperature",
            "minutes", "sample_every", "checkpoint_every", "keep_last",
            "patience", "checkpoint_path",
    };

    /// <summary>The forbidden changes, one sentence each; empty if there are none.</summary>
    public static IEnumerable<string> Between(RunSettings was, RunSettings isNow)
    {
        Dictionary<string, string> before = Settings(was), now = Settings(isNow);
        foreach (string key in before.Keys.Union(now.Keys).Except(MayChange))
        {
            if (before.GetValueOrDefault(key, "not set") is var old && now.GetValueOrDefault(key, "not set") is var value && old != value)
                yield return $"{key} is {old} in the run and cannot become {value}";
        }
        if (was.Training.EpochLength != isNow.Training.EpochLength)
            yield return $"an epoch is {Length(was)} in the run and cannot become {Length(isNow)}";
        if (was.Training.TotalSteps != isNow.Training.TotalSteps && was.WhatSpansAllEpochs is { } spans)
            yield return $"training.total_steps is {was.Training.TotalSteps} in the run and cannot become {isNow.Training.TotalSteps}: "
                + $"{spans} from the first step to the last; start a new run, from this one's checkpoint or from scratch";
        else if (was.Training.NumEpochs != isNow.Training.NumEpochs && was.Training.TotalSteps == 0 && was.WhatSpansAllEpochs is { } what)
        {
            yield return $"training.num_epochs is {was.Training.NumEpochs} in the run and cannot become {isNow.Training.NumEpochs}: "
                + $"{what} from its first epoch to its last, and what is learned would be neither run's; start a new run, from this one's "
                + "checkpoint or from scratch";
        }
    }

    private static string Length(RunSettings config) =>
        config.Training.EpochLength == 0 ? "a pass over the text" : $"{config.Training.EpochLength} steps";

    private static Dictionary<string, string> Settings(RunSettings config)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal);
        Add(YamlRecord.ToNode(config), "");
        return settings;

        void Add(YamlMappingNode node, string prefix)
        {
            foreach ((YamlNode key, YamlNode value) in node.Children)
            {
                if (value is YamlMappingNode inner)
                    Add(inner, $"{prefix}{key}.");
                else
                    settings[$"{prefix}{key}"] = value.ToString();
            }
        }
    }
}
