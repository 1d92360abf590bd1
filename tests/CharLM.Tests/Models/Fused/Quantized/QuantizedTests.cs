using CharLM.Checkpoints;
using CharLM.Models;
using CharLM.Models.Fused;
using CharLM.Models.Fused.Quantized;
using CharLM.Models.Fused.Simd;
using TorchSharp;

namespace CharLM.Tests.Models.Fused.Quantized;

/// <summary>Integer weights: what they compute, and that their figures stay near those of float32.</summary>
public sealed unsafe class QuantizedTests
{
    private const int Vocab = 37;

    public static TheoryData<ModelConfig, int> Models
    {
        get
        {
            var data = new TheoryData<ModelConfig, int>();
            foreach (CellKind cell in new[] { CellKind.Rnn, CellKind.Gru, CellKind.Lstm })
            {
                data.Add(new ModelConfig { Cell = cell, NumHiddens = 33 }, Vocab);
                data.Add(new ModelConfig { Cell = cell, NumHiddens = 64, NumLayers = 2, EmbeddingSize = 19 }, Vocab);
            }
            data.Add(new ModelConfig { Cell = CellKind.Rnn, RnnActivation = RnnActivation.Relu, NumHiddens = 100 }, 5);
            data.Add(new ModelConfig { Cell = CellKind.Lstm, NumHiddens = 70, EmbeddingSize = 70, TieWeights = true }, 130);
            return data;
        }
    }

    // The sums are exact: any register width gives those of long arithmetic, even for weights and inputs at their bounds.
    [Theory]
    [InlineData(8, 1, 1, 1)]
    [InlineData(8, 3, 70, 511)]
    [InlineData(16, 2, 64, 256)]
    [InlineData(16, 1, 65, 4096)]
    [InlineData(8, 1, 10, 40_000)]
    public void MultiplyAdd_AnyWidth_IsTheExactSum(int size, int parts, int rows, int columns)
    {
        WeightBits bits = size == 8 ? WeightBits.Eight : WeightBits.Sixteen;
        var random = new Random(columns);
        float[] weights = [.. Enumerable.Range(0, parts * rows * columns).Select(i =>
            i < columns ? (random.Next(2) == 0 ? 1 : -1) : (float)((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-3, 3))))];
        int stride = IntegerMatrix.Pad(rows), padded = (columns + 31) / 32 * 32;
        fixed (float* source = weights)
        {
            using var matrix = new IntegerMatrix(bits, source, parts, rows, columns);
            var inputs = new short[padded];
            for (int i = 0; i < columns; i++)
            {
                inputs[i] = (short)(i % 3 == 0 ? matrix.MostInput : i % 3 == 1 ? -matrix.MostInput
                    : random.Next(-matrix.MostInput, matrix.MostInput + 1));
            }
            float[] wide = Product<SimdVector512>(), medium = Product<SimdVector256>(), portable = Product<SimdVector128>();
            Assert.Equal(portable, wide);
            Assert.Equal(portable, medium);
            for (int part = 0; part < parts; part++)
            {
                for (int row = 0; row < stride; row++)
                {
                    if (row >= rows)
                    {
                        Assert.Equal(0, portable[(part * stride) + row]);
                        continue;
                    }
                    ReadOnlySpan<float> of = weights.AsSpan(((part * rows) + row) * columns, columns);
                    double exact = 0, greatest = 0;
                    for (int i = 0; i < columns; i++)
                        (exact, greatest) = (exact + ((double)of[i] * inputs[i]), Math.Max(greatest, Math.Abs(of[i])));
                    // Of the greatest weight of its row, each is rounded to 1/127, or with 16 bits to 1/500 or less.
                    double step = greatest / (bits == WeightBits.Eight ? 127 : 500);
                    double bound = step / 2 * inputs.Sum(input => Math.Abs((double)input));
                    Assert.InRange(portable[(part * stride) + row], exact - bound - 1e-3, exact + bound + 1e-3);
                }
            }

            float[] Product<L>()
                where L : struct, ISimdVector<L>
            {
                var sums = new float[parts * stride];
                fixed (short* x = inputs)
                {
                    fixed (float* y = sums)
                    {
                        for (int part = 0; part < parts; part++)
                            matrix.MultiplyAdd<L>(x, 1, part * stride, stride, y + (part * stride));
                    }
                }
                return sums;
            }
        }
    }

    [Theory, MemberData(nameof(Models))]
    public void Score_IntegerWeights_IsNearFloat(ModelConfig config, int vocab)
    {
        using LanguageModel model = Made(config, vocab);
        var random = new Random(3);
        int[] inputs = [.. Enumerable.Range(0, 5 * 40).Select(_ => random.Next(vocab))];
        int[] targets = [.. inputs.Select(_ => random.Next(vocab))];
        (float[] exact, TopPrediction[] _) = Score(model, inputs, targets);
        foreach ((WeightBits bits, double tolerance) in new[] { (WeightBits.Sixteen, 3e-3), (WeightBits.Eight, 6e-2) })
        {
            using FusedModel integer = Opened(model, config, bits, threads: 2);
            (float[] nats, TopPrediction[] top) = Score(integer, inputs, targets);
            for (int i = 0; i < nats.Length; i++)
                Assert.InRange(nats[i], exact[i] - tolerance, exact[i] + tolerance);
            Assert.All(top, prediction => Assert.InRange(prediction.Probability, 1f / vocab, 1));
            // A row does not depend on the others, on the threads, or on how many steps a call reads.
            using FusedModel alone = Opened(model, config, bits, threads: 1);
            using IPredictor predictor = alone.Predictor();
            predictor.Begin(1);
            var some = new float[40];
            for (int from = 0; from < 40; from += 8)
                predictor.Score(inputs.AsSpan(80 + from, 8), targets.AsSpan(80 + from, 8), 8, some.AsSpan(from, 8));
            Assert.Equal(nats[80..120], some);
        }
    }

    [Fact]
    public void Predict_Rearranged_ContinuesFromTheRows()
    {
        var config = new ModelConfig { Cell = CellKind.Lstm, NumHiddens = 40, NumLayers = 2 };
        using LanguageModel model = Made(config, Vocab);
        using FusedModel integer = Opened(model, config, WeightBits.Eight, threads: 1);
        using IPredictor three = integer.Predictor(), one = integer.Predictor();
        float[] logits = new float[3 * Vocab], five = new float[5 * Vocab], alone = new float[Vocab];
        three.Begin(3);
        three.Predict([1, 2, 3, 4, 5, 6], 2, logits);
        three.Rearrange([2, 2, 0, 1, 2]);
        three.Predict([7, 8, 9, 10, 11], 1, five);
        one.Begin(1);
        one.Predict([5, 6], 2, alone);
        Assert.Equal(logits[(2 * Vocab)..], alone);
        one.Predict([11], 1, alone);
        Assert.Equal(five[(4 * Vocab)..], alone);
        // Begin sets the state to zero.
        one.Begin(1);
        one.Predict([5, 6], 2, alone);
        Assert.Equal(logits[(2 * Vocab)..], alone);
    }

    [Fact]
    public void Score_DamagedWeights_IsNotANumber()
    {
        var config = new ModelConfig { Cell = CellKind.Gru, NumHiddens = 16 };
        using LanguageModel model = Made(config, Vocab);
        using (torch.no_grad())
            model.get_parameter("rnn.weight_hh_l0")!.fill_(float.NaN);
        using FusedModel integer = Opened(model, config, WeightBits.Eight, threads: 1);
        (float[] nats, _) = Score(integer, [.. Enumerable.Repeat(1, 200)], [.. Enumerable.Repeat(1, 200)]);
        Assert.True(float.IsNaN(nats[^1]));
    }

    private static LanguageModel Made(ModelConfig config, int vocab)
    {
        torch.manual_seed(5);
        return new LanguageModel(config, vocab);
    }

    private static FusedModel Opened(LanguageModel model, ModelConfig config, WeightBits bits, int threads) => new(
        config, model.VocabSize, Checkpoint.CopyWeights(model).Select(weight => (weight.Key, weight.Value.Shape, weight.Value.Values)),
        threads, bits);

    private static (float[] Nats, TopPrediction[] Top) Score(ILanguageModel model, int[] inputs, int[] targets)
    {
        using IPredictor predictor = model.Predictor();
        predictor.Begin(5);
        (float[] nats, TopPrediction[] top) = (new float[inputs.Length], new TopPrediction[inputs.Length]);
        predictor.Score(inputs, targets, inputs.Length / 5, nats, top);
        return (nats, top);
    }
}
