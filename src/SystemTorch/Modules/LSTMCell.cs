using TorchSharp.Interop;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchSharp.Modules
{
    /// <summary>One step of long short-term memory.</summary>
    public sealed class LSTMCell : Module<Tensor, (Tensor, Tensor)?, (Tensor, Tensor)>
    {
        [ComponentName(Name = nameof(weight_ih))]
        private Parameter? _weightIh;

        [ComponentName(Name = nameof(weight_hh))]
        private Parameter? _weightHh;

        [ComponentName(Name = nameof(bias_ih))]
        private Parameter? _biasIh;

        [ComponentName(Name = nameof(bias_hh))]
        private Parameter? _biasHh;

        internal LSTMCell(long inputSize, long hiddenSize, bool bias, Device? device, ScalarType? dtype)
            : base(nameof(LSTMCell))
        {
            CellParameters parameters = new(inputSize, hiddenSize, gates: 4, device, dtype);
            (weight_ih, weight_hh) = parameters.NewWeights();
            (bias_ih, bias_hh) = bias ? parameters.NewBiases() : (null, null);
        }

        public Parameter? weight_ih
        {
            get => _weightIh;
            set => _weightIh = Take(nameof(weight_ih), _weightIh, value);
        }

        public Parameter? weight_hh
        {
            get => _weightHh;
            set => _weightHh = Take(nameof(weight_hh), _weightHh, value);
        }

        public Parameter? bias_ih
        {
            get => _biasIh;
            set => _biasIh = Take(nameof(bias_ih), _biasIh, value);
        }

        public Parameter? bias_hh
        {
            get => _biasHh;
            set => _biasHh = Take(nameof(bias_hh), _biasHh, value);
        }

        /// <summary>The next hidden state and the next cell state.</summary>
        /// <exception cref="InvalidOperationException">No state is given: unlike PyTorch, TorchSharp does not begin with zeros here.</exception>
        public override unsafe (Tensor, Tensor) forward(Tensor input, (Tensor, Tensor)? h0_c0)
        {
            var (h0, c0) = h0_c0 ?? throw new InvalidOperationException("LSTMCell needs a state: pass (h, c).");
            nint* results = stackalloc nint[2];
            input.Done(
                Native.st_lstm_cell(
                    input.Handle, h0.Handle, c0.Handle, weight_ih!.Handle, weight_hh!.Handle, Tensor.HandleOf(bias_ih), Tensor.HandleOf(bias_hh), results),
                h0, c0);
            GC.KeepAlive(this);
            return (new Tensor(results[0]), new Tensor(results[1]));
        }

        public new (Tensor, Tensor) call(Tensor input, (Tensor, Tensor)? h0_c0 = null) => base.call(input, h0_c0);
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static LSTMCell LSTMCell(long inputSize, long hiddenSize, bool bias = true, Device? device = null, ScalarType? dtype = null) =>
                new(inputSize, hiddenSize, bias, device, dtype);
        }
    }
}
