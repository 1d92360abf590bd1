using CharLM.Configuration;
using CharLM.Runs;
using YamlDotNet.RepresentationModel;

namespace CharLM.Experiments;

/// <summary>One setting of a run configuration as a file gives it, with its place there.</summary>
/// <param name="Keys">The keys that lead to it, outermost first.</param>
/// <param name="Value">What stands there.</param>
internal sealed record Override(IReadOnlyList<YamlScalarNode> Keys, YamlNode Value)
{
    /// <summary>The last key.</summary>
    public string Name => Keys[^1].Value ?? "";

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
                yield return new Override([.. keys, key], value);
            }
        }
    }

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
