using System.Runtime.InteropServices;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace CharLM.Models;

/// <summary>The weights of one layer and direction, by name; a cell accesses only those that it has.</summary>
/// <remarks>
/// <para>
/// They are looked up once per pass over a sequence, since moving a module to another device or type replaces its parameters.
/// </para>
/// <para>Thread safety: one thread at a time.</para>
/// </remarks>
/// <param name="module">The module that holds them.</param>
/// <param name="place">The suffix of their names: l0, l0_reverse, l1 and so on.</param>
/// <param name="dropout">The probability of dropping a weight of <see cref="W_hh"/> for the whole pass; default 0.</param>
internal sealed class LayerWeights(nn.Module module, string place, double dropout = 0)
{
    /// <summary>Input to gates, [gates * hidden, input].</summary>
    public Parameter W_ih => field ??= Named("weight_ih");

    /// <summary>Hidden state to gates, [gates * hidden, hidden].</summary>
    public Tensor W_hh => field ??= dropout > 0 ? nn.functional.dropout(Named("weight_hh"), dropout) : Named("weight_hh");

    /// <summary>Bias of the first product, [gates * hidden].</summary>
    public Parameter B_ih => field ??= Named("bias_ih");

    /// <summary>Bias of the second product, [gates * hidden].</summary>
    public Parameter B_hh => field ??= Named("bias_hh");

    /// <summary>Peephole from the cell state to the input gate, [hidden].</summary>
    public Parameter W_ci => field ??= Named("weight_ci");

    /// <summary>Peephole from the cell state to the forget gate, [hidden].</summary>
    public Parameter W_cf => field ??= Named("weight_cf");

    /// <summary>Peephole from the new cell state to the output gate, [hidden].</summary>
    public Parameter W_co => field ??= Named("weight_co");

    /// <summary>The input's contribution to all gates, [..., gates * hidden].</summary>
    public Tensor FromInput(Tensor X) => nn.functional.linear(X, W_ih, B_ih);

    /// <summary>The hidden state's contribution to all gates, [batch, gates * hidden].</summary>
    public Tensor FromHidden(Tensor H) => nn.functional.linear(H, W_hh, B_hh);

    private Parameter Named(string name) =>
        module.get_parameter($"{name}_{place}") ?? throw new InvalidOperationException($"this cell has no {name}");
}

/// <summary>Converts tensors to arrays and back.</summary>
internal static class FloatArray
{
    /// <summary>A CPU tensor with its own copy of the values.</summary>
    /// <remarks>
    /// <c>torch.tensor</c> shares an array's memory, at any address, and MKL's rounding of small matrix products depends on the address
    /// modulo 16. Operands must be in torch's own memory, aligned to 64 bytes, or the last bits depend on where the garbage collector put
    /// the array.
    /// </remarks>
    /// <param name="values">The values, row-major.</param>
    /// <param name="shape">The shape.</param>
    public static Tensor ToTensor(float[] values, ReadOnlySpan<long> shape)
    {
        using Tensor wrapped = tensor(values, shape);
        return wrapped.clone();
    }

    /// <summary>
    /// The value of a tensor with one element, read without a TorchSharp scalar, which the garbage collector could free too early.
    /// </summary>
    public static double ValueOf(Tensor tensor)
    {
        using Tensor value = tensor.detach().to_type(ScalarType.Float64).cpu();
        return MemoryMarshal.Read<double>(value.bytes);
    }

    /// <summary>The values of a tensor as float32, row-major.</summary>
    public static float[] Of(Tensor tensor)
    {
        using TensorAccessor<float> values = tensor.detach().to_type(ScalarType.Float32).cpu().contiguous().data<float>();
        return values.ToArray();
    }
}
