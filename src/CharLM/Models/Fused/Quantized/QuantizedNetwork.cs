using CharLM.Models.Fused.Gemm;
using CharLM.Models.Fused.Passes;
using CharLM.Models.Fused.Simd;

namespace CharLM.Models.Fused.Quantized;

/// <summary>A language model with integer weights; biases, embeddings and the weights of one-hot inputs stay float32.</summary>
/// <remarks>Thread safety: any number of threads, each with its own rows.</remarks>
internal sealed unsafe class QuantizedNetwork : IDisposable
{
    private const float Nothing = -1e30f; // logits of the padding: their exponentials are zero

    private readonly QuantizedLayer[] _layers;
    private readonly IntegerMatrix _output;
    private readonly float[] _outputBias;
    private readonly RawWeight? _embedding;
    private readonly int _hidden, _vocabSize;
    private readonly LaneWidth _width;
    private readonly Lock _lock = new();

    // The contributions of the tokens read so far to the first layer.
    private readonly float[]?[] _contributions;

    /// <summary>Rounds a model's weights.</summary>
    /// <param name="config">Cell and sizes.</param>
    /// <param name="vocabSize">Number of tokens in the vocab.</param>
    /// <param name="weights">The weights, by PyTorch's names; needed as long as this object.</param>
    /// <param name="bits">8 or 16.</param>
    /// <param name="width">The registers to use; default the widest.</param>
    public QuantizedNetwork(ModelConfig config, int vocabSize, FusedWeights weights, WeightBits bits, LaneWidth width = LaneWidth.Best)
    {
        (_hidden, _vocabSize, _width) = (config.NumHiddens, vocabSize, PassFactory.Resolve(width));
        _embedding = config.EmbeddingSize > 0 ? weights["embedding.weight"] : null;
        _layers = [.. weights.Layers("rnn.", config.NumLayers).Select((layer, place) =>
            QuantizedLayer.Create(config, layer, place == 0 ? config.EmbeddingSize : config.NumHiddens, bits, width))];
        _output = new IntegerMatrix(
            bits, weights[config.TieWeights ? "embedding.weight" : "linear.weight"].Value, 1, vocabSize, config.NumHiddens);
        _outputBias = new float[IntegerMatrix.Pad(vocabSize)];
        _outputBias.AsSpan().Fill(Nothing);
        new ReadOnlySpan<float>(weights["linear.bias"].Value, vocabSize).CopyTo(_outputBias);
        _contributions = new float[_embedding is null ? vocabSize : 0][];
        StateLength = _layers.Sum(layer => layer.StateLength);
        EmbeddingLength = Panels.Pad(config.EmbeddingSize);
        ScratchLength = Math.Max(_layers.Max(layer => layer.ScratchLength), IntegerVector.Floats(_hidden));
    }

    /// <summary>Floats of a row's states.</summary>
    public int StateLength { get; }

    /// <summary>Floats of a row's working memory: zeros at first.</summary>
    public int RowLength => EmbeddingLength + ScratchLength + _outputBias.Length;

    private int EmbeddingLength { get; }

    private int ScratchLength { get; }

    /// <summary>Prepares tokens, before they are read.</summary>
    public void Prepare(ReadOnlySpan<int> tokens)
    {
        if (_embedding is not null)
            return;
        foreach (int token in tokens)
        {
            if (Volatile.Read(ref _contributions[token]) is not null)
                continue;
            lock (_lock)
            {
                if (_contributions[token] is not null)
                    continue;
                float[] values = GC.AllocateUninitializedArray<float>(_layers[0].ContributionLength, pinned: true);
                _layers[0].Contribute(token, _vocabSize, values);
                Volatile.Write(ref _contributions[token], values);
            }
        }
    }

    /// <summary>Reads a token.</summary>
    /// <param name="token">A prepared token.</param>
    /// <param name="state">The row's states.</param>
    /// <param name="memory">The row's working memory.</param>
    public void Read(int token, float* state, float* memory)
    {
        float* input = memory, scratch = memory + EmbeddingLength;
        fixed (float* contributions = _embedding is null ? _contributions[token] : null)
        {
            if (_embedding is { } embedding)
            {
                int size = (int)embedding.Shape[1];
                new ReadOnlySpan<float>(embedding.Value + ((nint)token * size), size).CopyTo(new Span<float>(input, size));
            }
            for (int layer = 0; layer < _layers.Length; layer++)
            {
                _layers[layer].Step(layer == 0 ? contributions : null, input, state, scratch);
                input = state;
                state += _layers[layer].StateLength;
            }
        }
    }

    /// <summary>The logits of the next token.</summary>
    /// <param name="state">The row's states.</param>
    /// <param name="memory">The row's working memory, where the logits stay until the next call.</param>
    /// <returns>[vocab], and padding that has no probability.</returns>
    public ReadOnlySpan<float> Logits(float* state, float* memory)
    {
        float* scratch = memory + EmbeddingLength, logits = scratch + ScratchLength;
        for (int layer = 0; layer < _layers.Length - 1; layer++)
            state += _layers[layer].StateLength;
        _outputBias.CopyTo(new Span<float>(logits, _outputBias.Length));
        switch (_width)
        {
            case LaneWidth.Wide:
                Multiply<SimdVector512>(state, (short*)scratch, logits);
                break;
            case LaneWidth.Medium:
                Multiply<SimdVector256>(state, (short*)scratch, logits);
                break;
            default:
                Multiply<SimdVector128>(state, (short*)scratch, logits);
                break;
        }
        return new ReadOnlySpan<float>(logits, _outputBias.Length);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (QuantizedLayer layer in _layers)
            layer.Dispose();
        _output.Dispose();
    }

    private void Multiply<L>(float* hidden, short* integers, float* logits)
        where L : struct, ISimdVector<L>
    {
        float scale = IntegerVector.Round<L>(hidden, _hidden, _output.MostInput, integers);
        _output.MultiplyAdd<L>(integers, scale, 0, _outputBias.Length, logits);
    }
}
