using System.Runtime.InteropServices;
using TorchSharp.Interop;
using static TorchSharp.torch;

namespace TorchSharp.Modules;

/// <summary>
/// What RNN, GRU and LSTM share: the sizes, the parameters under PyTorch's names and in its order, and the first state.
/// </summary>
internal sealed class RecurrentLayers(
    long inputSize, long hiddenSize, long numLayers, bool bias, bool batchFirst, double dropout, bool bidirectional, int gates)
{
    internal bool BatchFirst => batchFirst;

    private int Directions => bidirectional ? 2 : 1;

    /// <summary>
    /// For each layer and direction weight_ih, weight_hh and, with bias, bias_ih, bias_hh; all uniform within
    /// 1 / sqrt(hidden) and drawn in this order, so that a seed gives PyTorch's numbers.
    /// </summary>
    internal IEnumerable<(string name, Parameter parameter)> NewParameters(Device? device, ScalarType? dtype)
    {
        double bound = hiddenSize > 0 ? 1 / Math.Sqrt(hiddenSize) : 0;
        foreach (var (name, shape) in Shapes())
        {
            Parameter parameter = new(empty(shape, dtype: dtype, device: device));
            parameter.DetachFromDisposeScope();
            nn.init.uniform_(parameter, -bound, bound);
            yield return (name, parameter);
        }
    }

    /// <summary>A state of zeros [layers x directions, batch, hidden].</summary>
    internal Tensor ZeroState(Tensor input, long batch) =>
        zeros([numLayers * Directions, batch, hiddenSize], dtype: input.dtype, device: input.device);

    internal long BatchOf(Tensor input) => input.shape[batchFirst ? 0 : 1];

    /// <exception cref="ExternalException">As libtorch's own modules refuse such an input.</exception>
    internal void CheckInput(Tensor input, bool packed)
    {
        long expected = packed ? 2 : 3;
        if (input.dim() != expected)
        {
            throw new ExternalException($"input must have {expected} dimensions, got {input.dim()}");
        }
        if (input.shape[expected - 1] != inputSize)
        {
            throw new ExternalException(
                $"input.size(-1) must be equal to input_size. Expected {inputSize}, got {input.shape[expected - 1]}");
        }
    }

    internal RecurrentOptions Options(bool training) => new()
    {
        NumLayers = (int)numLayers,
        HasBiases = bias ? 1 : 0,
        Training = training ? 1 : 0,
        Bidirectional = bidirectional ? 1 : 0,
        BatchFirst = batchFirst ? 1 : 0,
        Dropout = dropout,
    };

    /// <summary>RNN and GRU, over a batch of sequences or a packed one.</summary>
    internal unsafe (Tensor output, Tensor state) Run(
        RecurrentKind kind, Tensor input, Tensor? batchSizes, Tensor h0, Parameter[] parameters, bool training)
    {
        RecurrentOptions options = Options(training);
        nint* results = stackalloc nint[2];
        fixed (nint* handles = Tensor.HandlesOf(parameters))
        {
            int status = Native.st_recurrent(
                (int)kind, input.Handle, Tensor.HandleOf(batchSizes), h0.Handle, handles, parameters.Length, &options, results);
            KeepAlive([input, h0, .. parameters]);
            GC.KeepAlive(batchSizes);
            Native.Check(status);
        }
        return (new Tensor(results[0]), new Tensor(results[1]));
    }

    private IEnumerable<(string name, long[] shape)> Shapes()
    {
        for (int layer = 0; layer < numLayers; layer++)
        {
            for (int direction = 0; direction < Directions; direction++)
            {
                string suffix = $"_l{layer}" + (direction == 1 ? "_reverse" : "");
                long width = layer == 0 ? inputSize : hiddenSize * Directions;
                yield return ("weight_ih" + suffix, [gates * hiddenSize, width]);
                yield return ("weight_hh" + suffix, [gates * hiddenSize, hiddenSize]);
                if (bias)
                {
                    yield return ("bias_ih" + suffix, [gates * hiddenSize]);
                    yield return ("bias_hh" + suffix, [gates * hiddenSize]);
                }
            }
        }
    }
}

/// <summary>The recurrences of native/recurrent.cpp.</summary>
internal enum RecurrentKind
{
    RnnTanh = 0,
    RnnRelu = 1,
    Gru = 2,
}
