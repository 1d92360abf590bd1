using TorchSharp.Interop;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchSharp.Modules
{
    /// <summary>One step of gated recurrent units.</summary>
    public sealed class GRUCell : Module<Tensor, Tensor, Tensor>
    {
        private readonly long _hiddenSize;

        [ComponentName(Name = nameof(weight_ih))]
        private Parameter? _weightIh;

        [ComponentName(Name = nameof(weight_hh))]
        private Parameter? _weightHh;

        [ComponentName(Name = nameof(bias_ih))]
        private Parameter? _biasIh;

        [ComponentName(Name = nameof(bias_hh))]
        private Parameter? _biasHh;

        internal GRUCell(long inputSize, long hiddenSize, bool bias, Device? device, ScalarType? dtype)
            : base(nameof(GRUCell))
        {
            _hiddenSize = hiddenSize;
            CellParameters parameters = new(inputSize, hiddenSize, gates: 3, device, dtype);
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

        /// <summary>The next state; without <paramref name="h0"/> the first is zero.</summary>
        public override Tensor forward(Tensor input, Tensor? h0 = null)
        {
            using Tensor? zero = h0 is null ? zeros([input.shape[0], _hiddenSize], dtype: input.dtype, device: input.device) : null;
            Tensor state = h0 ?? zero!;
            Tensor result = Tensor.Make(
                Native.st_recurrent_cell(
                    (int)RecurrentKind.Gru, input.Handle, state.Handle, weight_ih!.Handle, weight_hh!.Handle, Tensor.HandleOf(bias_ih), Tensor.HandleOf(bias_hh)),
                input, state);
            GC.KeepAlive(this);
            return result;
        }
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static GRUCell GRUCell(long inputSize, long hiddenSize, bool bias = true, Device? device = null, ScalarType? dtype = null) =>
                new(inputSize, hiddenSize, bias, device, dtype);
        }
    }
}
