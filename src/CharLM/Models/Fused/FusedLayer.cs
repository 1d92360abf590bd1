using CharLM.Models.Fused.Threads;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Models.Fused;

/// <summary>
/// The kernels behind the toolkit's interface: a whole stack over a sequence is one operation in torch's graph, forwards and backwards.
/// For models built from recurrent layers; a plain language model needs no graph (<see cref="FusedNetwork"/>).
/// </summary>
/// <remarks>Thread safety: any number of threads, while no one changes the weights.</remarks>
internal sealed class FusedLayer : IRecurrentLayer, IDisposable
{
    private readonly ModelConfig _config;
    private readonly BuiltInLayer _weights;
    private readonly Lock _lock = new();
    private readonly Stack<FusedSequence> _spare = new();
    private Workers? _workers;
    private bool _isDisposed;

    /// <summary>A stack of layers with PyTorch's initial weights.</summary>
    /// <param name="config">Cell, layers, hidden units, dropout.</param>
    /// <param name="inputSize">Width of the input.</param>
    /// <param name="threads">Threads that share a sequence; default 0: one per processor.</param>
    public FusedLayer(ModelConfig config, int inputSize, int threads = 0)
    {
        (_config, _weights, InputSize, Threads) = (config, new BuiltInLayer(config, inputSize), inputSize, threads);
    }

    /// <summary>Width of the input.</summary>
    public int InputSize { get; }

    /// <summary>Threads; default 0: one per processor. Read at the first sequence.</summary>
    public int Threads { get; set; }

    /// <inheritdoc/>
    public nn.Module Weights => _weights.Weights;

    /// <inheritdoc/>
    public RecurrentState ZeroState(long batchSize) => _weights.ZeroState(batchSize);

    /// <inheritdoc/>
    public (Tensor Output, RecurrentState State) Step(Tensor input, RecurrentState state)
    {
        (Tensor outputs, RecurrentState next) = Sequence(input.unsqueeze(0), state);
        return (outputs.squeeze(0), next);
    }

    /// <inheritdoc/>
    public (Tensor Outputs, RecurrentState State) Sequence(Tensor inputs, RecurrentState state)
    {
        List<Tensor> tensors = [inputs, state.Hidden];
        if (state.Cell is not null)
            tensors.Add(state.Cell);
        foreach (string name in WeightNames())
            tensors.Add(Weights.get_parameter(name)!);
        // Decided here, since torch records nothing inside the operation.
        bool record = is_grad_enabled() && tensors.Exists(tensor => tensor.requires_grad);
        List<Tensor> results = Function.apply([this, record, .. tensors]);
        return (results[0], new RecurrentState(results[1], state.Cell is null ? null : results[2]));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _workers?.Dispose();
            while (_spare.TryPop(out FusedSequence? sequence))
                sequence.Dispose();
        }
    }

    private IEnumerable<string> WeightNames()
    {
        for (int layer = 0; layer < _config.NumLayers; layer++)
        {
            yield return $"weight_ih_l{layer}";
            yield return $"weight_hh_l{layer}";
            yield return $"bias_ih_l{layer}";
            yield return $"bias_hh_l{layer}";
        }
    }

    // Working memory is reused from sequence to sequence; if it is not given back because the graph was dropped, finalizers free it.
    private FusedSequence Take()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return _spare.TryPop(out FusedSequence? sequence) ? sequence
                : new FusedSequence(_config, InputSize, _workers ??= new Workers(Threads));
        }
    }

    private void GiveBack(FusedSequence sequence)
    {
        lock (_lock)
        {
            if (_isDisposed)
                sequence.Dispose();
            else
                _spare.Push(sequence);
        }
    }

    /// <summary>The operation in torch's graph.</summary>
    private sealed class Function : autograd.MultiTensorFunction<Function>
    {
        private const string Layer = "layer", Sequence = "sequence";

        public override string Name => nameof(FusedLayer);

        public override List<Tensor> forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var layer = (FusedLayer)vars[0];
            bool record = (bool)vars[1];
            List<Tensor> tensors = [.. vars.Skip(2).Cast<Tensor>()];
            FusedSequence sequence = layer.Take();
            List<Tensor> results = sequence.Forward(tensors, record, layer.Weights.training);
            if (record)
            {
                ctx.save_data(Layer, layer);
                ctx.save_data(Sequence, sequence);
            }
            else
            {
                layer.GiveBack(sequence);
            }
            return results;
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, List<Tensor> grad_outputs)
        {
            var sequence = (FusedSequence)ctx.get_data(Sequence);
            List<Tensor> gradients = sequence.Backward(grad_outputs);
            ((FusedLayer)ctx.get_data(Layer)).GiveBack(sequence);
            return [null!, null!, .. gradients]; // null for what is not a tensor
        }
    }
}
