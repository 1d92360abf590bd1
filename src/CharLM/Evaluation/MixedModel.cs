using CharLM.Models;

namespace CharLM.Evaluation;

/// <summary>
/// Two models as one: p(token) = weight * first + (1 - weight) * second, token by token (Jelinek and Mercer 1980). A network and n-grams
/// err in different places, so their mixture is usually better than either.
/// </summary>
/// <remarks>Thread safety: any number of threads, as far as both models allow.</remarks>
/// <param name="first">One model, owned by the caller.</param>
/// <param name="second">The other, with the same vocab, owned by the caller.</param>
/// <param name="weight">The share of the first, 0 to 1.</param>
internal sealed class MixedModel(ILanguageModel first, ILanguageModel second, double weight) : ILanguageModel
{
    private const int Rounds = 100;

    /// <inheritdoc/>
    public int VocabSize => first.VocabSize;

    /// <inheritdoc/>
    public IPredictor Predictor() => new MixedPredictor(first.Predictor(), second.Predictor(), VocabSize, weight);

    /// <summary>Does nothing: the caller owns both models.</summary>
    public void Dispose()
    {
    }

    /// <summary>
    /// The share of the first model with which the mixture surprises least, by expectation maximization, whose likelihood has a single
    /// maximum (Jelinek and Mercer 1980).
    /// </summary>
    /// <param name="first">Nats of each token under the first model.</param>
    /// <param name="second">Nats of the same tokens under the second.</param>
    public static double BestWeight(ReadOnlySpan<float> first, ReadOnlySpan<float> second)
    {
        double weight = 0.5;
        for (int round = 0; round < Rounds; round++)
        {
            double share = 0;
            for (int i = 0; i < first.Length; i++)
                share += weight / (weight + ((1 - weight) * Math.Exp((double)first[i] - second[i])));
            weight = share / first.Length;
        }
        return weight;
    }

    private sealed class MixedPredictor(IPredictor first, IPredictor second, int vocabSize, double weight) : Predictor(vocabSize)
    {
        private int[] _inputs = [];
        private float[] _logits = [], _others = [];

        /// <inheritdoc/>
        protected override bool Learns => true; // Whether the models may change is for their own predictors to say.

        /// <inheritdoc/>
        protected override void BeginRows(int rows)
        {
            first.Begin(rows);
            second.Begin(rows);
            (_inputs, _logits, _others) = (new int[rows], new float[rows * VocabSize], new float[rows * VocabSize]);
        }

        /// <inheritdoc/>
        protected override void ScoreRows(
            ReadOnlySpan<int> inputs, ReadOnlySpan<int> targets, int steps, Span<float> nats, Span<TopPrediction> guesses)
        {
            for (int step = 0; step < steps; step++)
            {
                for (int row = 0; row < Rows; row++)
                    _inputs[row] = inputs[(row * steps) + step];
                PredictRows(_inputs, 1, _logits);
                for (int row = 0; row < Rows; row++)
                {
                    int place = (row * steps) + step;
                    ReadOnlySpan<float> logits = _logits.AsSpan(row * VocabSize, VocabSize);
                    nats[place] = -logits[targets[place]];
                    if (!guesses.IsEmpty)
                        guesses[place] = TopPrediction.Of(logits, targets[place], nats[place]);
                }
            }
        }

        /// <summary>The logarithms of the mixture's probabilities.</summary>
        protected override void PredictRows(ReadOnlySpan<int> inputs, int steps, Span<float> logits)
        {
            first.Predict(inputs, steps, logits);
            second.Predict(inputs, steps, _others);
            for (int row = 0; row < Rows; row++)
            {
                Span<float> mixed = logits.Slice(row * VocabSize, VocabSize);
                ReadOnlySpan<float> other = _others.AsSpan(row * VocabSize, VocabSize);
                double sum = LogitMath.LogSumExp(mixed), otherSum = LogitMath.LogSumExp(other);
                for (int token = 0; token < VocabSize; token++)
                {
                    mixed[token] = (float)Math.Log(
                        (weight * Math.Exp(mixed[token] - sum)) + ((1 - weight) * Math.Exp(other[token] - otherSum)));
                }
            }
        }

        /// <inheritdoc/>
        internal override bool HasIndependentRows =>
            first is Predictor { HasIndependentRows: true } && second is Predictor { HasIndependentRows: true };

        /// <inheritdoc/>
        protected override void RearrangeRows(ReadOnlySpan<int> rows)
        {
            first.Rearrange(rows);
            second.Rearrange(rows);
            (_inputs, _logits, _others) = (new int[rows.Length], new float[rows.Length * VocabSize], new float[rows.Length * VocabSize]);
        }

        /// <inheritdoc/>
        protected override void Free()
        {
            first.Dispose();
            second.Dispose();
        }
    }
}
