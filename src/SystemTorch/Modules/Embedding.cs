using TorchSharp.Interop;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchSharp.Modules
{
    /// <summary>Rows of a table, by index.</summary>
    public sealed class Embedding : Module<Tensor, Tensor>
    {
        private readonly long _paddingIdx;
        private readonly double? _maxNorm;
        private readonly double _normType;
        private readonly bool _scaleGradByFreq;
        private readonly bool _sparse;
        [ComponentName(Name = nameof(weight))]
        private Parameter? _weight;

        internal Embedding(Parameter weight, long? paddingIdx, double? maxNorm, double normType, bool scaleGradByFreq, bool sparse)
            : base(nameof(Embedding))
        {
            // libtorch says -1 for "no padding" and counts from the end as Python does.
            _paddingIdx = paddingIdx is { } index ? (index < 0 ? index + weight.shape[0] : index) : -1;
            _maxNorm = maxNorm;
            _normType = normType;
            _scaleGradByFreq = scaleGradByFreq;
            _sparse = sparse;
            this.weight = weight;
        }

        public Parameter? weight
        {
            get => _weight;
            set => _weight = Take(nameof(weight), _weight, value);
        }

        public override Tensor forward(Tensor input)
        {
            Tensor table = weight ?? throw new InvalidOperationException("The embedding has no weight.");
            if (_maxNorm is { } maxNorm)
            {
                using (no_grad())
                {
                    table.Done(Native.st_embedding_renorm_(table.Handle, input.Handle, maxNorm, _normType), input);
                }
            }
            return Tensor.Make(Native.st_embedding(table.Handle, input.Handle, _paddingIdx, _scaleGradByFreq, _sparse), table, input);
        }
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static Embedding Embedding(
                long num_embeddings, long embedding_dims, long? padding_idx = null, double? max_norm = null, double norm_type = 2,
                bool scale_grad_by_freq = false, bool sparse = false, Device? device = null, ScalarType? dtype = null)
            {
                Parameter weight = randn(num_embeddings, embedding_dims, dtype: dtype, device: device).AsParameter();
                if (padding_idx is { } padding)
                {
                    using (no_grad())
                    {
                        using Tensor row = weight.select(0, padding);
                        row.zero_();
                    }
                }
                return new(weight, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse);
            }

            /// <summary>Over a given table, which the module takes over.</summary>
            public static Embedding Embedding_from_pretrained(
                Tensor embeddings, bool freeze = true, long? padding_idx = null, double? max_norm = null, double norm_type = 2,
                bool scale_grad_by_freq = false, bool sparse = false, Device? device = null, ScalarType? dtype = null)
            {
                Tensor table = embeddings.NeedsConversion(dtype, device) ? embeddings.to(dtype ?? embeddings.dtype, device ?? embeddings.device) : embeddings.alias();
                using Tensor detached = table.detach();
                table.Dispose();
                return new(new Parameter(detached.alias(), !freeze), padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse);
            }
        }
    }
}
