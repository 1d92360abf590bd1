using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using static TorchSharp.torch.nn.utils.rnn;

namespace TorchSharp.Modules
{
    /// <summary>Gated recurrent units; the gates stand in PyTorch's order: reset, update, new.</summary>
    public sealed class GRU : Module<Tensor, Tensor, (Tensor, Tensor)>
    {
        private readonly RecurrentLayers _layers;

        internal GRU(RecurrentLayers layers, Device? device, ScalarType? dtype)
            : base(nameof(GRU))
        {
            _layers = layers;
            foreach (var (name, parameter) in layers.NewParameters(device, dtype))
            {
                register_parameter(name, parameter);
            }
        }

        /// <summary>The output of every step and the last state; without <paramref name="h0"/> the first state is zero.</summary>
        public override (Tensor, Tensor) forward(Tensor input, Tensor? h0 = null)
        {
            _layers.CheckInput(input, packed: false);
            return Run(input, null, h0, _layers.BatchOf(input));
        }

        public new (Tensor, Tensor) call(Tensor input, Tensor? h0 = null) => base.call(input, h0!);

        /// <summary>Over sequences of different lengths.</summary>
        public (PackedSequence, Tensor) call(PackedSequence input, Tensor? h0 = null)
        {
            _layers.CheckInput(input.data, packed: true);
            using Tensor? sorted = h0?.index_select(1, input.sorted_indices);
            var (data, state) = Run(input.data, input.batch_sizes, sorted, input.BatchSize);
            return (input.With(data), input.InOriginalOrder(state));
        }

        /// <summary>Nothing to do on the CPU: only cuDNN wants its weights in one piece.</summary>
        [System.Diagnostics.CodeAnalysis.SuppressMessage("Performance", "CA1822", Justification = "An instance method in TorchSharp.")]
        public void flatten_parameters()
        {
        }

        private (Tensor, Tensor) Run(Tensor input, Tensor? batchSizes, Tensor? h0, long batch)
        {
            using Tensor? zero = h0 is null ? _layers.ZeroState(input, batch) : null;
            return _layers.Run(RecurrentKind.Gru, input, batchSizes, h0 ?? zero!, parameters(recurse: false).ToArray(), training);
        }
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static GRU GRU(
                long inputSize, long hiddenSize, long numLayers = 1, bool bias = true, bool batchFirst = false, double dropout = 0,
                bool bidirectional = false, Device? device = null, ScalarType? dtype = null) =>
                new(new RecurrentLayers(inputSize, hiddenSize, numLayers, bias, batchFirst, dropout, bidirectional, gates: 3), device, dtype);
        }
    }
}
