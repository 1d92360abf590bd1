using CharLM.Models;
using CharLM.SampleCells;
using TorchSharp.Modules;
using static TorchSharp.torch;


namespace CharLM.Tests.Models.Cells;

/// <summary>Cells of a user's own, registered for all tests of this process.</summary>
internal static class OwnCells
{
    private static readonly Lazy<bool> Registered = new(() =>
    {
        RecurrentCells.Register("mgu", (input, hidden) => new Mgu(input, hidden));
        RecurrentCells.Register("ind-rnn", (input, hidden) => new IndRnn(input, hidden));
        RecurrentCells.Register("leaky-rnn", (input, hidden) => new LeakyRnn(input, hidden));
        RecurrentCells.Register("three-states", (input, hidden) => new ThreeStates(input, hidden));
        return true;
    });

    public static IReadOnlyList<string> Names { get; } = ["mgu", "ind-rnn", "leaky-rnn", "three-states"];

    /// <summary>A model of a registered cell.</summary>
    public static ModelConfig Config(string name) => Registered.Value ? ModelConfig.OfCell(name) with { NumHiddens = 6 } : null!;

    /// <summary>A registered cell itself.</summary>
    public static RecurrentCell Create(string name, int inputSize, int hiddenSize) =>
        Registered.Value ? RecurrentCells.Get(name).Create(inputSize, hiddenSize) : null!;
}

/// <summary>An LSTM that also sums what it has put out: more states than any cell of the toolkit, and a module within.</summary>
internal sealed class ThreeStates : RecurrentCell
{
    private readonly Linear gates;
    private readonly Parameter decay;

    public ThreeStates(int inputSize, int hiddenSize)
        : base(inputSize, hiddenSize, numStates: 3) =>
        (gates, decay) = (nn.Linear(inputSize + hiddenSize, 4 * hiddenSize), new Parameter(full(hiddenSize, 0.5)));

    public override Tensor[] forward(Tensor X, Tensor[] states)
    {
        Tensor[] parts = gates.call(cat([X, states[0]], dim: -1)).chunk(4, dim: -1);
        Tensor C = Add(sigmoid(parts[0]) * states[1], sigmoid(parts[1]) * tanh(parts[2]));
        Tensor H = sigmoid(parts[3]) * tanh(Add(C, states[2]));
        return [H, C, Add(decay * states[2], H)];
    }
}
