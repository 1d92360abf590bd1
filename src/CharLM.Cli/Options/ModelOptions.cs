using System.CommandLine;
using CharLM.Models;
using CharLM.Models.Attention;

namespace CharLM.Cli.Options;

/// <summary>The options of <see cref="ModelConfig"/>.</summary>
/// <param name="defaults">What the help tells as defaults.</param>
/// <param name="ofLanguageModel">Whether the model predicts the next token; others have no use for tied weights, and may read
/// backwards.</param>
internal sealed class ModelOptions(ModelConfig defaults, bool ofLanguageModel)
{
    private readonly Option<CellKind?> _cell = OptionOf.Choice<CellKind>("--cell", "The recurrent cell. [default: gru]");
    private readonly Option<CellVariant?> _variant = OptionOf.Choice<CellVariant>(
        "--variant", "A published form of the lstm, or minGRU and minLSTM (minimal); --implementation custom computes it. [default: "
            + "standard]");
    private readonly Option<Implementation?> _implementation = OptionOf.Choice<Implementation>(
        "--implementation", "What computes it: its equations from scratch (custom), torch.nn (built-in), or the toolkit's own kernels for "
            + "the CPU (fused). [default: fused; built-in on CUDA; custom for a --variant]");
    private readonly Option<int?> _layers = OptionOf.Integer("--layers", "N", "Recurrent layers, one on the other. [default: 1]");
    private readonly Option<int?> _hidden = OptionOf.Integer("--hidden", "N", $"Hidden units of a layer. [default: {defaults.NumHiddens}]");
    private readonly Option<int?> _embedding = OptionOf.Integer(
        "--embedding", "N", "Size of a learned vector for each token; 0 feeds one-hot vectors. [default: 0]");
    private readonly Option<bool?> _tieWeights = OptionOf.Switch(
        "--tie-weights", "The output layer uses the tokens' vectors as its weight; needs --embedding of the hidden size. [default: false]");
    private readonly Option<double?> _dropout = OptionOf.Number(
        "--dropout", "P", "Probability that a value between two layers is dropped. [default: 0]");
    private readonly Option<double?> _inputDropout = OptionOf.Number("--input-dropout", "P", "The same for the input. [default: 0]");
    private readonly Option<double?> _outputDropout = OptionOf.Number(
        "--output-dropout", "P", "The same for what the output layer reads. [default: 0]");
    private readonly Option<double?> _weightDropout = OptionOf.Number(
        "--weight-dropout", "P",
            "Probability that a weight between hidden states is left out of a minibatch; fused and custom. [default: 0]");
    private readonly Option<Setting<GruForm>?> _gruForm = OptionOf.ChoiceOr<GruForm>(
        "default", "--gru-form",
            "Where a GRU's reset gate acts: before its product (the books) or after it (PyTorch). [default: reset-before for custom, else "
                + "reset-after]");
    private readonly Option<RnnActivation?> _activation = OptionOf.Choice<RnnActivation>(
        "--activation", "The function of the plain rnn cell. [default: tanh]");
    private readonly Option<Setting<AttentionKind>?> _attention = OptionOf.ChoiceOr<AttentionKind>(
        "none", "--attention", "Each step attends over the last layer's earlier hidden states. [default: none]");
    private readonly Option<int?> _attentionWindow = OptionOf.Integer(
        "--attention-window", "N", "With --attention: earlier steps that a step sees. [default: 32]");
    private readonly Option<Setting<WeightInit>?> _init = OptionOf.ChoiceOr<WeightInit>(
        "default", "--init", "How weights begin. [default: normal for custom, else torch]");
    private readonly Option<double?> _initSigma = OptionOf.Number("--init-sigma", "X", "Deviation of --init normal. [default: 0.01]");
    private readonly Option<Setting<double>?> _forgetBias = OptionOf.NumberOr(
        "default", "--forget-bias", "X", "First bias of an LSTM's forget gate. [default: as other biases]");
    private readonly Option<bool?> _bidirectional = OptionOf.Switch(
        "--bidirectional", $"Layers read backwards, too{(ofLanguageModel ? "; a language model needs --allow-leak for it" : "")}. "
            + $"[default: {(defaults.Bidirectional ? "true" : "false")}]");
    private readonly Option<bool?> _allowLeak = OptionOf.Switch(
        "--allow-leak", "Let a language model see what it predicts, as an exercise of the book does. [default: false]");

    /// <summary>The options of a language model.</summary>
    public ModelOptions()
        : this(new ModelConfig(), ofLanguageModel: true)
    {
    }

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        Option[] aboutNextTokens = [_tieWeights, _attention, _attentionWindow, _allowLeak];
        foreach (Option option in new Option[]
        {
            _cell, _variant, _implementation, _layers, _hidden, _embedding, _tieWeights, _dropout, _inputDropout, _outputDropout,
                _weightDropout,
            _gruForm, _activation, _attention, _attentionWindow, _init, _initSigma, _forgetBias, _bidirectional, _allowLeak,
        })
        {
            if (ofLanguageModel || !aboutNextTokens.Contains(option))
                command.Add(option);
        }
    }

    /// <summary>Whether the user says which cell.</summary>
    public bool NamesCell(ParseResult parse) => parse.GetValue(_cell) is not null;

    /// <summary>Whether the user says what computes the model, or which form of the cell, which may ask for another.</summary>
    public bool NamesImplementation(ParseResult parse) =>
        parse.GetValue(_implementation) is not null || parse.GetValue(_variant) is not null;

    /// <summary>A configuration with the given options over a base.</summary>
    /// <param name="parse">What the user typed.</param>
    /// <param name="under">The base.</param>
    /// <param name="onCpu">Whether the CPU computes: the kernels of the default are for it.</param>
    public ModelConfig Apply(ParseResult parse, ModelConfig under, bool onCpu) => under with
    {
        Cell = parse.GetValue(_cell) ?? under.Cell,
        Variant = parse.GetValue(_variant) ?? under.Variant,
        Implementation = parse.GetValue(_implementation)
            ?? DefaultImplementation(under.Implementation, parse.GetValue(_variant) ?? under.Variant, onCpu),
        NumLayers = parse.GetValue(_layers) ?? under.NumLayers,
        NumHiddens = parse.GetValue(_hidden) ?? under.NumHiddens,
        EmbeddingSize = parse.GetValue(_embedding) ?? under.EmbeddingSize,
        TieWeights = parse.GetValue(_tieWeights) ?? under.TieWeights,
        Dropout = parse.GetValue(_dropout) ?? under.Dropout,
        InputDropout = parse.GetValue(_inputDropout) ?? under.InputDropout,
        OutputDropout = parse.GetValue(_outputDropout) ?? under.OutputDropout,
        WeightDropout = parse.GetValue(_weightDropout) ?? under.WeightDropout,
        GruForm = parse.GetValue(_gruForm) is { } form ? form.Value : under.GruForm,
        RnnActivation = parse.GetValue(_activation) ?? under.RnnActivation,
        Attention = parse.GetValue(_attention) is { } attention ? attention.Value : under.Attention,
        AttentionWindow = parse.GetValue(_attentionWindow) ?? under.AttentionWindow,
        Init = parse.GetValue(_init) is { } init ? init.Value : under.Init,
        InitSigma = parse.GetValue(_initSigma) ?? under.InitSigma,
        ForgetBias = parse.GetValue(_forgetBias) is { } bias ? bias.Value : under.ForgetBias,
        Bidirectional = parse.GetValue(_bidirectional) ?? under.Bidirectional,
        AllowLeak = parse.GetValue(_allowLeak) ?? under.AllowLeak,
    };

    // The kernels know the standard cells, on the CPU; who names an implementation is told when it cannot compute the model.
    private static Implementation DefaultImplementation(Implementation under, CellVariant variant, bool onCpu) => (under, variant) switch
    {
        (Implementation.Fused, not CellVariant.Standard) => Implementation.Custom,
        (Implementation.Fused, _) when !onCpu => Implementation.BuiltIn,
        _ => under,
    };
}
