using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using CharLM.Models.Fused.Gemm;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CharLM.Models.Fused;

/// <summary>The weights of a model as raw memory, by PyTorch's names.</summary>
internal abstract unsafe class FusedWeights : IDisposable
{
    private readonly Dictionary<string, RawWeight> _weights = new(StringComparer.Ordinal);

    /// <summary>All weights.</summary>
    public IReadOnlyCollection<RawWeight> All => _weights.Values;

    /// <summary>A weight by its name.</summary>
    public RawWeight this[string name] => _weights[name];

    /// <summary>Whether a weight, by its index in <see cref="All"/>, is frozen: its gradient is not required.</summary>
    public abstract bool IsFrozen(int place);

    /// <summary>Throws when a weight has left this memory, as happens when a module is moved to another device or type.</summary>
    /// <param name="remedy">What the caller should do, for the message.</param>
    /// <exception cref="InvalidOperationException">A weight was moved or replaced.</exception>
    public abstract void ThrowIfMoved(string remedy);

    /// <summary>A checksum of all values; weights that cannot change have any number.</summary>
    public abstract ulong Checksum();

    /// <summary>The weights of recurrent layers.</summary>
    /// <param name="prefix">The prefix of weight_ih_l0.</param>
    /// <param name="layers">Number of layers.</param>
    public IReadOnlyList<RawLayer> Layers(string prefix, int layers) => [.. Enumerable.Range(0, layers).Select(layer => new RawLayer(
        this[$"{prefix}weight_ih_l{layer}"], this[$"{prefix}weight_hh_l{layer}"], this[$"{prefix}bias_ih_l{layer}"],
            this[$"{prefix}bias_hh_l{layer}"]))];

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>Adds a weight.</summary>
    protected void Add(RawWeight weight) => _weights.Add(weight.Name, weight);
}

/// <summary>Weights read from a file, which never change and have no gradients: torch is not needed to predict with them.</summary>
/// <remarks>The arrays are pinned rather than copied, so that all models of one file share them.</remarks>
internal sealed unsafe class StoredWeights : FusedWeights
{
    private readonly List<GCHandle> _pinned = [];

    /// <summary>Pins arrays.</summary>
    /// <param name="weights">PyTorch's names, shapes, and values, row-major.</param>
    public StoredWeights(IEnumerable<(string Name, IReadOnlyList<long> Shape, float[] Values)> weights)
    {
        foreach ((string name, IReadOnlyList<long> shape, float[] values) in weights)
        {
            var handle = GCHandle.Alloc(values, GCHandleType.Pinned);
            _pinned.Add(handle);
            Add(new RawWeight(name, (float*)handle.AddrOfPinnedObject(), gradient: null, [.. shape]));
        }
    }

    /// <inheritdoc/>
    public override bool IsFrozen(int place) => true;

    /// <inheritdoc/>
    public override void ThrowIfMoved(string remedy)
    {
    }

    /// <inheritdoc/>
    public override ulong Checksum() => 0;

    /// <inheritdoc/>
    public override void Dispose()
    {
        foreach (GCHandle handle in _pinned)
            handle.Free();
        _pinned.Clear();
    }
}

/// <summary>
/// The weights of a module as raw memory, with memory for their gradients. The memory is torch's own: writes here are visible to torch and
/// vice versa.
/// </summary>
internal sealed unsafe class RawWeights : FusedWeights
{
    // Odd, so that products of different values differ.
    private const ulong Prime = 0x9E3779B97F4A7C15;

    /// <summary>Number of values after the gradients, which travel with them between processes.</summary>
    public const int More = Panels.Width;

    private readonly List<Parameter> _tensors = [];
    private readonly PanelBuffer _gradients;
    private bool _isDisposed;

    /// <summary>Opens the memory of a module's parameters.</summary>
    /// <exception cref="InvalidConfigException">A parameter is not float32 on the CPU.</exception>
    public RawWeights(nn.Module module)
    {
        List<(string Name, Parameter Tensor)> parameters = [.. module.named_parameters().Select(entry => (entry.name, entry.parameter))];
        long length = parameters.Sum(entry => Padded(entry.Tensor.numel()));
        _gradients = new PanelBuffer(length + More);
        float* gradient = _gradients.Data;
        foreach ((string name, Parameter tensor) in parameters)
        {
            if (tensor.dtype != ScalarType.Float32 || tensor.device_type != TorchSharp.DeviceType.CPU || !tensor.is_contiguous())
                throw new InvalidConfigException(
                    [$"the fused implementation computes float32 on the CPU; {name} is {tensor.dtype} on {tensor.device}: take "
                        + "--implementation built-in"]);
            // The garbage collector does not move torch's memory: the address is valid as long as the tensor is.
            fixed (byte* value = tensor.bytes)
                Add(new RawWeight(name, (float*)value, gradient, tensor.shape));
            _tensors.Add(tensor);
            gradient += Padded(tensor.numel());
        }
    }

    /// <summary>The gradients of all weights, one after the other; each begins at a multiple of the panel width.</summary>
    public Span<float> Gradients => GradientsAndMore[..^More];

    /// <summary>The gradients and <see cref="More"/> values.</summary>
    public Span<float> GradientsAndMore => new(_gradients.Data, checked((int)_gradients.Length));

    /// <summary>Whether a module still has the parameters that own this memory.</summary>
    public bool AreThoseOf(nn.Module module) => module.parameters().SequenceEqual(_tensors, ReferenceEqualityComparer.Instance);

    /// <inheritdoc/>
    public override bool IsFrozen(int place) => !_tensors[place].requires_grad;

    /// <inheritdoc/>
    public override void ThrowIfMoved(string remedy)
    {
        if (_isDisposed || _tensors.Exists(tensor => tensor.IsInvalid))
            throw new InvalidOperationException($"the model's weights were moved or replaced: {remedy}");
    }

    /// <summary>
    /// A checksum of all values, as fast as memory can be read: about as much work as reading one token. A change of a single value always
    /// changes it; a change of several does, except for one case in 2^64.
    /// </summary>
    public override ulong Checksum()
    {
        ulong sum = 0;
        foreach (RawWeight weight in All)
            sum = (BitOperations.RotateLeft(sum, 29) * Prime) ^ ChecksumOf(new ReadOnlySpan<uint>(weight.Value, weight.Length));
        return sum;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _isDisposed = true;
        _gradients.Dispose();
    }

    // Four independent sums, so that the multiplications of one need not wait for those of another. The rotation carries the highest bit
    // down: without it, two changed signs would cancel out.
    private static ulong ChecksumOf(ReadOnlySpan<uint> values)
    {
        Vector256<uint> a = default, b = default, c = default, d = default;
        int place = 0;
        for (; place + 32 <= values.Length; place += 32)
        {
            ReadOnlySpan<uint> some = values.Slice(place, 32);
            a = Mix(a, Vector256.Create(some));
            b = Mix(b, Vector256.Create(some[8..]));
            c = Mix(c, Vector256.Create(some[16..]));
            d = Mix(d, Vector256.Create(some[24..]));
        }
        ulong sum = (ulong)values.Length;
        foreach (Vector256<uint> lanes in (ReadOnlySpan<Vector256<uint>>)[a, b, c, d])
        {
            for (int lane = 0; lane < Vector256<uint>.Count; lane++)
                sum = (BitOperations.RotateLeft(sum, 29) ^ lanes[lane]) * Prime;
        }
        foreach (uint value in values[place..])
            sum = (BitOperations.RotateLeft(sum, 29) ^ value) * Prime;
        return sum;

        static Vector256<uint> Mix(Vector256<uint> sum, Vector256<uint> values)
        {
            Vector256<uint> mixed = sum ^ values;
            return ((mixed << 13) | (mixed >>> 19)) * Vector256.Create(0x9E3779B1u);
        }
    }

    private static long Padded(long floats) => (floats + Panels.Width - 1) / Panels.Width * Panels.Width;
}

/// <summary>A weight, and the memory of its gradient; both row-major.</summary>
/// <param name="name">PyTorch's name.</param>
/// <param name="value">Its memory: a torch tensor's, or a pinned array's.</param>
/// <param name="gradient">The gradient's memory; null for weights that are only read.</param>
/// <param name="shape">Its shape.</param>
internal sealed unsafe class RawWeight(string name, float* value, float* gradient, long[] shape)
{
    /// <summary>PyTorch's name.</summary>
    public string Name { get; } = name;

    /// <summary>Its memory.</summary>
    public float* Value { get; } = value;

    /// <summary>The gradient's memory; null for weights that are only read.</summary>
    public float* Gradient { get; } = gradient;

    /// <summary>Its shape.</summary>
    public long[] Shape { get; } = shape;

    /// <summary>Number of elements.</summary>
    public int Length { get; } = checked((int)shape.Aggregate(1L, (product, size) => product * size));
}

/// <summary>The four weights of a layer.</summary>
internal sealed record RawLayer(RawWeight InputToGates, RawWeight HiddenToGates, RawWeight InputBias, RawWeight HiddenBias);

/// <summary>A weight that two layers share: the second layer's gradients have their own memory and are added at the end.</summary>
internal sealed unsafe class TiedWeight : IDisposable
{
    private readonly RawWeight _weight;
    private readonly PanelBuffer _gradient;

    /// <summary>A second use of a weight.</summary>
    public TiedWeight(RawWeight weight)
    {
        _weight = weight;
        _gradient = new PanelBuffer(weight.Length);
        Twin = new RawWeight(weight.Name, weight.Value, _gradient.Data, weight.Shape);
    }

    /// <summary>The same weight with separate gradients.</summary>
    public RawWeight Twin { get; }

    /// <summary>Adds the second gradients to the first.</summary>
    public void AddGradients()
    {
        for (int i = 0; i < _weight.Length; i++)
            _weight.Gradient[i] += Twin.Gradient[i];
    }

    /// <inheritdoc/>
    public void Dispose() => _gradient.Dispose();
}
