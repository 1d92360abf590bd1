using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Models;

/// <summary>torch.nn's recurrent layers behind the toolkit's interface.</summary>
/// <remarks>
/// Thread safety: any number of threads may use it at once, each in its own dispose scope, while no one changes its weights.
/// </remarks>
internal sealed class BuiltInLayer : IRecurrentLayer
{
    private readonly ModelConfig _config;

    /// <summary>A stack of layers with PyTorch's initial weights: uniform in ±1/sqrt(hidden).</summary>
    /// <param name="config">Cell, layers, directions, hidden units, dropout.</param>
    /// <param name="inputSize">Width of the input.</param>
    public BuiltInLayer(ModelConfig config, int inputSize)
    {
        ArgumentNullException.ThrowIfNull(config);
        _config = config;
        Weights = config.Cell switch
        {
            CellKind.Rnn => nn.RNN(
                inputSize, config.NumHiddens, config.NumLayers, NonLinearity(config), dropout: config.Dropout,
                    bidirectional: config.Bidirectional),
            CellKind.Gru => nn.GRU(
                inputSize, config.NumHiddens, config.NumLayers, dropout: config.Dropout, bidirectional: config.Bidirectional),
            CellKind.Lstm => nn.LSTM(
                inputSize, config.NumHiddens, config.NumLayers, dropout: config.Dropout, bidirectional: config.Bidirectional),
            _ => throw new ArgumentOutOfRangeException(nameof(config), config.Cell, "not a cell"),
        };
    }

    /// <inheritdoc/>
    public nn.Module Weights { get; }

    /// <inheritdoc/>
    public RecurrentState ZeroState(long batchSize) => RecurrentState.Zero(_config, batchSize, Weights.parameters().First());

    /// <inheritdoc/>
    public (Tensor Output, RecurrentState State) Step(Tensor input, RecurrentState state)
    {
        ArgumentNullException.ThrowIfNull(input);
        (Tensor outputs, RecurrentState next) = Sequence(input.unsqueeze(0), state);
        return (outputs.squeeze(0), next);
    }

    /// <inheritdoc/>
    public (Tensor Outputs, RecurrentState State) Sequence(Tensor inputs, RecurrentState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        switch (Weights)
        {
            case RNN rnn:
                {
                    (Tensor outputs, Tensor hidden) = rnn.call(inputs, state.Hidden);
                    return (outputs, new RecurrentState(hidden));
                }
            case GRU gru:
                {
                    (Tensor outputs, Tensor hidden) = gru.call(inputs, state.Hidden);
                    return (outputs, new RecurrentState(hidden));
                }
            default:
                {
                    Tensor cell = state.Cell ?? throw new ArgumentException("an LSTM needs a cell state", nameof(state));
                    (Tensor outputs, Tensor hidden, cell) = ((LSTM)Weights).call(inputs, (state.Hidden, cell));
                    return (outputs, new RecurrentState(hidden, cell));
                }
        }
    }

    private static nn.NonLinearities NonLinearity(ModelConfig config) =>
        config.RnnActivation == RnnActivation.Relu ? nn.NonLinearities.ReLU : nn.NonLinearities.Tanh;
}
