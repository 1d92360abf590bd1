using CharLM.Models.Fused.Gemm;
using CharLM.Models.Fused.Passes;
using CharLM.Models.Fused.Simd;
using CharLM.Models.Fused.Threads;
using CharLM.Randomness;
using static TorchSharp.torch;

namespace CharLM.Models.Fused;

/// <summary>One pass of a sequence through a stack, with tensors as input and output.</summary>
internal sealed unsafe class FusedSequence : IDisposable
{
    private readonly ModelConfig _config;
    private readonly Workers _workers;
    private readonly WorkStealing _sharing;
    private readonly int _inputSize;
    private PanelBuffer _input = new(1), _inputGradient = new(1);
    private FusedStack? _stack;
    private List<RawWeight> _weights = [];
    private PanelBuffer _gradients = new(1);
    private RowLayout _layout;
    private bool _canGoBack;

    /// <summary>Working memory for sequences of a layer.</summary>
    public FusedSequence(ModelConfig config, int inputSize, Workers workers)
    {
        (_config, _inputSize, _workers, _sharing) = (config, inputSize, workers, new WorkStealing(workers.Count));
    }

    private Panels Input => new(_input.Data, _layout.Rows, Panels.Pad(_inputSize));

    private Panels InputGradient => new(_inputGradient.Data, _layout.Rows, Panels.Pad(_inputSize));

    /// <summary>Computes the outputs and the final state.</summary>
    /// <param name="tensors">Input [steps, batch, input], hidden state, cell state of an LSTM, then the weights.</param>
    /// <param name="record">Whether gradients may be needed.</param>
    /// <param name="training">Whether dropout is active.</param>
    /// <returns>Outputs [steps, batch, hidden], hidden state, cell state of an LSTM.</returns>
    public List<Tensor> Forward(List<Tensor> tensors, bool record, bool training)
    {
        Tensor input = tensors[0].contiguous();
        _layout = new RowLayout(Batch: (int)input.shape[1], Steps: (int)input.shape[0]);
        int states = _config.Cell == CellKind.Lstm ? 2 : 1;
        OpenWeights(tensors.Skip(1 + states));
        // Seeded from torch's generator, so that torch.manual_seed fixes dropout here as everywhere, also in a resumed run.
        ulong? dropoutKey = training && (_config.Dropout > 0 || _config.WeightDropout > 0)
            ? RandomStream.Draw(randint_long(long.MaxValue), "dropout", 0) : null;
        _stack!.Resize(_layout, record, dropoutKey);
        _input = PanelBuffer.Grow(_input, (long)_layout.Rows * Panels.Pad(_inputSize));
        Read(input, Input, _inputSize);
        CopyStates(tensors[1], states > 1 ? tensors[2] : null, toStack: true, gradients: false);

        int tasks = _workers.Count;
        _workers.Run(tasks, tasks, task => _stack.Pack(task, tasks, record, tokensOnly: false));
        RunRows(backward: false, rows => _stack.Forward(Input, rows));

        _canGoBack = record;
        List<Tensor> results = [empty(_layout.Steps, _layout.Batch, _config.NumHiddens), empty_like(tensors[1])];
        if (states > 1)
            results.Add(empty_like(tensors[2]));
        Write(_stack.Outputs, results[0], _config.NumHiddens);
        CopyStates(results[1], states > 1 ? results[2] : null, toStack: false, gradients: false);
        return results;
    }

    /// <summary>Computes the gradients of all inputs of <see cref="Forward"/>, in the same order.</summary>
    /// <param name="gradients">The gradients of its results.</param>
    /// <exception cref="InvalidOperationException">Called a second time: the gates were overwritten with their gradients.</exception>
    public List<Tensor> Backward(List<Tensor> gradients)
    {
        if (!_canGoBack)
            throw new InvalidOperationException(
                "a fused sequence can go backward only once; use the built-in implementation to go backward again");
        _canGoBack = false;
        _inputGradient = PanelBuffer.Grow(_inputGradient, (long)_layout.Rows * Panels.Pad(_inputSize));
        Read(gradients[0].contiguous(), _stack!.OutputGradient, _config.NumHiddens);
        _stack.ZeroStateGradient();
        CopyStates(gradients[1], gradients.Count > 2 ? gradients[2] : null, toStack: true, gradients: true);

        RunRows(backward: true, rows => _stack.Backward(InputGradient, rows));
        int tasks = _workers.Count;
        _workers.Run(tasks, _layout.Parts * tasks, task => _stack.PartialGradients(Input, task / tasks, task % tasks, tasks));
        _workers.Run(tasks, tasks, task => _stack.WeightGradients(task, tasks));

        List<Tensor> results = [
            empty(_layout.Steps, _layout.Batch, _inputSize), empty(_config.NumLayers, _layout.Batch, _config.NumHiddens)];
        Write(InputGradient, results[0], _inputSize);
        if (_config.Cell == CellKind.Lstm)
            results.Add(empty_like(results[1]));
        CopyStates(results[1], results.Count > 2 ? results[2] : null, toStack: false, gradients: true);
        foreach (RawWeight weight in _weights)
        {
            Tensor gradient = empty(weight.Shape);
            new ReadOnlySpan<byte>(weight.Gradient, checked(weight.Length * sizeof(float))).CopyTo(gradient.bytes);
            results.Add(gradient);
        }
        return results;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stack?.Dispose();
        _input.Dispose();
        _inputGradient.Dispose();
        _gradients.Dispose();
    }

    private void RunRows(bool backward, Action<RowGrid> work)
    {
        _sharing.Begin(_layout, _workers.Count, !backward, backward);
        _workers.Run(_workers.Count, worker =>
        {
            while (_sharing.Next(worker, out RowGrid rows, out _))
                work(rows);
        });
    }

    // The stack keeps the weights' addresses, so it is rebuilt when they have changed.
    private void OpenWeights(IEnumerable<Tensor> tensors)
    {
        List<Tensor> weights = [.. tensors];
        bool same = _stack is not null;
        for (int i = 0; i < weights.Count && same; i++)
        {
            fixed (byte* value = weights[i].bytes)
                same = _weights[i].Value == (float*)value;
        }
        if (same)
            return;
        _stack?.Dispose();
        _gradients.Dispose();
        _gradients = new PanelBuffer(weights.Sum(weight => weight.numel()));
        _weights = [];
        long place = 0;
        foreach (Tensor weight in weights)
        {
            if (weight.dtype != ScalarType.Float32 || weight.device_type != TorchSharp.DeviceType.CPU)
                throw new InvalidConfigException(
                    [$"the fused implementation computes float32 on the CPU, not {weight.dtype} on {weight.device}: take --implementation "
                        + "built-in"]);
            fixed (byte* value = weight.bytes)
                _weights.Add(new RawWeight("", (float*)value, _gradients.Data + place, [.. weight.shape]));
            place += weight.numel();
        }
        List<RawLayer> layers = [.. _weights.Chunk(4).Select(layer => new RawLayer(layer[0], layer[1], layer[2], layer[3]))];
        _stack = new FusedStack(_config, layers, _inputSize, tokens: null, LaneWidth.Best);
    }

    private void CopyStates(Tensor hidden, Tensor? cell, bool toStack, bool gradients)
    {
        RowGrid rows = gradients ? All.Carried : RowGrid.All(_layout.Batch);
        for (int layer = 0; layer < _config.NumLayers; layer++)
        {
            LayerPass pass = _stack!.Layers[layer];
            CopyState(hidden, gradients ? pass.HiddenStateGradient : pass.HiddenState, rows, layer, toStack);
            if (cell is not null)
                CopyState(cell, gradients ? pass.CellStateGradient : pass.CellState, rows, layer, toStack);
        }
    }

    private void CopyState(Tensor state, Panels panels, RowGrid rows, int layer, bool toStack)
    {
        using Tensor contiguous = state.contiguous();
        fixed (byte* values = contiguous.bytes)
        {
            float* place = (float*)values + ((nint)layer * _layout.Batch * _config.NumHiddens);
            foreach (RowPiece piece in rows.Pieces)
            {
                float* some = place + ((nint)piece.Sequence * _config.NumHiddens);
                if (toStack)
                    Packing.CopyRows(some, _config.NumHiddens, panels.From(piece.First), piece.Count);
                else
                    Packing.CopyRowsBack(panels.From(piece.First), some, _config.NumHiddens, piece.Count);
            }
        }
    }

    // Copies [steps, batch, columns] into the rows after each step.
    private void Read(Tensor tensor, Panels panels, int columns)
    {
        fixed (byte* values = tensor.bytes)
        {
            foreach (RowPiece piece in All.After.Pieces)
            {
                for (int step = 0; step < _layout.Steps; step++)
                    Packing.CopyRows(Place(values, step, piece, columns), columns, panels.From(piece.Row(step)), piece.Count);
            }
        }
    }

    private void Write(Panels panels, Tensor tensor, int columns)
    {
        fixed (byte* values = tensor.bytes)
        {
            foreach (RowPiece piece in All.After.Pieces)
            {
                for (int step = 0; step < _layout.Steps; step++)
                    Packing.CopyRowsBack(panels.From(piece.Row(step)), Place(values, step, piece, columns), columns, piece.Count);
            }
        }
    }

    private RowGrid All => RowGrid.Share(_layout, 0, 1);

    private float* Place(byte* values, int step, RowPiece piece, int columns) =>
        (float*)values + ((((nint)step * _layout.Batch) + piece.Sequence) * columns);
}
