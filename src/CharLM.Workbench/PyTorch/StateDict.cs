using CharLM.Checkpoints;
using CharLM.Models;

namespace CharLM.Workbench.PyTorch;

/// <summary>
/// A model in PyTorch's form: weights under the names and in the shapes of torch.nn, and strings beside them. Thread safety: immutable.
/// </summary>
/// <param name="Weights">Name to weight, such as rnn.weight_ih_l0, linear.weight and embedding.weight.</param>
/// <param name="Metadata">The vocab as a JSON list (vocab), and the configuration (charlm_model, charlm_text).</param>
public sealed record StateDict(IReadOnlyDictionary<string, WeightArray> Weights, IReadOnlyDictionary<string, string> Metadata)
{
    internal const string OutputWeight = "linear.weight";
    internal const string EmbeddingWeight = "embedding.weight";

    // Prefixed so that they do not collide with other keys.
    internal const string VocabKey = "vocab";
    internal const string ModelKey = "charlm_model";
    internal const string TextKey = "charlm_text";

    /// <summary>Builds the state dict of a model.</summary>
    /// <exception cref="InvalidConfigException">PyTorch does not have the model's cell.</exception>
    public static StateDict Of(Checkpoint checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        if (checkpoint.Model.Cell == CellKind.Own)
            throw new InvalidConfigException([$"PyTorch has no cell {checkpoint.Model.OwnCell}: it is the model's own"]);
        if (checkpoint.Model.Cell == CellKind.Esn)
            throw new InvalidConfigException(["PyTorch has no echo-state network: it would not know what to do with these weights"]);
        if (checkpoint.Model.Variant != CellVariant.Standard)
            throw new InvalidConfigException(
                [$"PyTorch has no {Choices.NameOf(checkpoint.Model.Cell)} of the variant {Choices.NameOf(checkpoint.Model.Variant)}: it "
                    + "would not know what to do with these weights"]);
        if (checkpoint.Model.Attention is not null)
            throw new InvalidConfigException(
                ["PyTorch has no language model with this attention: it would not know what to do with these weights"]);
        if (checkpoint.Model is { Cell: CellKind.Gru, EffectiveGruForm: GruForm.ResetBefore })
        {
            throw new InvalidConfigException(
                ["a GRU of the form reset-before is another model than torch.nn.GRU, where its weights would give other results: train one "
                    + "with gru-form reset-after to export it"]);
        }
        // PyTorch's state dicts list a shared weight under both names.
        var weights = new Dictionary<string, WeightArray>(checkpoint.Weights, StringComparer.Ordinal);
        if (checkpoint.Model.TieWeights)
            weights[OutputWeight] = weights[EmbeddingWeight];
        return new StateDict(weights, new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [VocabKey] = VocabFile.Format(checkpoint.Vocab),
            [ModelKey] = CheckpointMetadata.WritePart(checkpoint.Model),
            [TextKey] = CheckpointMetadata.WritePart(checkpoint.Text),
        });
    }
}
