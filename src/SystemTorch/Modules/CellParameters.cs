using static TorchSharp.torch;

namespace TorchSharp.Modules;

/// <summary>The parameters of a recurrent cell: uniform within 1 / sqrt(hidden), drawn in PyTorch's order.</summary>
internal sealed class CellParameters(long inputSize, long hiddenSize, int gates, Device? device, ScalarType? dtype)
{
    internal (Parameter weightIh, Parameter weightHh) NewWeights() =>
        (New(gates * hiddenSize, inputSize), New(gates * hiddenSize, hiddenSize));

    internal (Parameter biasIh, Parameter biasHh) NewBiases() => (New(gates * hiddenSize), New(gates * hiddenSize));

    private Parameter New(params long[] shape)
    {
        Parameter parameter = new(empty(shape, dtype: dtype, device: device));
        double bound = hiddenSize > 0 ? 1 / Math.Sqrt(hiddenSize) : 0;
        nn.init.uniform_(parameter, -bound, bound);
        return parameter;
    }
}
