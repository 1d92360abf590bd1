using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Models.Fused;

/// <summary>
/// The weights of a module as memory, by PyTorch's names, with memory for their gradients. The tensors stay where they are: what
/// is written here is seen by torch, and the other way round.
/// </summary>
internal sealed unsafe class RawWeights : IDisposable
{
    private readonly Dictionary<string, RawWeight> _weights = new(StringComparer.Ordinal);
    private readonly List<Parameter> _tensors = [];
    private readonly PanelBuffer _gradients;

    /// <summary>Opens the memory of a module's parameters.</summary>
    /// <exception cref="InvalidConfigException">A parameter is not float32 on the CPU.</exception>
    public RawWeights(nn.Module module)
    {
        List<(string Name, Parameter Tensor)> parameters = [.. module.named_parameters().Select(entry => (entry.name, entry.parameter))];
        long length = parameters.Sum(entry => Padded(entry.Tensor.numel()));
        _gradients = new PanelBuffer(length);
        float* gradient = _gradients.Data;
        foreach ((string name, Parameter tensor) in parameters)
        {
            if (tensor.dtype != ScalarType.Float32 || tensor.device_type != TorchSharp.DeviceType.CPU || !tensor.is_contiguous())
                throw new InvalidConfigException([$"the fused implementation computes float32 on the CPU; {name} is {tensor.dtype} on {tensor.device}: take --implementation built-in"]);
            // Torch's memory is not moved by the garbage collector: the address holds as long as the tensor does.
            fixed (byte* value = tensor.bytes)
                _weights.Add(name, new RawWeight(name, (float*)value, gradient, tensor.shape));
            _tensors.Add(tensor);
            gradient += Padded(tensor.numel());
        }
    }

    /// <summary>All weights.</summary>
    public IReadOnlyCollection<RawWeight> All => _weights.Values;

    /// <summary>A weight by its name.</summary>
    public RawWeight this[string name] => _weights[name];

    /// <summary>Whether a module still has the parameters whose memory this is.</summary>
    public bool AreThoseOf(nn.Module module) => module.parameters().SequenceEqual(_tensors, ReferenceEqualityComparer.Instance);

    /// <summary>The weights of recurrent layers.</summary>
    /// <param name="prefix">What stands before weight_ih_l0.</param>
    /// <param name="layers">How many there are.</param>
    public IReadOnlyList<RawLayer> Layers(string prefix, int layers) => [.. Enumerable.Range(0, layers).Select(layer => new RawLayer(
        this[$"{prefix}weight_ih_l{layer}"], this[$"{prefix}weight_hh_l{layer}"], this[$"{prefix}bias_ih_l{layer}"], this[$"{prefix}bias_hh_l{layer}"]))];

    /// <inheritdoc/>
    public void Dispose() => _gradients.Dispose();

    private static long Padded(long floats) => (floats + Panels.Width - 1) / Panels.Width * Panels.Width;
}
