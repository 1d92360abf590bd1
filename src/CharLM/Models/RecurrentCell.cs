using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Models;

/// <summary>
/// A recurrent cell: its parameters and its equation, one step from <c>[batch, input]</c> and states to the states after it. A subclass
/// registers its parameters as any TorchSharp module does and overrides <see cref="forward"/>; registered under a name
/// (<see cref="RecurrentCells"/>), it can be trained, saved, resumed, measured and sampled as the cells of the toolkit, which are written
/// against this class alone.
/// </summary>
/// <remarks>
/// <para>
/// One object is one layer in one direction. Every state is <c>[batch, hidden]</c>; the first one is the output. Files hold parameters;
/// buffers are not saved, so make them in the constructor.
/// </para>
/// <para>
/// TorchSharp 0.107's <c>a + b</c> and <c>1 - a</c> make a number that the garbage collector may free too early:
/// <see cref="Add"/> and <see cref="OneMinus"/> do not.
/// </para>
/// <para>Thread safety: any number of threads may read with it at once, each in a dispose scope of its own, while nobody changes its
/// weights and the equation keeps nothing in fields.</para>
/// </remarks>
public abstract class RecurrentCell : nn.Module<Tensor, Tensor[], Tensor[]>
{
    private const double InitialDeviation = 0.01;

    /// <summary>A cell.</summary>
    /// <param name="inputSize">Width of its input, 1 or more.</param>
    /// <param name="hiddenSize">Width of its states, 1 or more.</param>
    /// <param name="numStates">How many states it has, 1 to 16; default 1: the output is all that it remembers.</param>
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

    /// <summary>How many states there are; the first one is the output.</summary>
    public int NumStates { get; }

    /// <summary>The equation: one step.</summary>
    /// <param name="input">[batch, input].</param>
    /// <param name="states">The states before the step, <see cref="NumStates"/> of [batch, hidden].</param>
    /// <returns>The states after it, as many and in the same shapes; the first one is the output.</returns>
    public abstract override Tensor[] forward(Tensor input, Tensor[] states);

    /// <summary>
    /// Reads a sequence, step after step. Override it where a cell has a faster way; both must give the same.
    /// </summary>
    /// <param name="inputs">[num_steps, batch, input].</param>
    /// <param name="states">The states before the first step.</param>
    /// <returns>The output of every step [num_steps, batch, hidden], and the states after the last.</returns>
    /// <exception cref="InvalidConfigException">A step gives states of another number or shape.</exception>
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

    /// <summary>The states before the first step: zeros, of the parameters' type and on their device.</summary>
    /// <param name="batchSize">Rows, 1 or more.</param>
    public Tensor[] BeginStates(long batchSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        Tensor? like = parameters().FirstOrDefault();
        return [.. Enumerable.Range(0, NumStates).Select(_ => like is null
            ? zeros(batchSize, HiddenSize) : zeros([batchSize, HiddenSize], like.dtype, like.device))];
    }

    /// <summary>A new parameter with the books' first values: normal with a deviation of 0.01, from torch's generator.</summary>
    /// <param name="shape">Its shape.</param>
    protected static Parameter NewWeight(params long[] shape) => new(TensorMath.Multiply(randn(shape), InitialDeviation));

    /// <summary>A new parameter of zeros.</summary>
    /// <param name="shape">Its shape.</param>
    protected static Parameter NewBias(params long[] shape) => new(zeros(shape));

    /// <summary>
    /// A weight without the values that <see cref="ModelConfig.WeightDropout"/> leaves out of this pass over a sequence; the weight
    /// itself where nothing is dropped. For weights between hidden states.
    /// </summary>
    protected static Tensor Dropped(Parameter weight) => WeightDropoutScope.Of(weight);

    /// <summary>a + b.</summary>
    protected static Tensor Add(Tensor a, Tensor b) => TensorMath.Add(a, b);

    /// <summary>1 - a.</summary>
    protected static Tensor OneMinus(Tensor a) => TensorMath.OneMinus(a);

    /// <summary>Refuses states that are not what a step must give.</summary>
    /// <param name="states">What it gave.</param>
    /// <param name="batch">Rows of its input.</param>
    /// <exception cref="InvalidConfigException">Names the state, its shape and the one that is expected.</exception>
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

    /// <summary>Refuses parameters that begin with what is no number.</summary>
    /// <exception cref="InvalidConfigException">Names the parameter, the value and its place.</exception>
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

/// <summary>The weights that one pass over a sequence does without; steps that follow each other on a thread see the same ones.</summary>
/// <remarks>Thread safety: each thread has its own.</remarks>
internal sealed class WeightDropoutScope : IDisposable
{
    [ThreadStatic]
    private static WeightDropoutScope? t_current;

    private readonly double _probability;
    private readonly WeightDropoutScope? _before = t_current;
    private readonly Dictionary<Parameter, Tensor> _dropped = new(ReferenceEqualityComparer.Instance);

    /// <summary>Begins a pass.</summary>
    /// <param name="probability">That a value is left out; 0: none is.</param>
    public WeightDropoutScope(double probability) => (_probability, t_current) = (probability, this);

    /// <summary>Whether some weight was asked for.</summary>
    public bool IsUsed => _dropped.Count > 0;

    /// <summary>A weight as the pass of this thread has it.</summary>
    public static Tensor Of(Parameter weight) => t_current is { _probability: > 0 } pass ? pass.Get(weight) : weight;

    /// <inheritdoc/>
    public void Dispose() => t_current = _before;

    private Tensor Get(Parameter weight)
    {
        if (!_dropped.TryGetValue(weight, out Tensor? dropped))
            _dropped[weight] = dropped = nn.functional.dropout(weight, _probability);
        return dropped;
    }
}
