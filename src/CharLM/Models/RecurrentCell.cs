using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Models;

/// <summary>
/// A recurrent cell: its parameters and its equation, one step from <c>[batch, input]</c> and the states to the next states. A subclass
/// registers its parameters like any TorchSharp module and overrides <see cref="forward"/>; once registered by name
/// (<see cref="RecurrentCells"/>), it trains, saves, resumes, evaluates and samples like the built-in cells, which use this same class.
/// </summary>
/// <remarks>
/// <para>
/// An instance is one layer in one direction. Every state is <c>[batch, hidden]</c>; the first state is the output. Checkpoints save
/// parameters but not buffers, so create buffers in the constructor.
/// </para>
/// <para>
/// In TorchSharp 0.107, <c>a + b</c> and <c>1 - a</c> create a scalar that the garbage collector may free too early; use <see cref="Add"/>
/// and <see cref="OneMinus"/> instead.
/// </para>
/// <para>Thread safety: any number of threads may read with it at once, each in its own dispose scope, while nobody changes its weights,
/// provided that the equation stores nothing in fields.</para>
/// </remarks>
public abstract class RecurrentCell : nn.Module<Tensor, Tensor[], Tensor[]>
{
    private const double InitialDeviation = 0.01;

    /// <summary>Creates a cell.</summary>
    /// <param name="inputSize">Width of the input, 1 or more.</param>
    /// <param name="hiddenSize">Width of each state, 1 or more.</param>
    /// <param name="numStates">Number of states, 1 to 16; default 1: the output is the only state.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is outside its range.</exception>
    protected RecurrentCell(int inputSize, int hiddenSize, int numStates = 1)
        : base("cell")
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(inputSize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(hiddenSize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(numStates);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(numStates, 16);
        (InputSize, HiddenSize, NumStates) = (inputSize, hiddenSize, numStates);
    }

    /// <summary>Width of the input.</summary>
    public int InputSize { get; }

    /// <summary>Width of each state.</summary>
    public int HiddenSize { get; }

    /// <summary>Number of states; the first state is the output.</summary>
    public int NumStates { get; }

    /// <summary>The equation: one step.</summary>
    /// <param name="input">[batch, input].</param>
    /// <param name="states">The states before the step, <see cref="NumStates"/> of [batch, hidden].</param>
    /// <returns>The states after the step, with the same number and shapes; the first state is the output.</returns>
    public abstract override Tensor[] forward(Tensor input, Tensor[] states);

    /// <summary>Reads a sequence step by step. Override it if the cell can get the same results faster.</summary>
    /// <param name="inputs">[num_steps, batch, input].</param>
    /// <param name="states">The states before the first step.</param>
    /// <returns>The output of every step [num_steps, batch, hidden], and the states after the last.</returns>
    /// <exception cref="InvalidConfigException">A step returns states of the wrong number or shape.</exception>
    public virtual (Tensor Outputs, Tensor[] States) Sequence(Tensor inputs, Tensor[] states)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(states);
        Tensor[] steps = inputs.unbind(0);                                        // [batch, input]
        var outputs = new Tensor[steps.Length];                                   // [batch, hidden]
        for (int i = 0; i < steps.Length; i++)
        {
            states = Check(call(steps[i], states), inputs.size(1));
            outputs[i] = states[0];
        }
        return (stack(outputs), states);
    }

    /// <summary>The initial states: zeros, with the parameters' type and device.</summary>
    /// <param name="batchSize">Rows, 1 or more.</param>
    public Tensor[] BeginStates(long batchSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        Tensor? like = parameters().FirstOrDefault();
        return [.. Enumerable.Range(0, NumStates).Select(_ => like is null
            ? zeros(batchSize, HiddenSize) : zeros([batchSize, HiddenSize], like.dtype, like.device))];
    }

    /// <summary>Creates a parameter with the books' initial values: normal with standard deviation 0.01, from torch's generator.</summary>
    /// <param name="shape">Its shape.</param>
    protected static Parameter NewWeight(params long[] shape) => new(TensorMath.Multiply(randn(shape), InitialDeviation));

    /// <summary>Creates a parameter of zeros.</summary>
    /// <param name="shape">Its shape.</param>
    protected static Parameter NewBias(params long[] shape) => new(zeros(shape));

    /// <summary>
    /// Applies <see cref="ModelConfig.WeightDropout"/> to a hidden-to-hidden weight, with one mask per pass over a sequence.
    /// </summary>
    /// <param name="weight">The weight.</param>
    /// <returns>A tensor of its shape with the dropped values zero, or the weight itself if nothing is dropped.</returns>
    protected static Tensor Dropped(Parameter weight) => WeightDropoutScope.Of(weight);

    /// <summary>a + b, of shapes that broadcast, as a fresh tensor.</summary>
    protected static Tensor Add(Tensor a, Tensor b) => TensorMath.Add(a, b);

    /// <summary>1 - a, as a fresh tensor.</summary>
    protected static Tensor OneMinus(Tensor a) => TensorMath.OneMinus(a);

    /// <summary>Throws if a step returned states of the wrong number or shape.</summary>
    /// <param name="states">The returned states.</param>
    /// <param name="batch">Rows of the input.</param>
    /// <exception cref="InvalidConfigException">Names the state, its shape and the expected shape.</exception>
    internal Tensor[] Check(Tensor[] states, long batch)
    {
        if (states?.Length != NumStates)
            throw Wrong($"gave {(states is null ? "no" : $"{states.Length}")} states, expected {NumStates}");
        for (int i = 0; i < states.Length; i++)
        {
            if (states[i] is not { } state)
                throw Wrong($"gave null for state {i}, expected [{batch}, {HiddenSize}], batch and hidden");
            if (state.dim() != 2 || state.size(0) != batch || state.size(1) != HiddenSize)
                throw Wrong($"gave state {i} as [{string.Join(", ", state.shape)}], expected [{batch}, {HiddenSize}], batch and hidden");
        }
        return states;
    }

    /// <summary>Throws if an initial value is NaN or infinite.</summary>
    /// <exception cref="InvalidConfigException">Names the parameter, the value and its position.</exception>
    internal void CheckParameters()
    {
        using IDisposable unrecorded = no_grad();
        foreach ((string name, Parameter parameter) in named_parameters())
        {
            float[] values = FloatArray.Of(parameter);
            int wrong = Array.FindIndex(values, value => !float.IsFinite(value));
            if (wrong >= 0)
                throw new InvalidConfigException(
                    [$"the parameter {name} of the cell {GetType().Name} begins with {values[wrong]} at place {wrong}, expected finite "
                        + "values"]);
        }
    }

    private InvalidConfigException Wrong(string what) => new([$"a step of the cell {GetType().Name} {what}"]);
}

/// <summary>Weight dropout of one pass over a sequence: all steps on a thread share its masks.</summary>
/// <remarks>Thread safety: each thread has its own scope.</remarks>
internal sealed class WeightDropoutScope : IDisposable
{
    [ThreadStatic]
    private static WeightDropoutScope? s_current;

    private readonly double _probability;
    private readonly WeightDropoutScope? _before = s_current;
    private readonly Dictionary<Parameter, Tensor> _dropped = new(ReferenceEqualityComparer.Instance);

    /// <summary>Starts a pass.</summary>
    /// <param name="probability">Probability that a value is dropped; 0 drops none.</param>
    public WeightDropoutScope(double probability) => (_probability, s_current) = (probability, this);

    /// <summary>Whether any weight was requested.</summary>
    public bool IsUsed => _dropped.Count > 0;

    /// <summary>A weight with the mask of this thread's pass.</summary>
    public static Tensor Of(Parameter weight) => s_current is { _probability: > 0 } pass ? pass.Get(weight) : weight;

    /// <inheritdoc/>
    public void Dispose() => s_current = _before;

    private Tensor Get(Parameter weight)
    {
        if (!_dropped.TryGetValue(weight, out Tensor? dropped))
            _dropped[weight] = dropped = nn.functional.dropout(weight, _probability);
        return dropped;
    }
}
