using CharLM.Checkpoints;
using CharLM.Workbench.Configuration;
using YamlDotNet.RepresentationModel;

namespace CharLM.Workbench.Runs;

/// <summary>A configuration file that has been read, once: it may be a pipe.</summary>
internal sealed class ConfigDocument
{
    private readonly YamlMappingNode _root;

    private ConfigDocument(string path, YamlMappingNode root) => (Path, _root) = (path, root);

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The line, from 1, where the file sets the implementation; null if it does not.</summary>
    public long? ImplementationLine => Find(Find(_root, "model"), "implementation")?.Start.Line;

    /// <summary>The kind of model; null if the configuration does not name it, as those of language models, which came first.</summary>
    public string? Kind => Find(_root, "kind") is YamlScalarNode { Value: { Length: > 0 } name } ? name : null;

    /// <summary>Reads a file.</summary>
    /// <param name="path">A YAML file.</param>
    /// <exception cref="ConfigFileException">The file is missing, too large, or not YAML.</exception>
    public static ConfigDocument Load(string path) => new(path, YamlText.Load(path));

    /// <summary>A configuration in which the file's settings replace another's.</summary>
    /// <param name="under">The configuration that supplies keys missing from the file.</param>
    /// <exception cref="ConfigFileException">It is of another kind, or has an unknown key or a value of another type.</exception>
    public TConfig Over<TConfig>(TConfig under)
        where TConfig : RunSettings
    {
        if (Kind is { } kind && kind != under.ModelKind)
            throw new ConfigFileException(Path, null, $"configures a {kind}, not a {under.ModelKind}: {ModelKind.TrainOf(kind)} takes it");
        return YamlRecord.Apply(_root, under, Path);
    }

    private static YamlNode? Find(YamlNode? node, string key) =>
        node is YamlMappingNode mapping && mapping.Children.TryGetValue(key, out YamlNode? value) ? value : null;
}
