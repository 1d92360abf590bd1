using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using static TorchSharp.torch.nn.utils.rnn;

namespace TorchSharp.Modules
{
    /// <summary>h' = f(W_ih x + b_ih + W_hh h + b_hh), with tanh or ReLU for f.</summary>
    public sealed class RNN : Module<Tensor, Tensor, (Tensor, Tensor)>
    {
        private readonly RecurrentLayers _layers;
        private readonly RecurrentKind _kind;

        internal RNN(RecurrentLayers layers, RecurrentKind kind, Device? device, ScalarType? dtype)
            : base(nameof(RNN))
        {
            _layers = layers;
            _kind = kind;
            foreach (var (name, parameter) in layers.NewParameters(device, dtype))
            {
                register_parameter(name, parameter);
            }
        }

        /// <summary>The output of every step and the last state; without <paramref name="h0"/> the first state is zero.</summary>
        public override (Tensor, Tensor) forward(Tensor input, Tensor? h0)
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

        public Parameter? get_weight_ih(long idx) => get_parameter($"weight_ih_l{idx}");

        public Parameter? get_weight_hh(long idx) => get_parameter($"weight_hh_l{idx}");

        public Parameter? get_bias_ih(long idx) => get_parameter($"bias_ih_l{idx}");

        public Parameter? get_bias_hh(long idx) => get_parameter($"bias_hh_l{idx}");

        private (Tensor, Tensor) Run(Tensor input, Tensor? batchSizes, Tensor? h0, long batch)
        {
            using Tensor? zero = h0 is null ? _layers.ZeroState(input, batch) : null;
            return _layers.Run(_kind, input, batchSizes, h0 ?? zero!, parameters(recurse: false).ToArray(), training);
        }
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static RNN RNN(
                long inputSize, long hiddenSize, long numLayers = 1, NonLinearities nonLinearity = nn.NonLinearities.Tanh, bool bias = true,
                bool batchFirst = false, double dropout = 0, bool bidirectional = false, Device? device = null, ScalarType? dtype = null) =>
                new(
                    new RecurrentLayers(inputSize, hiddenSize, numLayers, bias, batchFirst, dropout, bidirectional, gates: 1),
                    nonLinearity == NonLinearities.Tanh ? RecurrentKind.RnnTanh : RecurrentKind.RnnRelu,
                    device,
                    dtype);
        }
    }
}
