using CharLM.Checkpoints;
using CharLM.Models;
using CharLM.Tokenization;

namespace CharLM.Workbench.PyTorch;

/// <summary>
/// What a foreign state dict does not say of itself. Cell, layers, directions, hidden units and embedding are read off
/// the shapes of its weights.
/// </summary>
public sealed record ImportConfig
{
    /// <summary>Token to id and back, as the weights were trained with; default null: the vocab in the file's metadata.</summary>
    public Vocab? Vocab { get; init; }

    /// <summary>How text becomes those tokens; default null: what the file's metadata says, else the default.</summary>
    public TextConfig? Text { get; init; }

    /// <summary>The text that the weights were trained on; default null: unknown.</summary>
    public CorpusRecord? Corpus { get; init; }

    /// <summary>
    /// Where the state dict stands in a file of torch.save that holds more, such as "model_ema"; default null: the whole file, or
    /// the only one in it, or the one under state_dict, model_state_dict or model.
    /// </summary>
    public string? Key { get; init; }

    /// <summary>
    /// The module of the recurrent layers, such as "lstm" or "decoder.rnn"; "." means no module; default null: the one that has
    /// a weight_ih_l0.
    /// </summary>
    public string? RecurrentModule { get; init; }

    /// <summary>The module of the output layer, such as "fc"; default null: the one that has a weight and a bias.</summary>
    public string? OutputModule { get; init; }

    /// <summary>The module of the embedding; default null: the one that has a weight and no bias, or none.</summary>
    public string? EmbeddingModule { get; init; }

    /// <summary>The function of a plain recurrent cell, which leaves no trace in weights; default null: what the file's metadata says, else tanh.</summary>
    public RnnActivation? RnnActivation { get; init; }

    /// <summary>Takes a bidirectional model, too; default false (<see cref="ModelConfig.AllowLeak"/>).</summary>
    public bool AllowLeak { get; init; }
}
