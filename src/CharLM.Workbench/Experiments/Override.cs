using CharLM.Workbench.Configuration;
using CharLM.Workbench.Runs;
using YamlDotNet.RepresentationModel;

namespace CharLM.Workbench.Experiments;

/// <summary>One setting of a run configuration as a file gives it, with its place there.</summary>
/// <param name="Keys">The keys that lead to it, outermost first.</param>
/// <param name="Value">What stands there.</param>
/// <param name="NumOuter">How many of the keys its name leaves out: all but the last, or those before an axis whose values are mappings.</param>
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
    public bool Meets(Override other) => $"{Path}.".StartsWith($"{other.Path}.", StringComparison.Ordinal) || $"{other.Path}.".StartsWith($"{Path}.", StringComparison.Ordinal);

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
