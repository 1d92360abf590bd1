using CharLM.Models.Fused.Gemm;
using CharLM.Models.Fused.Passes;
using CharLM.Models.Fused.Simd;

namespace CharLM.Models.Fused;

/// <summary>Stacked recurrent layers, with dropout between them.</summary>
internal sealed class FusedStack : IDisposable
{
    // Separates the random numbers of weight dropout from those of dropout.
    private const ulong WeightDropoutKey = 3UL << 56;

    private readonly LayerPass[] _layers;
    private readonly DropoutPass?[] _dropouts;
    private readonly int _hidden;
    private PanelBuffer _even = new(1), _odd = new(1);
    private RowLayout _layout;
    private bool _training;
    private ulong _dropoutKey;

    /// <summary>Layers over weights owned by others.</summary>
    /// <param name="config">Cell, layers, hidden units, dropout.</param>
    /// <param name="weights">The weights of each layer.</param>
    /// <param name="inputWidth">Width of a dense input; 0 when the input is tokens.</param>
    /// <param name="tokens">The tokens, if they are the input; else null.</param>
    /// <param name="width">The registers to use.</param>
    public FusedStack(ModelConfig config, IReadOnlyList<RawLayer> weights, int inputWidth, TokenRows? tokens, LaneWidth width)
    {
        _hidden = config.NumHiddens;
        _layers = new LayerPass[config.NumLayers];
        _dropouts = new DropoutPass?[config.NumLayers];
        for (int layer = 0; layer < _layers.Length; layer++)
        {
            _layers[layer] = PassFactory.Layer(
                width, config.Cell, config.RnnActivation, weights[layer], _hidden, layer == 0 ? inputWidth : _hidden,
                    layer == 0 ? tokens : null, config.WeightDropout);
            if (layer > 0 && config.Dropout > 0)
                _dropouts[layer] = new DropoutPass(config.Dropout, _hidden, config.LockedDropout);
        }
    }

    /// <summary>The layers, from the input on.</summary>
    public IReadOnlyList<LayerPass> Layers => _layers;

    /// <summary>Hidden states of the last layer after each step, [rows, hidden].</summary>
    public Panels Outputs => _layers[^1].Outputs;

    /// <summary>Where the caller writes the gradient of <see cref="Outputs"/>, [rows, hidden].</summary>
    public Panels OutputGradient => GradientAbove(_layers.Length - 1);

    /// <summary>Allocates memory for a minibatch.</summary>
    /// <param name="layout">Its rows.</param>
    /// <param name="backward">Whether gradients will be needed.</param>
    /// <param name="dropoutKey">Seeds dropout; null drops nothing.</param>
    /// <param name="share">The rows of a whole minibatch that the sequences are; default: all.</param>
    public void Resize(RowLayout layout, bool backward, ulong? dropoutKey, RowShare? share = null)
    {
        (_layout, _training, _dropoutKey) = (layout, dropoutKey is not null, dropoutKey ?? 0);
        for (int layer = 0; layer < _layers.Length; layer++)
        {
            _layers[layer].Resize(layout.Batch, layout.Steps);
            _layers[layer].DropWeights(dropoutKey is { } key ? key + WeightDropoutKey + ((ulong)layer << 40) : null);
        }
        if (_training)
        {
            foreach (DropoutPass? dropout in _dropouts)
                dropout?.Resize(layout, share ?? RowShare.All(layout.Batch));
        }
        if (backward)
        {
            long floats = (long)layout.Rows * Panels.Pad(_hidden);
            _even = PanelBuffer.Grow(_even, floats);
            _odd = PanelBuffer.Grow(_odd, _layers.Length > 1 ? floats : 1);
            foreach (LayerPass layer in _layers)
                layer.ResizeGradients();
        }
    }

    /// <summary>Sets the factors of the state's gradient from step to step; empty: 1.</summary>
    public void SetGradientScales(ReadOnlySpan<float> scales)
    {
        foreach (LayerPass layer in _layers)
            layer.SetGradientScales(scales);
    }

    /// <summary>Sets the gradient of the state after the last step to zero.</summary>
    public void ZeroStateGradient()
    {
        foreach (LayerPass layer in _layers)
        {
            layer.HiddenStateGradient.Span.Clear();
            layer.CellStateGradient.Span.Clear();
        }
    }

    /// <summary>Sets the state to zero.</summary>
    public void ZeroState()
    {
        foreach (LayerPass layer in _layers)
        {
            layer.HiddenState.Span.Clear();
            layer.CellState.Span.Clear();
        }
    }

    /// <summary>Copies of the state, each [layers, batch, hidden]; the cell state is empty if the cell has none.</summary>
    public (float[] Hidden, float[] Cell) CopyState() => (Copy(layer => layer.HiddenState), Copy(layer => layer.CellState));

    /// <summary>Sets the state.</summary>
    /// <param name="batch">Number of sequences.</param>
    /// <param name="hidden">[layers, batch, hidden].</param>
    /// <param name="cell">The same shape; empty if the cell has none.</param>
    public unsafe void SetState(int batch, ReadOnlySpan<float> hidden, ReadOnlySpan<float> cell)
    {
        int length = batch * _hidden;
        fixed (float* hiddens = hidden, cells = cell)
        {
            for (int layer = 0; layer < _layers.Length; layer++)
            {
                // The next minibatch has the same number of sequences, so it keeps the state; it resizes for its own steps.
                _layers[layer].Resize(batch, steps: 1);
                Packing.CopyRows(hiddens + ((nint)layer * length), _hidden, _layers[layer].HiddenState, batch);
                if (cells is not null)
                    Packing.CopyRows(cells + ((nint)layer * length), _hidden, _layers[layer].CellState, batch);
            }
        }
    }

    /// <summary>Rearranges the states: sequence i continues from the old sequence <c>rows[i]</c>.</summary>
    public void Rearrange(ReadOnlySpan<int> rows, int batch)
    {
        foreach (LayerPass layer in _layers)
            layer.Rearrange(rows, batch);
    }

    /// <summary>Packs the weights for the kernels: one task's share.</summary>
    /// <param name="task">The task, from 0.</param>
    /// <param name="tasks">Number of tasks.</param>
    /// <param name="backward">Whether gradients will be needed.</param>
    /// <param name="tokensOnly">Packs only what depends on the minibatch, since the weights are unchanged.</param>
    public void Pack(int task, int tasks, bool backward, bool tokensOnly)
    {
        foreach (LayerPass layer in _layers)
            layer.Pack(task, tasks, backward, tokensOnly);
    }

    /// <summary>Computes the outputs of some rows and advances their state.</summary>
    public void Forward(Panels input, RowGrid rows)
    {
        for (int layer = 0; layer < _layers.Length; layer++)
        {
            if (layer > 0)
            {
                if (_training)
                    _dropouts[layer]?.Forward(_layers[layer - 1].Outputs, rows, _dropoutKey + ((ulong)layer << 40));
                input = InputOf(layer);
            }
            _layers[layer].Forward(input, rows);
        }
    }

    /// <summary>Propagates <see cref="OutputGradient"/> of some rows back to the gates of all layers, and to a dense input.</summary>
    /// <param name="inputGradient">Receives [rows, input]; without columns when not needed.</param>
    /// <param name="rows">The rows.</param>
    public void Backward(Panels inputGradient, RowGrid rows)
    {
        for (int layer = _layers.Length - 1; layer >= 0; layer--)
        {
            Panels below = layer > 0 ? GradientAbove(layer - 1) : inputGradient;
            _layers[layer].Backward(GradientAbove(layer), below, rows);
            if (layer > 0 && _training)
                _dropouts[layer]?.Backward(below, rows);
        }
    }

    /// <summary>Computes the gradients of all weights from one part of the rows: one task's share.</summary>
    public void PartialGradients(Panels input, int part, int task, int tasks)
    {
        for (int layer = 0; layer < _layers.Length; layer++)
            _layers[layer].PartialGradients(layer > 0 ? InputOf(layer) : input, part, task, tasks);
    }

    /// <summary>Adds up the gradients of all parts: one task's share.</summary>
    public void WeightGradients(int task, int tasks)
    {
        foreach (LayerPass layer in _layers)
            layer.WeightGradients(task, tasks);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (LayerPass layer in _layers)
            layer.Dispose();
        foreach (DropoutPass? dropout in _dropouts)
            dropout?.Dispose();
        _even.Dispose();
        _odd.Dispose();
    }

    private unsafe float[] Copy(Func<LayerPass, Panels> of)
    {
        int rows = of(_layers[0]).Rows, length = rows * _hidden;
        var values = new float[_layers.Length * length];
        fixed (float* target = values)
        {
            for (int layer = 0; layer < _layers.Length && rows > 0; layer++)
                Packing.CopyRowsBack(of(_layers[layer]), target + ((nint)layer * length), _hidden, rows);
        }
        return values;
    }

    private Panels InputOf(int layer) => _training && _dropouts[layer] is { } dropout ? dropout.Values : _layers[layer - 1].Outputs;

    // The layers' output gradients alternate between two buffers, since only those of two adjacent layers are needed at a time.
    private unsafe Panels GradientAbove(int layer) => new((layer % 2 == 0 ? _even : _odd).Data, _layout.Rows, Panels.Pad(_hidden));
}
