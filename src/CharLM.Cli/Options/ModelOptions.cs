using System.CommandLine;
using CharLM.Models;

namespace CharLM.Cli.Options;

/// <summary>The options of <see cref="ModelConfig"/>.</summary>
internal sealed class ModelOptions
{
    private readonly Option<CellKind?> _cell = OptionOf.Choice<CellKind>("--cell", "The recurrent cell. [default: gru]");
    private readonly Option<Implementation?> _implementation = OptionOf.Choice<Implementation>("--implementation", "What computes it: its equations from scratch (custom), or torch.nn (built-in). [default: built-in]");
    private readonly Option<int?> _layers = OptionOf.Integer("--layers", "N", "Recurrent layers, one on the other. [default: 1]");
    private readonly Option<int?> _hidden = OptionOf.Integer("--hidden", "N", "Hidden units of a layer. [default: 256]");
    private readonly Option<int?> _embedding = OptionOf.Integer("--embedding", "N", "Size of a learned vector for each token; 0 feeds one-hot vectors. [default: 0]");
    private readonly Option<double?> _dropout = OptionOf.Number("--dropout", "P", "Probability that a value between two layers is dropped. [default: 0]");
    private readonly Option<GruForm?> _gruForm = OptionOf.Choice<GruForm>("--gru-form", "Where a GRU's reset gate acts: before its product (the books) or after it (PyTorch). [default: reset-before for custom, reset-after for built-in]");

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _cell, _implementation, _layers, _hidden, _embedding, _dropout, _gruForm })
            command.Add(option);
    }

    /// <summary>A configuration with the given options over a base.</summary>
    public ModelConfig Apply(ParseResult parse, ModelConfig under) => under with
    {
        Cell = parse.GetValue(_cell) ?? under.Cell,
        Implementation = parse.GetValue(_implementation) ?? under.Implementation,
        NumLayers = parse.GetValue(_layers) ?? under.NumLayers,
        NumHiddens = parse.GetValue(_hidden) ?? under.NumHiddens,
        EmbeddingSize = parse.GetValue(_embedding) ?? under.EmbeddingSize,
        Dropout = parse.GetValue(_dropout) ?? under.Dropout,
        GruForm = parse.GetValue(_gruForm) ?? under.GruForm,
    };
}
