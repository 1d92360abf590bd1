using System.Text.Json.Serialization;

namespace CharLM.Models;

/// <summary>What a language model is made of. The defaults are the GRU of Dive into Deep Learning v0.17.</summary>
public sealed record ModelConfig
{
    /// <summary>The recurrent cell; default GRU.</summary>
    public CellKind Cell { get; init; } = CellKind.Gru;

    /// <summary>What computes it; default torch.nn.</summary>
    public Implementation Implementation { get; init; } = Implementation.BuiltIn;

    /// <summary>Recurrent layers, one on the other, 1 to 1,000; default 1.</summary>
    public int NumLayers { get; init; } = 1;

    /// <summary>Hidden units of a layer, 1 to 65,536; default 256.</summary>
    public int NumHiddens { get; init; } = 256;

    /// <summary>Size of the learned vector of a token; default 0: tokens enter as one-hot vectors.</summary>
    public int EmbeddingSize { get; init; }

    /// <summary>The probability that a value between two layers is dropped in training, in [0, 1); default 0.</summary>
    public double Dropout { get; init; }

    /// <summary>
    /// Where the reset gate of a GRU acts; default null: the form that the implementation is known for, before the
    /// product for <see cref="Implementation.Custom"/>, after it for <see cref="Implementation.BuiltIn"/>.
    /// </summary>
    public GruForm? GruForm { get; init; }

    /// <summary>The size of a layer's input for a vocab: the embedding, or the one-hot vector.</summary>
    public int InputSize(int vocabSize) => EmbeddingSize > 0 ? EmbeddingSize : vocabSize;

    /// <summary>The form of GRU that this configuration means.</summary>
    [JsonIgnore]
    public GruForm EffectiveGruForm => GruForm ?? (Implementation == Implementation.Custom ? Models.GruForm.ResetBefore : Models.GruForm.ResetAfter);

    /// <summary>The same with the form of GRU written out, so that it stays when the implementation changes.</summary>
    public ModelConfig Resolved() => Cell == CellKind.Gru ? this with { GruForm = EffectiveGruForm } : this;

    /// <summary>Every fault of the configuration, empty when there is none.</summary>
    public IEnumerable<string> Faults()
    {
        if (NumLayers is < 1 or > 1000)
            yield return $"layers must be 1 to 1000, not {NumLayers}";
        if (NumHiddens is < 1 or > 65536)
            yield return $"hidden must be 1 to 65536, not {NumHiddens}";
        if (EmbeddingSize is < 0 or > 65536)
            yield return $"embedding must be 0 (one-hot) to 65536, not {EmbeddingSize}";
        if (!(Dropout is >= 0 and < 1))
            yield return $"dropout must be at least 0 and below 1, not {Dropout}";
        if (Dropout > 0 && NumLayers == 1)
            yield return "dropout acts between layers; with one layer it would do nothing: take --layers 2 or more, or --dropout 0";
        if (Cell == CellKind.Gru && Implementation != Implementation.Custom && EffectiveGruForm == Models.GruForm.ResetBefore)
            yield return "gru-form reset-before exists only in the custom implementation: take --implementation custom, or reset-after";
        if (Cell != CellKind.Gru && GruForm is not null)
            yield return $"gru-form is for the gru cell, not for {Choices.NameOf(Cell)}";
    }

    /// <summary>Throws when the configuration has a fault.</summary>
    /// <exception cref="InvalidConfigException">Lists every fault.</exception>
    public void Validate() => InvalidConfigException.ThrowIfAny(Faults());
}
