using CharLM.Checkpoints.Safetensors;

namespace CharLM.Workbench.PyTorch;

/// <summary>
/// Maps the tensors of a foreign state dict to weights. Names differ between programs, so modules are recognised by their content: the
/// recurrent layers by their weight_ih_l0, the output layer by a weight and a bias, an embedding by a weight alone. If two modules match,
/// the user must choose, and other modules are then ignored as another model's.
/// </summary>
internal sealed class StateDictLayout
{
    private readonly Dictionary<string, StoredTensor> _tensors;
    private readonly string _recurrent;
    private readonly string _output;
    private readonly string? _embedding;
    private readonly bool _named;

    /// <summary>Finds the modules.</summary>
    /// <exception cref="FormatException">A module is missing or ambiguous.</exception>
    public StateDictLayout(IEnumerable<StoredTensor> tensors, ImportConfig config)
    {
        _tensors = tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        _named = config is not { RecurrentModule: null, OutputModule: null, EmbeddingModule: null };
        _recurrent = Prefix(config.RecurrentModule) ?? TheOne(
            "recurrent layer (a weight_ih_l0)", "rnn-module", _tensors.Keys.Where(name => Module(name).Leaf == "weight_ih_l0"))!;
        string[] weights = [.. _tensors.Values.Where(tensor => tensor.Shape.Count == 2 && Module(tensor.Name).Leaf == "weight")
            .Select(tensor => tensor.Name)];
        _output = Prefix(config.OutputModule) ?? TheOne(
            "output layer (a weight and a bias)", "linear-module",
                weights.Where(name => HasBias(name) && Module(name).Prefix != Prefix(config.EmbeddingModule)))!;
        _embedding = Prefix(config.EmbeddingModule) ?? TheOne(
            "embedding (a weight without a bias)", "embedding-module",
                weights.Where(name => !HasBias(name) && Module(name).Prefix != _output), orNone: true);
    }

    /// <summary>Whether the model has an embedding.</summary>
    public bool HasEmbedding => _embedding is not null;

    /// <summary>The tensor of a weight, by the toolkit's name; null if the file has none.</summary>
    public StoredTensor? Find(string name) => _tensors.GetValueOrDefault(ForeignName(name));

    /// <summary>The tensor of a required weight, a matrix.</summary>
    /// <exception cref="FormatException">The weight is missing, or not a matrix.</exception>
    public StoredTensor Matrix(string name) => Find(name) switch
    {
        null => throw new FormatException($"lacks the weight '{ForeignName(name)}'"),
        { Shape: [> 0 and <= int.MaxValue, > 0 and <= int.MaxValue] } matrix => matrix,
        var other => throw new FormatException(
            $"has the weight '{other.Name}' in shape [{string.Join(", ", other.Shape)}], which is not a usable matrix"),
    };

    /// <summary>The tensors of a model's weights, by the toolkit's names.</summary>
    /// <param name="expected">Name to shape.</param>
    /// <exception cref="FormatException">A weight is missing, superfluous, misshapen, or of an unsupported type.</exception>
    public IReadOnlyDictionary<string, StoredTensor> Match(IReadOnlyDictionary<string, long[]> expected)
    {
        var found = new Dictionary<string, StoredTensor>(StringComparer.Ordinal);
        foreach ((string name, long[] shape) in expected)
        {
            StoredTensor tensor = Find(name) ?? throw new FormatException($"lacks the weight '{ForeignName(name)}'");
            if (!shape.SequenceEqual(tensor.Shape))
                throw new FormatException(
                    $"has the weight '{tensor.Name}' in shape [{string.Join(", ", tensor.Shape)}] where its model has "
                        + $"[{string.Join(", ", shape)}]");
            if (!FloatTensor.Types.Contains(tensor.DType))
                throw new FormatException(
                    $"has the weight '{tensor.Name}' as {tensor.DType}, which is none of {string.Join(", ", FloatTensor.Types)}");
            found[name] = tensor;
        }
        IEnumerable<string> others = _tensors.Keys.Except(found.Values.Select(tensor => tensor.Name));
        if (others.Where(name => !_named || IsOurs(Module(name).Prefix)).Order(StringComparer.Ordinal).FirstOrDefault() is { } left)
            throw new FormatException($"has a tensor '{left}' that no model of this toolkit has together with the others");
        return found;
    }

    // "decoder.rnn.weight_ih_l0" -> "decoder.rnn.", "weight_ih_l0"
    private static (string Prefix, string Leaf) Module(string name)
    {
        int leaf = name.LastIndexOf('.') + 1;
        return (name[..leaf], name[leaf..]);
    }

    // "rnn" and "rnn." mean the same, "." and "" the state dict of a bare module.
    private static string? Prefix(string? module) => module?.TrimEnd('.') switch
    {
        null => null,
        "" => "",
        var name => name + ".",
    };

    private static string? TheOne(string what, string setting, IEnumerable<string> names, bool orNone = false)
    {
        string[] found = [.. names.Order(StringComparer.Ordinal)];
        return found.Length switch
        {
            1 => Module(found[0]).Prefix,
            0 when orNone => null,
            0 => throw new FormatException($"has no {what}"),
            _ => throw new FormatException(
                $"has more than one {what}: {string.Join(", ", found.Select(name => $"'{name}'"))}; say which ({setting})"),
        };
    }

    private bool IsOurs(string prefix) => prefix == _recurrent || prefix == _output || prefix == _embedding;

    private bool HasBias(string weight) => _tensors.ContainsKey(Module(weight).Prefix + "bias");

    private string ForeignName(string name)
    {
        (string module, string leaf) = Module(name);
        return module switch { "rnn." => _recurrent, "linear." => _output, _ => _embedding } + leaf;
    }
}
