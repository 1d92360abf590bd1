using System.Text.Json.Serialization;
using CharLM.Models.Attention;

namespace CharLM.Models;

/// <summary>The architecture of a language model. The defaults are the GRU of Dive into Deep Learning v0.17.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed record ModelConfig
{
    private const int LargestReservoir = 8192;

    /// <summary>The recurrent cell; default GRU.</summary>
    public CellKind Cell { get; init; } = CellKind.Gru;

    /// <summary>For <see cref="CellKind.Own"/>: the name of a registered cell (<see cref="RecurrentCells"/>); default null.</summary>
    public string? OwnCell { get; init; }

    /// <summary>The published form of the cell; default standard. The others need the custom implementation.</summary>
    public CellVariant Variant { get; init; } = CellVariant.Standard;

    /// <summary>The implementation of the cell; default the toolkit's kernels, which need the CPU.</summary>
    public Implementation Implementation { get; init; } = Implementation.Fused;

    /// <summary>Number of stacked recurrent layers, 1 to 1,000; default 1.</summary>
    public int NumLayers { get; init; } = 1;

    /// <summary>Hidden units per layer, 1 to 65,536; default 256.</summary>
    public int NumHiddens { get; init; } = 256;

    /// <summary>Width of the learned token vectors, 0 to 65,536; default 0: one-hot vectors.</summary>
    public int EmbeddingSize { get; init; }

    /// <summary>The probability that a value between two layers is dropped in training, in [0, 1); default 0.</summary>
    public double Dropout { get; init; }

    /// <summary>Dropout probability of the input vectors, learned or one-hot, in [0, 1); default 0.</summary>
    public double InputDropout { get; init; }

    /// <summary>Dropout probability between the last recurrent layer and the output layer, in [0, 1); default 0.</summary>
    public double OutputDropout { get; init; }

    /// <summary>
    /// Whether <see cref="Dropout"/>, <see cref="InputDropout"/> and <see cref="OutputDropout"/> drop the same values of a row at every
    /// step of a minibatch (Gal and Ghahramani 2016); default false: other values at each step. Language models only.
    /// </summary>
    public bool LockedDropout { get; init; }

    /// <summary>
    /// The probability that a hidden-to-hidden weight is dropped for a whole minibatch (Merity et al. 2018), in [0, 1); default 0. The
    /// built-in implementation does not support it.
    /// </summary>
    public double WeightDropout { get; init; }

    /// <summary>
    /// Whether the output layer uses the learned token vectors as its weight (Press and Wolf 2017); default false. The vectors must then
    /// be as wide as what the output layer reads (<see cref="OutputSize"/>).
    /// </summary>
    public bool TieWeights { get; init; }

    /// <summary>
    /// Initial weights; default null: normal for the custom implementation, torch's rule for the others. A registered cell initializes its
    /// own parameters.
    /// </summary>
    public WeightInit? Init { get; init; }

    /// <summary>Standard deviation of normal initial weights, above 0; default 0.01.</summary>
    public double InitSigma { get; init; } = 0.01;

    /// <summary>
    /// Initial bias of an LSTM's forget gate, finite; above 0 the cell remembers from the start (Gers et al. 2000). Default null: like the
    /// other biases.
    /// </summary>
    public double? ForgetBias { get; init; }

    /// <summary>
    /// Where a GRU's reset gate acts; default null: before the product for <see cref="Implementation.Custom"/>, after it for the
    /// others.
    /// </summary>
    public GruForm? GruForm { get; init; }

    /// <summary>
    /// Whether every layer also reads the sequence backwards, with separate weights, and concatenates both outputs; default false. For
    /// encoders: a <see cref="LanguageModel"/> requires <see cref="AllowLeak"/>.
    /// </summary>
    public bool Bidirectional { get; init; }

    /// <summary>
    /// Allows a bidirectional language model, which sees the tokens it predicts, as in an exercise of the book; default false. Label every
    /// figure of such a model with <see cref="LeakLabel"/>.
    /// </summary>
    public bool AllowLeak { get; init; }

    /// <summary>
    /// How each step scores the last layer's hidden states of earlier steps, over which it then attends; default null: no attention.
    /// </summary>
    public AttentionKind? Attention { get; init; }

    /// <summary>How many earlier steps attention sees, 1 to 65,536; default null: 32.</summary>
    public int? AttentionWindow { get; init; }

    /// <summary>The attention window in effect.</summary>
    [JsonIgnore]
    public int EffectiveAttentionWindow => AttentionWindow ?? 32;

    /// <summary>Whether the cell has states besides its hidden state.</summary>
    [JsonIgnore]
    public bool HasCellState => NumStates > 1;

    /// <summary>Number of states of the cell, including the hidden state.</summary>
    [JsonIgnore]
    internal int NumStates => Cell switch
    {
        CellKind.Own => RecurrentCells.Find(OwnCell)?.NumStates ?? 1,
        CellKind.Lstm when Variant != CellVariant.Minimal => 2,
        _ => 1,
    };

    /// <summary>Total width of all states besides the hidden state.</summary>
    [JsonIgnore]
    internal int CellSize => (NumStates - 1) * NumHiddens;

    /// <summary>The name of the cell: rnn, gru, lstm, esn, or that of a registered cell.</summary>
    [JsonIgnore]
    internal string CellName => Cell == CellKind.Own ? OwnCell ?? "" : Choices.NameOf(Cell);

    /// <summary>Number of directions: 2 if bidirectional, else 1.</summary>
    [JsonIgnore]
    public int NumDirections => Bidirectional ? 2 : 1;

    /// <summary>Output width of the recurrent layers: the hidden units of all directions.</summary>
    [JsonIgnore]
    public int OutputSize => NumHiddens * NumDirections;

    /// <summary>The label that reports must carry if the model sees what it predicts; null for all other models.</summary>
    [JsonIgnore]
    public string? LeakLabel =>
        Bidirectional ? "bidirectional: it sees the tokens that it predicts, so this is no language model's perplexity" : null;

    /// <summary>
    /// For the esn: the largest modulus of the eigenvalues of the recurrent weights, 0 to 10; default null: 0.9. Above 1 the network may
    /// never forget its initial state (Jaeger 2001).
    /// </summary>
    public double? SpectralRadius { get; init; }

    /// <summary>For the esn: how much of its state a step replaces, above 0, at most 1; default null: 1.</summary>
    public double? LeakRate { get; init; }

    /// <summary>
    /// For the esn: the bound of the uniform input weights and biases, above 0, at most 1,000; default null: 1. If the inputs are dense
    /// (an embedding or a lower layer) and not one-hot, the bound of the weights is divided by the square root of the number of inputs.
    /// </summary>
    public double? InputScaling { get; init; }

    /// <summary>For the esn: the fraction of the recurrent weights that are zero, at least 0, below 1; default null: 0.9.</summary>
    public double? Sparsity { get; init; }

    /// <summary>The spectral radius in effect.</summary>
    [JsonIgnore]
    internal double EffectiveSpectralRadius => SpectralRadius ?? 0.9;

    /// <summary>The leak rate in effect.</summary>
    [JsonIgnore]
    internal double EffectiveLeakRate => LeakRate ?? 1;

    /// <summary>The input scaling in effect.</summary>
    [JsonIgnore]
    internal double EffectiveInputScaling => InputScaling ?? 1;

    /// <summary>The sparsity in effect.</summary>
    [JsonIgnore]
    internal double EffectiveSparsity => Sparsity ?? 0.9;

    /// <summary>Whether the cell gives its own weights their initial values, not <see cref="Init"/>.</summary>
    [JsonIgnore]
    internal bool DrawsItself => Cell is CellKind.Own or CellKind.Esn;

    /// <summary>Activation function of a plain recurrent cell; default tanh. Other cells have fixed functions.</summary>
    public RnnActivation RnnActivation { get; init; } = RnnActivation.Tanh;

    /// <summary>Input width of the first layer: the embedding's, or the size of the vocab for one-hot vectors.</summary>
    public int InputSize(int vocabSize) => EmbeddingSize > 0 ? EmbeddingSize : vocabSize;

    /// <summary>Whether training uses any dropout.</summary>
    [JsonIgnore]
    public bool Drops => Dropout > 0 || InputDropout > 0 || OutputDropout > 0 || WeightDropout > 0;

    /// <summary>The initialization in effect.</summary>
    [JsonIgnore]
    public WeightInit EffectiveInit =>
        Init ?? (Implementation == Implementation.Custom && !DrawsItself ? WeightInit.Normal : WeightInit.Torch);

    /// <summary>The form of GRU in effect.</summary>
    [JsonIgnore]
    public GruForm EffectiveGruForm =>
        GruForm ?? (Implementation == Implementation.Custom ? Models.GruForm.ResetBefore : Models.GruForm.ResetAfter);

    // Without a reset gate there is no form.
    private bool HasResetGate => Variant is CellVariant.Standard or CellVariant.ResetGateOnly;

    /// <summary>This configuration with the form of GRU made explicit, so that a change of implementation keeps it.</summary>
    public ModelConfig Resolved() =>
        Cell == CellKind.Gru && HasResetGate ? this with { GruForm = EffectiveGruForm } : this;

    /// <summary>The suffixes of a layer's weights in PyTorch, one per direction: l0, and l0_reverse if bidirectional.</summary>
    internal IEnumerable<string> PlacesOfLayer(int layer) => Bidirectional ? [$"l{layer}", $"l{layer}_reverse"] : [$"l{layer}"];

    /// <summary>The model in one word: lstm512, or gru2x256 for two layers.</summary>
    internal string ShortName => $"{CellName}{(NumLayers > 1 ? $"{NumLayers}x" : "")}{NumHiddens}";

    /// <summary>The configuration of a registered cell, in the custom implementation, with defaults for all else.</summary>
    /// <param name="name">The cell's registered name.</param>
    public static ModelConfig OfCell(string name) => new()
    {
        Cell = CellKind.Own,
        OwnCell = name,
        Implementation = Implementation.Custom,
    };

    /// <summary>All errors of the configuration; empty if it is valid.</summary>
    public IEnumerable<string> Errors()
    {
        if (Cell != CellKind.Own && OwnCell is not null)
            yield return $"own-cell names the cell of a model whose cell is own, not {Choices.NameOf(Cell)}";
        if (Cell == CellKind.Own && RecurrentCells.Find(OwnCell) is null)
            yield return RecurrentCells.ErrorOf(OwnCell);
        if (Cell == CellKind.Own && Implementation != Implementation.Custom)
            yield return $"the cell {OwnCell} is computed by its own class: take the implementation custom, not "
                + Choices.NameOf(Implementation);
        if (DrawsItself && Init == WeightInit.Orthogonal)
            yield return $"init orthogonal is for recurrent weights, which the cell {CellName} makes itself";
        foreach (string error in ReservoirErrors())
            yield return error;
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
        if (LockedDropout && Dropout == 0 && InputDropout == 0 && OutputDropout == 0)
            yield return "locked-dropout changes how values are dropped, and none are: give --dropout, --input-dropout or --output-dropout";
        if (LockedDropout && Dropout > 0 && Implementation == Implementation.BuiltIn)
            yield return "locked-dropout between layers is not for the built-in implementation, whose layers torch.nn joins by itself: "
                + "take --implementation fused or custom";
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
                + $"{CellGates.CellsWith(Variant)}, not for {CellName}";
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
        if (Cell == CellKind.Gru && CellGates.Has(Cell, Variant) && !HasResetGate && GruForm is not null)
            yield return $"gru-form says where a reset gate acts, which variant {Choices.NameOf(Variant)} has not";
        if (Cell != CellKind.Rnn && RnnActivation != RnnActivation.Tanh)
            yield return $"activation is for the rnn cell, not for {CellName}";
    }

    private IEnumerable<string> ReservoirErrors()
    {
        if (Cell != CellKind.Esn)
        {
            foreach ((string name, double? value) in new[]
            {
                ("spectral-radius", SpectralRadius), ("leak-rate", LeakRate), ("input-scaling", InputScaling), ("sparsity", Sparsity),
            })
            {
                if (value is not null)
                    yield return $"{name} is for the esn cell, not for {CellName}";
            }
            yield break;
        }
        if (Implementation != Implementation.Custom)
            yield return $"the esn cell exists only in the custom implementation, not in {Choices.NameOf(Implementation)}: take "
                + "--implementation custom";
        if (NumHiddens > LargestReservoir)
            yield return $"hidden must be 1 to {LargestReservoir} for the esn cell, whose eigenvalues are computed, not {NumHiddens}";
        if (!(EffectiveSpectralRadius is >= 0 and <= 10))
            yield return $"spectral-radius must be 0 to 10, not {SpectralRadius}";
        if (!(EffectiveLeakRate is > 0 and <= 1))
            yield return $"leak-rate must be above 0 and at most 1, not {LeakRate}";
        if (!(EffectiveInputScaling is > 0 and <= 1000))
            yield return $"input-scaling must be above 0 and at most 1000, not {InputScaling}";
        if (!(EffectiveSparsity is >= 0 and < 1))
            yield return $"sparsity must be at least 0 and below 1, not {Sparsity}";
        if (WeightDropout > 0)
            yield return "weight-dropout is for recurrent weights that learn, and those of the esn cell are fixed";
    }

    /// <summary>Throws if the configuration is invalid.</summary>
    /// <exception cref="InvalidConfigException">Lists every error.</exception>
    public void Validate() => InvalidConfigException.ThrowIfAny(Errors());
}

/// <summary>What computes a cell. Weights have the same names, shapes and meaning in every implementation.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum Implementation
{
    /// <summary>From scratch: the cell's equations, one per line, in plain tensor operations.</summary>
    Custom,

    /// <summary>The torch.nn layer.</summary>
    BuiltIn,

    /// <summary>The toolkit's CPU kernels, which process a whole sequence per call, several times faster than torch on the CPU.</summary>
    Fused,
}

/// <summary>Where a GRU's reset gate acts. The two forms are different models: weights are not interchangeable.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum GruForm
{
    /// <summary>
    /// On the hidden state, before the product: <c>tanh(W_in x + b_in + W_hn (r * h) + b_hn)</c>. As in Cho et al. 2014 and the Dive into
    /// Deep Learning books.
    /// </summary>
    ResetBefore,

    /// <summary>
    /// On the product: <c>tanh(W_in x + b_in + r * (W_hn h + b_hn))</c>. As in PyTorch and cuDNN, so that weights can be exchanged with
    /// them.
    /// </summary>
    ResetAfter,
}

/// <summary>The activation function of a plain recurrent cell.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum RnnActivation
{
    /// <summary>tanh.</summary>
    Tanh,

    /// <summary>max(0, x).</summary>
    Relu,
}

/// <summary>Initialization of weights. Biases start at zero, except with torch's rule.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
public enum WeightInit
{
    /// <summary>torch.nn's rule: recurrent weights and biases uniform in ±1/sqrt(hidden), the output layer in ±1/sqrt(inputs).</summary>
    Torch,

    /// <summary>Normal with mean 0 and standard deviation <see cref="ModelConfig.InitSigma"/>, as in the books.</summary>
    Normal,

    /// <summary>Uniform in ±sqrt(6 / (inputs + outputs)), gate by gate (Glorot and Bengio 2010).</summary>
    Xavier,

    /// <summary>Recurrent weights orthogonal, gate by gate (Saxe et al. 2014); all others as with xavier.</summary>
    Orthogonal,
}
