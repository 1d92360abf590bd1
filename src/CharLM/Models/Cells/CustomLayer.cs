using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace CharLM.Models.Cells;

/// <summary>
/// A stack of recurrent layers from scratch. A subclass gives the equations of its cell
/// (<see cref="Step(Tensor, Tensor, Tensor?, LayerWeights)"/>);
/// what all cells share stands here: weights, layers above layers, both directions, steps after steps.
/// </summary>
/// <remarks>
/// <para>
/// The weights of a layer's gates lie side by side in one matrix, as in PyTorch, so that one product serves all gates:
/// weight_ih_l{k} [gates * hidden, input], weight_hh_l{k} [gates * hidden, hidden], bias_ih_l{k} and bias_hh_l{k}
/// [gates * hidden]; those of the backward direction end in _reverse. Peepholes are weight_ci, weight_cf and weight_co
/// [hidden]; a minimal cell has neither weight_hh nor bias_hh. Initial values are the books': weights normal(0, 0.01),
/// biases and peepholes zero.
/// </para>
/// <para>Thread safety: any number of threads may read with it at once, each in a dispose scope of its own, while nobody changes its
/// weights.</para>
/// </remarks>
internal abstract class CustomLayer : Module, IRecurrentLayer
{
    private const double InitialDeviation = 0.01;

    private readonly ModelConfig _config;

    /// <summary>A stack of layers.</summary>
    /// <param name="config">Layers, directions, hidden units, dropout.</param>
    /// <param name="inputSize">Width of an input.</param>
    protected CustomLayer(ModelConfig config, int inputSize)
        : base("rnn")
    {
        ArgumentNullException.ThrowIfNull(config);
        _config = config;
        foreach ((string name, long[] shape) in WeightShapes.OfRecurrent(config, inputSize))
            register_parameter(name, new Parameter(shape.Length > 1 ? randn(shape) * InitialDeviation : zeros(shape)));
    }

    /// <inheritdoc/>
    public Module Weights => this;

    /// <summary>The custom layers of a cell.</summary>
    public static CustomLayer Create(ModelConfig config, int inputSize)
    {
        ArgumentNullException.ThrowIfNull(config);
        return (config.Cell, config.Variant) switch
        {
            (CellKind.Rnn, CellVariant.Standard) => new CustomRnn(config, inputSize),
            (CellKind.Gru, CellVariant.Standard) => new CustomGru(config, inputSize),
            (CellKind.Gru, CellVariant.Minimal) => new MinimalGru(config, inputSize),
            (CellKind.Lstm, CellVariant.Standard) => new CustomLstm(config, inputSize),
            (CellKind.Lstm, CellVariant.NoForgetGate) => new LstmWithoutForgetGate(config, inputSize),
            (CellKind.Lstm, CellVariant.Peephole) => new PeepholeLstm(config, inputSize),
            (CellKind.Lstm, CellVariant.CoupledGates) => new CoupledLstm(config, inputSize),
            (CellKind.Lstm, CellVariant.Minimal) => new MinimalLstm(config, inputSize),
            _ => throw new ArgumentOutOfRangeException(nameof(config), (config.Cell, config.Variant), "not a cell"),
        };
    }

    /// <inheritdoc/>
    public RecurrentState ZeroState(long batchSize) => RecurrentState.Zero(_config, batchSize, get_parameter("weight_ih_l0")!);

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
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(state);
        var lastHidden = new List<Tensor>();
        var lastCell = new List<Tensor>();
        Tensor outputs = inputs;                                                  // [num_steps, batch, input]
        for (int layer = 0; layer < _config.NumLayers; layer++)
        {
            if (layer > 0)
                outputs = functional.dropout(outputs, _config.Dropout, training);
            var directions = new List<Tensor>();
            foreach (string place in _config.PlacesOfLayer(layer))
            {
                int index = lastHidden.Count;                                     // layer * directions + direction
                bool backward = directions.Count == 1;
                (Tensor hiddens, Tensor H, Tensor? C) = Scan(
                    outputs, state.Hidden[index], state.Cell?[index], new LayerWeights(this, place, training ? _config.WeightDropout : 0),
                        backward);
                directions.Add(hiddens);
                lastHidden.Add(H);
                if (C is not null)
                    lastCell.Add(C);
            }
            outputs = directions.Count == 1 ? directions[0] : cat(directions, dim: -1); // [num_steps, batch, directions * hidden]
        }
        return (outputs, new RecurrentState(stack(lastHidden), lastCell.Count > 0 ? stack(lastCell) : null));
    }

    /// <summary>The equations of the cell: one step of one layer.</summary>
    /// <param name="X">Input [batch, input].</param>
    /// <param name="H">Hidden state before the step [batch, hidden].</param>
    /// <param name="C">Cell state before the step [batch, hidden]; null for cells without one.</param>
    /// <param name="W">The layer's weights.</param>
    /// <returns>Hidden state and cell state after the step.</returns>
    protected abstract (Tensor H, Tensor? C) Step(Tensor X, Tensor H, Tensor? C, LayerWeights W);

    /// <summary>One layer in one direction. The hidden states stand at the steps of their inputs, whichever is read first.</summary>
    private protected virtual (Tensor Hiddens, Tensor H, Tensor? C) Scan(Tensor inputs, Tensor H, Tensor? C, LayerWeights W, bool backward)
    {
        Tensor[] steps = inputs.unbind(0);                                        // [batch, input]
        var hiddens = new Tensor[steps.Length];                                   // [batch, hidden]
        for (int i = 0; i < steps.Length; i++)
        {
            int step = backward ? steps.Length - 1 - i : i;
            (H, C) = Step(steps[step], H, C, W);
            hiddens[step] = H;
        }
        return (stack(hiddens), H, C);
    }
}
