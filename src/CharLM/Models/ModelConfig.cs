using System.Text.Json.Serialization;
using CharLM.Models.Attention;

namespace CharLM.Models;

/// <summary>What a language model is made of. The defaults are the GRU of Dive into Deep Learning v0.17.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed record ModelConfig
{
    /// <summary>The recurrent cell; default GRU.</summary>
    public CellKind Cell { get; init; } = CellKind.Gru;

    /// <summary>For <see cref="CellKind.Own"/>: the name of a registered cell (<see cref="RecurrentCells"/>); default null.</summary>
    public string? OwnCell { get; init; }

    /// <summary>Which published form of it; default the standard one. The others exist in the custom implementation only.</summary>
    public CellVariant Variant { get; init; } = CellVariant.Standard;

    /// <summary>What computes it; default the toolkit's own kernels, which are for the CPU.</summary>
    public Implementation Implementation { get; init; } = Implementation.Fused;

    /// <summary>Recurrent layers, one on the other, 1 to 1,000; default 1.</summary>
    public int NumLayers { get; init; } = 1;

    /// <summary>Hidden units of a layer, 1 to 65,536; default 256.</summary>
    public int NumHiddens { get; init; } = 256;

    /// <summary>Size of the learned vector of a token; default 0: tokens enter as one-hot vectors.</summary>
    public int EmbeddingSize { get; init; }

    /// <summary>The probability that a value between two layers is dropped in training, in [0, 1); default 0.</summary>
    public double Dropout { get; init; }

    /// <summary>The same for values of the input, learned vectors or one-hot; default 0.</summary>
    public double InputDropout { get; init; }

    /// <summary>The same for what the last layer gives to the output layer; default 0.</summary>
    public double OutputDropout { get; init; }

    /// <summary>
    /// The probability that a weight from hidden state to hidden state is left out, for a whole minibatch (Merity et al. 2018), in
    /// [0, 1); default 0. The built-in implementation cannot do it.
    /// </summary>
    public double WeightDropout { get; init; }

    /// <summary>
    /// Whether the output layer uses the learned vectors of the tokens as its weight (Press and Wolf 2017); default false. The
    /// vectors then have the size of the hidden state.
    /// </summary>
    public bool TieWeights { get; init; }

    /// <summary>
    /// How weights begin; default null: normal for the custom implementation, torch's rule for the others. The parameters of a cell of
    /// the user's own begin as its class says.
    /// </summary>
    public WeightInit? Init { get; init; }

    /// <summary>Deviation of normal initial weights, above 0; default 0.01.</summary>
    public double InitSigma { get; init; } = 0.01;

    /// <summary>First bias of an LSTM's forget gate (Gers et al. 2000 found 1 helpful); default null: as the other biases.</summary>
    public double? ForgetBias { get; init; }

    /// <summary>
    /// Where the reset gate of a GRU acts; default null: the form that the implementation is known for, before the
    /// product for <see cref="Implementation.Custom"/>, after it for <see cref="Implementation.BuiltIn"/>.
    /// </summary>
    public GruForm? GruForm { get; init; }

    /// <summary>
    /// Whether every layer reads the sequence backwards, too, with weights of its own, and gives both results side by
    /// side; default false. For encoders: a <see cref="LanguageModel"/> takes it only with <see cref="AllowLeak"/>.
    /// </summary>
    public bool Bidirectional { get; init; }

    /// <summary>
    /// Lets a language model be bidirectional although it then sees the tokens that it predicts, as an exercise of the
    /// book does; default false. <see cref="LeakLabel"/> belongs on every figure of such a model.
    /// </summary>
    public bool AllowLeak { get; init; }

    /// <summary>
    /// Lets each step attend over the last layer's earlier hidden states, strictly causal; default null: it sees its own alone.
    /// </summary>
    public AttentionKind? Attention { get; init; }

    /// <summary>For attention: how many earlier steps each step sees, 1 to 65,536; default null: 32.</summary>
    public int? AttentionWindow { get; init; }

    /// <summary>How many earlier steps attention sees.</summary>
    [JsonIgnore]
    public int EffectiveAttentionWindow => AttentionWindow ?? 32;

    /// <summary>Whether the cell has states beside its hidden state.</summary>
    [JsonIgnore]
    public bool HasCellState => NumStates > 1;

    /// <summary>How many states the cell has, the hidden state included.</summary>
    [JsonIgnore]
    internal int NumStates => Cell switch
    {
        CellKind.Own => RecurrentCells.Find(OwnCell)?.NumStates ?? 1,
        CellKind.Lstm when Variant != CellVariant.Minimal => 2,
        _ => 1,
    };

    /// <summary>Width of all states beside the hidden state, side by side.</summary>
    [JsonIgnore]
    internal int CellSize => (NumStates - 1) * NumHiddens;

    /// <summary>What the cell is called: rnn, gru, lstm, or the name of a registered one.</summary>
    [JsonIgnore]
    internal string CellName => Cell == CellKind.Own ? OwnCell ?? "" : Choices.NameOf(Cell);

    /// <summary>Directions that a layer reads in: 2 when bidirectional.</summary>
    [JsonIgnore]
    public int NumDirections => Bidirectional ? 2 : 1;

    /// <summary>Width of what the recurrent layers give: the hidden units of every direction.</summary>
    [JsonIgnore]
    public int OutputSize => NumHiddens * NumDirections;

    /// <summary>What every report of a model that sees what it predicts must say; null for all other models.</summary>
    [JsonIgnore]
    public string? LeakLabel =>
        Bidirectional ? "bidirectional: it sees the tokens that it predicts, so this is no language model's perplexity" : null;

    /// <summary>The function of a plain recurrent cell; default tanh. The other cells have functions of their own.</summary>
    public RnnActivation RnnActivation { get; init; } = RnnActivation.Tanh;

    /// <summary>The size of a layer's input for a vocab: the embedding, or the one-hot vector.</summary>
    public int InputSize(int vocabSize) => EmbeddingSize > 0 ? EmbeddingSize : vocabSize;

    /// <summary>Whether anything is dropped in training.</summary>
    [JsonIgnore]
    public bool Drops => Dropout > 0 || InputDropout > 0 || OutputDropout > 0 || WeightDropout > 0;

    /// <summary>How weights begin.</summary>
    [JsonIgnore]
    public WeightInit EffectiveInit =>
        Init ?? (Implementation == Implementation.Custom && Cell != CellKind.Own ? WeightInit.Normal : WeightInit.Torch);

    /// <summary>The form of GRU that this configuration means.</summary>
    [JsonIgnore]
    public GruForm EffectiveGruForm =>
        GruForm ?? (Implementation == Implementation.Custom ? Models.GruForm.ResetBefore : Models.GruForm.ResetAfter);

    /// <summary>The same with the form of GRU written out, so that it stays when the implementation changes.</summary>
    public ModelConfig Resolved() =>
        Cell == CellKind.Gru && Variant == CellVariant.Standard ? this with { GruForm = EffectiveGruForm } : this;

    /// <summary>What PyTorch appends to the names of a layer's weights, a direction each: l0, and l0_reverse when bidirectional.</summary>
    internal IEnumerable<string> PlacesOfLayer(int layer) => Bidirectional ? [$"l{layer}", $"l{layer}_reverse"] : [$"l{layer}"];

    /// <summary>The model in one word: lstm512, or gru2x256 for two layers.</summary>
    internal string ShortName => $"{CellName}{(NumLayers > 1 ? $"{NumLayers}x" : "")}{NumHiddens}";

    /// <summary>A model of a registered cell, all else by default.</summary>
    /// <param name="name">What the cell is registered under.</param>
    public static ModelConfig OfCell(string name) => new()
    {
        Cell = CellKind.Own,
        OwnCell = name,
        Implementation = Implementation.Custom,
    };

    /// <summary>Every error of the configuration, empty when there is none.</summary>
    public IEnumerable<string> Errors()
    {
        if (Cell != CellKind.Own && OwnCell is not null)
            yield return $"own-cell names the cell of a model whose cell is own, not {Choices.NameOf(Cell)}";
        if (Cell == CellKind.Own && RecurrentCells.Find(OwnCell) is null)
            yield return RecurrentCells.ErrorOf(OwnCell);
        if (Cell == CellKind.Own && Implementation != Implementation.Custom)
            yield return $"the cell {OwnCell} is computed by its own class: take the implementation custom, not "
                + Choices.NameOf(Implementation);
        if (Cell == CellKind.Own && Init == WeightInit.Orthogonal)
            yield return $"init orthogonal is for recurrent weights, which the cell {OwnCell} makes itself";
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
        if (!(InputDropout is >= 0 and < 1))
            yield return $"input-dropout must be at least 0 and below 1, not {InputDropout}";
        if (!(OutputDropout is >= 0 and < 1))
            yield return $"output-dropout must be at least 0 and below 1, not {OutputDropout}";
        if (!(WeightDropout is >= 0 and < 1))
            yield return $"weight-dropout must be at least 0 and below 1, not {WeightDropout}";
        if (WeightDropout > 0 && Implementation == Implementation.BuiltIn)
            yield return "weight-dropout is not for the built-in implementation, whose weights torch.nn reads by itself: take "
                + "--implementation fused or custom";
        if (WeightDropout > 0 && Variant == CellVariant.Minimal)
            yield return "weight-dropout leaves out weights between hidden states, which variant minimal has not";
        if (TieWeights && EmbeddingSize != OutputSize)
            yield return $"tie-weights needs --embedding {OutputSize}, the size of what the output layer reads, not {EmbeddingSize}";
        if (!(InitSigma > 0 && double.IsFinite(InitSigma)))
            yield return $"init-sigma must be above 0 and finite, not {InitSigma}";
        if (ForgetBias is { } bias && !double.IsFinite(bias))
            yield return $"forget-bias must be finite, not {bias}";
        if (ForgetBias is not null && Cell != CellKind.Lstm)
            yield return $"forget-bias is for the lstm cell, not for {CellName}";
        if (!CellGates.Has(Cell, Variant))
            yield return $"variant {Choices.NameOf(Variant)} is for "
                + $"{(Variant == CellVariant.Minimal ? "the gru and lstm cells" : "the lstm cell")}, not for {CellName}";
        else if (Variant != CellVariant.Standard && Implementation != Implementation.Custom)
            yield return $"variant {Choices.NameOf(Variant)} exists only in the custom implementation, not in "
                + $"{Choices.NameOf(Implementation)}: take --implementation custom";
        else if (ForgetBias is not null && Cell == CellKind.Lstm && !CellGates.Of(Cell, Variant).Contains(CellGates.Forget))
            yield return $"forget-bias is for a forget gate of its own, which variant {Choices.NameOf(Variant)} has not";
        if (AttentionWindow is < 1 or > 65536)
            yield return $"attention-window must be 1 to 65536, not {AttentionWindow}";
        if (AttentionWindow is not null && Attention is null)
            yield return "attention-window is for a model with attention: give --attention, too";
        if (Attention is not null && Bidirectional)
            yield return "attention looks back over a sequence that is read forwards: leave bidirectional out";
        if (Bidirectional && !AllowLeak)
            yield return "a bidirectional language model would see the characters that it predicts, and its perplexity would mean nothing: "
                + "leave bidirectional out, or take --allow-leak for the book's exercise";
        if (AllowLeak && !Bidirectional)
            yield return "allow-leak is for bidirectional models; this one sees nothing of what it predicts";
        if (Bidirectional && Implementation == Implementation.Fused)
            yield return "the fused implementation reads forward only: take --implementation built-in for a bidirectional model";
        if (Cell == CellKind.Gru && Variant == CellVariant.Standard && Implementation != Implementation.Custom
            && EffectiveGruForm == Models.GruForm.ResetBefore)
            yield return "gru-form reset-before exists only in the custom implementation: take --implementation custom, or reset-after";
        if (Cell != CellKind.Gru && GruForm is not null)
            yield return $"gru-form is for the gru cell, not for {CellName}";
        if (Cell == CellKind.Gru && Variant == CellVariant.Minimal && GruForm is not null)
            yield return "gru-form says where a reset gate acts, which variant minimal has not";
        if (Cell != CellKind.Rnn && RnnActivation != RnnActivation.Tanh)
            yield return $"activation is for the rnn cell, not for {CellName}";
    }

    /// <summary>Throws when the configuration has an error.</summary>
    /// <exception cref="InvalidConfigException">Lists every error.</exception>
    public void Validate() => InvalidConfigException.ThrowIfAny(Errors());
}

/// <summary>The recurrent cell.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum CellKind
{
    /// <summary>Elman's network: one hidden state, no gates.</summary>
    Rnn,

    /// <summary>Gated recurrent unit (Cho et al. 2014).</summary>
    Gru,

    /// <summary>Long short-term memory (Hochreiter and Schmidhuber 1997; forget gate of Gers et al. 2000).</summary>
    Lstm,

    /// <summary>A cell of the user's own, which <see cref="ModelConfig.OwnCell"/> names.</summary>
    Own,
}

/// <summary>A published form of a cell. Weights of one form do not fit another; docs/cells.md has the equations.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum CellVariant
{
    /// <summary>The cell as PyTorch and the books have it.</summary>
    Standard,

    /// <summary>For the lstm: no forget gate, the cell state only adds up (Hochreiter and Schmidhuber 1997).</summary>
    NoForgetGate,

    /// <summary>For the lstm: the gates look at the cell state, too (Gers and Schmidhuber 2000, 2001).</summary>
    Peephole,

    /// <summary>For the lstm: what is written takes the place of what is forgotten, f = 1 - i (Greff et al. 2017).</summary>
    CoupledGates,

    /// <summary>
    /// For the gru and the lstm: minGRU and minLSTM, whose gates see the input alone, so that a whole sequence is one
    /// parallel scan (Feng et al. 2024).
    /// </summary>
    Minimal,
}

/// <summary>What computes the cell. Weights have the same names, shapes and meaning in all of them.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum Implementation
{
    /// <summary>From scratch: the cell's equations, one a line, on plain tensor operations.</summary>
    Custom,

    /// <summary>The layer of torch.nn.</summary>
    BuiltIn,

    /// <summary>
    /// The toolkit's own kernels for the CPU, which do a whole sequence in one piece; several times faster than torch there.
    /// </summary>
    Fused,
}

/// <summary>Where a GRU's reset gate acts. The two are different models: weights of one do not fit the other.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum GruForm
{
    /// <summary>
    /// On the hidden state, before the product: <c>tanh(W_in x + b_in + W_hn (r * h) + b_hn)</c>. Cho et al. 2014, and
    /// the Dive into Deep Learning books.
    /// </summary>
    ResetBefore,

    /// <summary>
    /// On the product: <c>tanh(W_in x + b_in + r * (W_hn h + b_hn))</c>. PyTorch and cuDNN, so that weights move over.
    /// </summary>
    ResetAfter,
}

/// <summary>The function of a plain recurrent cell.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum RnnActivation
{
    /// <summary>tanh.</summary>
    Tanh,

    /// <summary>max(0, x).</summary>
    Relu,
}

/// <summary>How weights begin. Biases begin at zero, except with torch's own rule.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum WeightInit
{
    /// <summary>torch.nn's: recurrent weights and biases uniform in ±1/sqrt(hidden), the output layer in ±1/sqrt(inputs).</summary>
    Torch,

    /// <summary>Normal with mean 0 and a deviation of <see cref="ModelConfig.InitSigma"/>: the books'.</summary>
    Normal,

    /// <summary>Uniform in ±sqrt(6 / (inputs + outputs)), each gate for itself (Glorot and Bengio 2010).</summary>
    Xavier,

    /// <summary>Recurrent weights orthogonal, each gate for itself (Saxe et al. 2014); all others as with xavier.</summary>
    Orthogonal,
}
