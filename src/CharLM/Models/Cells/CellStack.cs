using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace CharLM.Models.Cells;

/// <summary>
/// A stack of recurrent layers made of cells (<see cref="RecurrentCell"/>), built-in or custom: it runs all layers, directions and steps.
/// </summary>
/// <remarks>
/// <para>
/// Parameter names are the cell's, with layer and direction appended as in PyTorch: weight_ih_l0, weight_ih_l0_reverse, weight_ih_l1.
/// </para>
/// <para>Thread safety: any number of threads may read with it at once, each in its own dispose scope, while nobody changes its
/// weights.</para>
/// </remarks>
internal sealed class CellStack : Module, IRecurrentLayer
{
    private readonly ModelConfig _config;

    // layer * directions + direction
    private readonly (string Place, RecurrentCell Cell)[] _cells;

    /// <summary>Creates a stack of layers.</summary>
    /// <param name="config">Cell, layers, directions, hidden units, dropout.</param>
    /// <param name="inputSize">Width of the input.</param>
    public CellStack(ModelConfig config, int inputSize)
        : base("rnn")
    {
        ArgumentNullException.ThrowIfNull(config);
        _config = config;
        var cells = new List<(string, RecurrentCell)>();
        for (int layer = 0; layer < config.NumLayers; layer++)
        {
            foreach (string place in config.PlacesOfLayer(layer))
            {
                RecurrentCell cell = Create(config, layer == 0 ? inputSize : config.OutputSize);
                register_module(place, cell);
                cells.Add((place, cell));
            }
        }
        _cells = [.. cells];
    }

    /// <inheritdoc/>
    public Module Weights => this;

    /// <inheritdoc/>
    public RecurrentState ZeroState(long batchSize)
    {
        using Tensor? none = parameters().Any() ? null : zeros(1);
        return RecurrentState.Zero(_config, batchSize, none ?? parameters().First());
    }

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
        using var dropped = new WeightDropoutScope(training ? _config.WeightDropout : 0);
        var lastHidden = new List<Tensor>();
        var lastFurther = new List<Tensor>();
        Tensor outputs = inputs;                                                  // [num_steps, batch, input]
        for (int layer = 0; layer < _config.NumLayers; layer++)
        {
            if (layer > 0)
                outputs = SequenceDropout.Of(outputs, _config.Dropout, training, _config.LockedDropout);
            var directions = new List<Tensor>();
            for (int direction = 0; direction < _config.NumDirections; direction++)
            {
                int index = lastHidden.Count;
                (Tensor hiddens, Tensor[] last) = Scan(outputs, StatesOf(state, index), _cells[index].Cell, isBackward: direction == 1);
                directions.Add(hiddens);
                lastHidden.Add(last[0]);
                if (last.Length > 1)
                    lastFurther.Add(last.Length == 2 ? last[1] : cat(last[1..], dim: -1));
            }
            outputs = directions.Count == 1 ? directions[0] : cat(directions, dim: -1); // [num_steps, batch, directions * hidden]
        }
        if (training && _config.WeightDropout > 0 && !dropped.IsUsed)
            throw new InvalidConfigException(
                [$"weight-dropout is {_config.WeightDropout}, and the cell {_config.CellName} asks for none of its weights with "
                    + $"{nameof(RecurrentCell)}.Dropped: expected 0"]);
        return (outputs, new RecurrentState(stack(lastHidden), lastFurther.Count > 0 ? stack(lastFurther) : null));
    }

    /// <inheritdoc/>
    public override IEnumerable<(string name, Parameter parameter)> named_parameters(bool recurse = true) => recurse
        ? _cells.SelectMany(one => one.Cell.named_parameters().Select(entry => ($"{entry.name}_{one.Place}", entry.parameter)))
        : base.named_parameters(recurse);

    /// <inheritdoc/>
    public override bool has_parameter(string target) => get_parameter(target) is not null;

    /// <inheritdoc/>
    public override Parameter? get_parameter(string target)
    {
        ArgumentNullException.ThrowIfNull(target);
        return _cells.Where(one => target.EndsWith($"_{one.Place}", StringComparison.Ordinal))
            .Select(one => one.Cell.get_parameter(target[..^(one.Place.Length + 1)])).FirstOrDefault(found => found is not null);
    }

    /// <inheritdoc/>
    public override Dictionary<string, Tensor> state_dict(Dictionary<string, Tensor>? destination = null, string? prefix = null)
    {
        destination ??= [];
        foreach ((string place, RecurrentCell cell) in _cells)
        {
            foreach ((string name, Tensor tensor) in cell.state_dict())
                destination.TryAdd($"{(string.IsNullOrEmpty(prefix) ? "" : $"{prefix}.")}{name}_{place}", tensor);
        }
        return destination;
    }

    private static RecurrentCell Create(ModelConfig config, int inputSize)
    {
        int hidden = config.NumHiddens;
        return (config.Cell, config.Variant) switch
        {
            (CellKind.Rnn, CellVariant.Standard) => new CustomRnn(inputSize, hidden, config.RnnActivation),
            (CellKind.Gru, CellVariant.Standard) => new CustomGru(inputSize, hidden, config.EffectiveGruForm),
            (CellKind.Gru, CellVariant.Minimal) => new MinimalGru(inputSize, hidden),
            (CellKind.Gru, CellVariant.ResetGateOnly) => new ResetGateGru(inputSize, hidden, config.EffectiveGruForm),
            (CellKind.Gru, CellVariant.UpdateGateOnly) => new UpdateGateGru(inputSize, hidden),
            (CellKind.Lstm, CellVariant.Standard) => new CustomLstm(inputSize, hidden),
            (CellKind.Lstm, CellVariant.NoForgetGate) => new LstmWithoutForgetGate(inputSize, hidden),
            (CellKind.Lstm, CellVariant.Peephole) => new PeepholeLstm(inputSize, hidden),
            (CellKind.Lstm, CellVariant.CoupledGates) => new CoupledLstm(inputSize, hidden),
            (CellKind.Lstm, CellVariant.NoOutputTanh) => new LstmWithoutOutputTanh(inputSize, hidden),
            (CellKind.Lstm, CellVariant.Minimal) => new MinimalLstm(inputSize, hidden),
            (CellKind.Esn, CellVariant.Standard) => new EchoStateCell(inputSize, hidden, config.EffectiveLeakRate),
            (CellKind.Own, CellVariant.Standard) => RecurrentCells.Get(config.OwnCell!).Create(inputSize, hidden),
            _ => throw new ArgumentOutOfRangeException(nameof(config), (config.Cell, config.Variant), "not a cell"),
        };
    }

    private Tensor[] StatesOf(RecurrentState state, int index)
    {
        int further = _config.NumStates - 1;
        if (further == 0)
            return [state.Hidden[index]];
        Tensor cell = state.Cell?[index] ?? throw new ArgumentException($"a {_config.CellName} needs a cell state", nameof(state));
        return further == 1 ? [state.Hidden[index], cell] : [state.Hidden[index], .. cell.chunk(further, dim: -1)];
    }

    // One layer in one direction. Outputs keep the order of the inputs in both directions.
    private static (Tensor Outputs, Tensor[] States) Scan(Tensor inputs, Tensor[] states, RecurrentCell cell, bool isBackward)
    {
        (Tensor outputs, states) = cell.Sequence(isBackward ? inputs.flip(0) : inputs, states);
        cell.Check(states, inputs.size(1));
        if (!outputs.shape.SequenceEqual([inputs.size(0), inputs.size(1), cell.HiddenSize]))
            throw new InvalidConfigException(
                [$"a sequence of the cell {cell.GetType().Name} gave outputs as [{string.Join(", ", outputs.shape)}], expected "
                    + $"[{inputs.size(0)}, {inputs.size(1)}, {cell.HiddenSize}], steps, batch and hidden"]);
        return (isBackward ? outputs.flip(0) : outputs, states);
    }
}
