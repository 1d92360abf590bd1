using TorchSharp.Interop;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using static TorchSharp.torch.nn.utils.rnn;

namespace TorchSharp.Modules
{
    /// <summary>Long short-term memory; the gates stand in PyTorch's order: input, forget, cell, output.</summary>
    public sealed class LSTM : Module<Tensor, (Tensor, Tensor)?, (Tensor, Tensor, Tensor)>
    {
        private readonly RecurrentLayers _layers;

        internal LSTM(RecurrentLayers layers, Device? device, ScalarType? dtype)
            : base(nameof(LSTM))
        {
            _layers = layers;
            foreach (var (name, parameter) in layers.NewParameters(device, dtype))
            {
                register_parameter(name, parameter);
            }
        }

        /// <summary>The output of every step, the last hidden state and the last cell state; without a state the first is zero.</summary>
        public override (Tensor, Tensor, Tensor) forward(Tensor input, (Tensor, Tensor)? h0_c0 = null)
        {
            _layers.CheckInput(input, packed: false);
            return Run(input, null, h0_c0, _layers.BatchOf(input));
        }

        public new (Tensor, Tensor, Tensor) call(Tensor input, (Tensor, Tensor)? h0_c0 = null) => base.call(input, h0_c0);

        /// <summary>Over sequences of different lengths.</summary>
        public (PackedSequence, Tensor, Tensor) call(PackedSequence input, (Tensor, Tensor)? h0_c0 = null)
        {
            _layers.CheckInput(input.data, packed: true);
            using Tensor? h0 = h0_c0?.Item1.index_select(1, input.sorted_indices);
            using Tensor? c0 = h0_c0?.Item2.index_select(1, input.sorted_indices);
            var (data, h_n, c_n) = Run(input.data, input.batch_sizes, h0 is null ? null : (h0, c0!), input.BatchSize);
            return (input.With(data), input.InOriginalOrder(h_n), input.InOriginalOrder(c_n));
        }

        /// <summary>Nothing to do on the CPU: only cuDNN wants its weights in one piece.</summary>
        [System.Diagnostics.CodeAnalysis.SuppressMessage("Performance", "CA1822", Justification = "An instance method in TorchSharp.")]
        public void flatten_parameters()
        {
        }

        private unsafe (Tensor, Tensor, Tensor) Run(Tensor input, Tensor? batchSizes, (Tensor, Tensor)? state, long batch)
        {
            using Tensor? zero = state is null ? _layers.ZeroState(input, batch) : null;
            var (h0, c0) = state ?? (zero!, zero!);
            Parameter[] weights = parameters(recurse: false).ToArray();
            RecurrentOptions options = _layers.Options(training);
            nint* results = stackalloc nint[3];
            fixed (nint* handles = Tensor.HandlesOf(weights))
            {
                int status = Native.st_lstm(
                    input.Handle, Tensor.HandleOf(batchSizes), h0.Handle, c0.Handle, handles, weights.Length, &options, results);
                KeepAlive([input, h0, c0, .. weights]);
                GC.KeepAlive(batchSizes);
                Native.Check(status);
            }
            return (new Tensor(results[0]), new Tensor(results[1]), new Tensor(results[2]));
        }
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static LSTM LSTM(
                long inputSize, long hiddenSize, long numLayers = 1, bool bias = true, bool batchFirst = false, double dropout = 0,
                bool bidirectional = false, Device? device = null, ScalarType? dtype = null) =>
                new(new RecurrentLayers(inputSize, hiddenSize, numLayers, bias, batchFirst, dropout, bidirectional, gates: 4), device, dtype);
        }
    }
}
