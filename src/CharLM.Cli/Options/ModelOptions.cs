using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using CharLM.Cli.Help;
using CharLM.Models;
using CharLM.Models.Attention;

namespace CharLM.Cli.Options;

/// <summary>The options of <see cref="ModelConfig"/>.</summary>
/// <param name="defaults">The defaults that help shows.</param>
/// <param name="ofLanguageModel">Whether the model predicts the next token; other models cannot tie weights and may read
/// backwards.</param>
internal sealed class ModelOptions(ModelConfig defaults, bool ofLanguageModel)
{
    private readonly Option<Cell?> _cell = OptionOf.Word<Cell>(
        "--cell", ofLanguageModel ? "rnn|gru|lstm|esn" : "rnn|gru|lstm", "The recurrent cell. [default: gru]");
    private readonly Option<CellVariant?> _variant = OptionOf.Choice<CellVariant>(
        "--variant", "A variant of the GRU or the LSTM from papers and exercises (docs/cells.md); computed by --implementation custom. "
            + "[default: standard]").In(HelpGroup.Rare);
    private readonly Option<Implementation?> _implementation = OptionOf.Choice<Implementation>(
        "--implementation", "The implementation: torch operations that follow the equations (custom), torch.nn (built-in), or charlm's "
            + "own CPU kernels (fused). [default: fused; built-in on CUDA; custom for a --variant]");
    private readonly Option<int?> _layers = OptionOf.Integer("--layers", "N", "Recurrent layers, stacked. [default: 1]");
    private readonly Option<int?> _hidden = OptionOf.Integer("--hidden", "N", $"Hidden units per layer. [default: {defaults.NumHiddens}]");
    private readonly Option<int?> _embedding = OptionOf.Integer(
        "--embedding", "N", "Size of the learned vector for each token; 0 feeds one-hot vectors. [default: 0]");
    private readonly Option<bool?> _tieWeights = OptionOf.Switch(
        "--tie-weights", "Use the token vectors as the output layer's weights, too; needs --embedding equal to --hidden. [default: false]");
    private readonly Option<double?> _dropout = OptionOf.Number(
        "--dropout", "P", "Probability of dropping a value between two layers. [default: 0]");
    private readonly Option<double?> _inputDropout = OptionOf.Number(
        "--input-dropout", "P", "Probability of dropping a value of the input. [default: 0]");
    private readonly Option<double?> _outputDropout = OptionOf.Number(
        "--output-dropout", "P", "Probability of dropping a value that the output layer reads. [default: 0]");
    private readonly Option<bool?> _lockedDropout = OptionOf.Switch(
        "--locked-dropout", "Drop the same values of a sequence at every step of a minibatch. [default: false]");
    private readonly Option<double?> _weightDropout = OptionOf.Number(
        "--weight-dropout", "P", "Probability of dropping a recurrent weight for one minibatch; fused and custom only. [default: 0]");
    private readonly Option<Setting<GruForm>?> _gruForm = OptionOf.ChoiceOr<GruForm>(
        "default", "--gru-form",
            "Apply the GRU's reset gate before the matrix product, as the books do, or after it, as PyTorch does. [default: reset-before "
                + "for custom, else reset-after]").In(HelpGroup.Rare);
    private readonly Option<RnnActivation?> _activation = OptionOf.Choice<RnnActivation>(
        "--activation", "Activation of the plain rnn cell. [default: tanh]").In(HelpGroup.Rare);
    private readonly Option<double?> _spectralRadius = OptionOf.Number(
        "--spectral-radius", "X", "With --cell esn: the largest modulus of the eigenvalues of the recurrent weights. [default: 0.9]")
            .In(HelpGroup.Rare);
    private readonly Option<double?> _leakRate = OptionOf.Number(
        "--leak-rate", "X", "With --cell esn: how much of the state each step replaces, up to 1. [default: 1]").In(HelpGroup.Rare);
    private readonly Option<double?> _inputScaling = OptionOf.Number(
        "--input-scaling", "X", "With --cell esn: the bound of the random input weights. [default: 1]").In(HelpGroup.Rare);
    private readonly Option<double?> _sparsity = OptionOf.Number(
        "--sparsity", "P", "With --cell esn: the fraction of recurrent weights that are zero. [default: 0.9]").In(HelpGroup.Rare);
    private readonly Option<Setting<AttentionKind>?> _attention = OptionOf.ChoiceOr<AttentionKind>(
        "none", "--attention", "Let each step attend to earlier hidden states of the last layer, matched by this function. "
            + "[default: none]");
    private readonly Option<int?> _attentionWindow = OptionOf.Integer(
        "--attention-window", "N", "With --attention: how many earlier steps a step can see. [default: 32]");
    private readonly Option<Setting<WeightInit>?> _init = OptionOf.ChoiceOr<WeightInit>(
        "default", "--init", "How weights are initialized. [default: normal for custom, else torch]").In(HelpGroup.Rare);
    private readonly Option<double?> _initSigma = OptionOf.Number(
        "--init-sigma", "X", "Standard deviation of --init normal. [default: 0.01]").In(HelpGroup.Rare);
    private readonly Option<Setting<double>?> _forgetBias = OptionOf.NumberOr(
        "default", "--forget-bias", "X", "Initial bias of an LSTM's forget gate. [default: like its other biases]").In(HelpGroup.Rare);
    private readonly Option<bool?> _bidirectional = OptionOf.Switch(
        "--bidirectional", $"Read in both directions{(ofLanguageModel ? "; a language model also needs --allow-leak" : "")}. "
            + $"[default: {(defaults.Bidirectional ? "true" : "false")}]").In(ofLanguageModel ? HelpGroup.Rare : HelpGroup.Model);
    private readonly Option<bool?> _allowLeak = OptionOf.Switch(
        "--allow-leak", "Let a language model see the tokens it has to predict, as an exercise of the book does. [default: false]")
            .In(HelpGroup.Rare);

    /// <summary>The options of a language model.</summary>
    public ModelOptions()
        : this(new ModelConfig(), ofLanguageModel: true)
    {
    }

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        Option[] aboutNextTokens =
        [
            _lockedDropout, _weightDropout, _tieWeights, _spectralRadius, _leakRate, _inputScaling, _sparsity, _attention, _attentionWindow,
            _allowLeak,
        ];
        _cell.CompletionSources.Add([.. Choices.NamesOf<CellKind>().Where(name => name != Choices.NameOf(CellKind.Own))]);
        foreach (Option option in new Option[]
        {
            _cell, _variant, _implementation, _layers, _hidden, _embedding, _tieWeights, _dropout, _inputDropout, _outputDropout,
                _lockedDropout, _weightDropout,
            _gruForm, _activation, _spectralRadius, _leakRate, _inputScaling, _sparsity, _attention, _attentionWindow, _init, _initSigma,
                _forgetBias, _bidirectional, _allowLeak,
        })
        {
            if (ofLanguageModel || !aboutNextTokens.Contains(option))
                command.Add(HelpGroup.Model, option);
        }
        CellsOption.AddTo(command);
    }

    /// <summary>Whether the user chose a cell.</summary>
    public bool NamesCell(ParseResult parse) => parse.GetValue(_cell) is not null;

    /// <summary>Whether the user chose an implementation, or a variant, which may require another one.</summary>
    public bool NamesImplementation(ParseResult parse) =>
        parse.GetValue(_implementation) is not null || parse.GetValue(_variant) is not null || parse.GetValue(_cell)?.Own is not null;

    /// <summary>A configuration with the given options over a base.</summary>
    /// <param name="parse">What the user typed.</param>
    /// <param name="under">The base.</param>
    /// <param name="onCpu">Whether to compute on the CPU, which the default kernels need.</param>
    public ModelConfig Apply(ParseResult parse, ModelConfig under, bool onCpu) => under with
    {
        Cell = parse.GetValue(_cell)?.Kind ?? under.Cell,
        OwnCell = parse.GetValue(_cell) is { } cell ? cell.Own : under.OwnCell,
        Variant = parse.GetValue(_variant) ?? under.Variant,
        Implementation = parse.GetValue(_implementation)
            ?? DefaultImplementation(
                under.Implementation, parse.GetValue(_cell)?.Kind ?? under.Cell, parse.GetValue(_variant) ?? under.Variant, onCpu),
        NumLayers = parse.GetValue(_layers) ?? under.NumLayers,
        NumHiddens = parse.GetValue(_hidden) ?? under.NumHiddens,
        EmbeddingSize = parse.GetValue(_embedding) ?? under.EmbeddingSize,
        TieWeights = parse.GetValue(_tieWeights) ?? under.TieWeights,
        Dropout = parse.GetValue(_dropout) ?? under.Dropout,
        InputDropout = parse.GetValue(_inputDropout) ?? under.InputDropout,
        OutputDropout = parse.GetValue(_outputDropout) ?? under.OutputDropout,
        LockedDropout = parse.GetValue(_lockedDropout) ?? under.LockedDropout,
        WeightDropout = parse.GetValue(_weightDropout) ?? under.WeightDropout,
        GruForm = parse.GetValue(_gruForm) is { } form ? form.Value : under.GruForm,
        RnnActivation = parse.GetValue(_activation) ?? under.RnnActivation,
        SpectralRadius = parse.GetValue(_spectralRadius) ?? under.SpectralRadius,
        LeakRate = parse.GetValue(_leakRate) ?? under.LeakRate,
        InputScaling = parse.GetValue(_inputScaling) ?? under.InputScaling,
        Sparsity = parse.GetValue(_sparsity) ?? under.Sparsity,
        Attention = parse.GetValue(_attention) is { } attention ? attention.Value : under.Attention,
        AttentionWindow = parse.GetValue(_attentionWindow) ?? under.AttentionWindow,
        Init = parse.GetValue(_init) is { } init ? init.Value : under.Init,
        InitSigma = parse.GetValue(_initSigma) ?? under.InitSigma,
        ForgetBias = parse.GetValue(_forgetBias) is { } bias ? bias.Value : under.ForgetBias,
        Bidirectional = parse.GetValue(_bidirectional) ?? under.Bidirectional,
        AllowLeak = parse.GetValue(_allowLeak) ?? under.AllowLeak,
    };

    // The kernels compute the standard cells on the CPU; an explicit implementation is validated instead of replaced.
    private static Implementation DefaultImplementation(Implementation under, CellKind cell, CellVariant variant, bool onCpu) =>
        (under, cell, variant) switch
        {
            (Implementation.Fused, CellKind.Own or CellKind.Esn, _) or (Implementation.Fused, _, not CellVariant.Standard) =>
                Implementation.Custom,
            (Implementation.Fused, _, _) when !onCpu => Implementation.BuiltIn,
            _ => under,
        };

    // A cell as it is named: one of the toolkit's, or one that --cells brings.
    [Description("rnn, gru, lstm, esn, or the name of a cell of --cells")]
    private readonly record struct Cell(CellKind Kind, string? Own) : IParsable<Cell>
    {
        public static Cell Parse(string s, IFormatProvider? provider) =>
            TryParse(s, provider, out Cell cell) ? cell : throw new FormatException($"no cell: '{s}'");

        public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out Cell result)
        {
            bool isKind = Choices.TryParse(s ?? "", out CellKind kind) && kind != CellKind.Own;
            result = isKind ? new Cell(kind, null) : new Cell(CellKind.Own, s);
            return isKind || RecurrentCells.IsName(s);
        }
    }
}
