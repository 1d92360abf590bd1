using CharLM.Models.Fused.Gemm;

namespace CharLM.Models.Fused.Passes;

/// <summary>
/// The output layer on a sample of a large vocab, drawn anew for each minibatch: the targets, and other tokens of which token j is drawn
/// with probability p_j. In the sum over the vocab, exp(logit_j) / p_j stands for the tokens that were not drawn, so that the expectation
/// of the sum is that over the whole vocab (Horvitz and Thompson 1952; Bengio and Senécal 2003; Jean et al. 2015).
/// </summary>
/// <remarks>
/// The sample's weights are copied into a small output layer and its gradients back. Vocabs have their tokens by falling frequency, which
/// is taken to be Zipf's; for another order the expectation is the same, and the loss varies more. A key alone decides what is drawn.
/// </remarks>
internal sealed unsafe class SampledOutput : OutputPass
{
    // The bias of a place without a token: its exponential is zero.
    private const float Nothing = -1e30f;

    private const int NotHere = -1;

    // More than a block of the softmax, so that its sums have one order however many places there are.
    private const int FewestPlaces = 272;

    private readonly Simd.LaneWidth _width;
    private readonly RawWeight _weight, _bias;
    private readonly int _vocab, _hidden;
    private readonly bool _isShared;

    // For each token: its share of the text according to Zipf, the probability that it is drawn, and its place in the sample.
    private readonly double[] _shares, _drawn;
    private readonly int[] _placeOf;
    private readonly List<int> _sample = [];
    private SmallLayer _small;
    private RowLayout _layout;
    private int _tasks;

    /// <summary>An output layer that learns on samples.</summary>
    /// <param name="width">The registers to use.</param>
    /// <param name="weight">The weights of the whole vocab.</param>
    /// <param name="bias">Its biases.</param>
    /// <param name="vocab">Number of tokens.</param>
    /// <param name="hidden">Number of hidden units.</param>
    /// <param name="drawn">Tokens drawn for a minibatch, on average.</param>
    /// <param name="isShared">Whether the weights are also those of another layer, which has written its gradients before.</param>
    public SampledOutput(Simd.LaneWidth width, RawWeight weight, RawWeight bias, int vocab, int hidden, int drawn, bool isShared)
    {
        (_width, _weight, _bias, _vocab, _hidden, _isShared) = (width, weight, bias, vocab, hidden, isShared);
        _shares = [.. Enumerable.Range(0, vocab).Select(token => Math.Log((token + 2.0) / (token + 1)) / Math.Log(vocab + 1.0))];
        _drawn = ProbabilitiesOf(_shares, drawn);
        _placeOf = new int[vocab];
        Array.Fill(_placeOf, NotHere);
        // Targets that are not drawn take more: a text's are mostly frequent tokens, which are.
        _small = new SmallLayer(width, PlacesFor(drawn + (drawn / 4)), hidden);
    }

    /// <inheritdoc/>
    public override Panels Logits => _small.Output.Logits;

    /// <inheritdoc/>
    public override void Resize(RowLayout layout, int tasks)
    {
        (_layout, _tasks) = (layout, tasks);
        _small.Output.Resize(layout, tasks);
    }

    /// <summary>Draws a sample for a minibatch, and replaces its targets by their places in the sample.</summary>
    /// <param name="targets">The targets, in the rows after each step; negative where nothing is predicted.</param>
    /// <param name="key">Seeds the choice.</param>
    public void Draw(Span<int> targets, ulong key)
    {
        foreach (int token in _sample)
            _placeOf[token] = NotHere;
        _sample.Clear();
        int predicted = 0;
        for (int strip = 0; strip < _layout.Strips; strip++)
        {
            (int first, int count) = _layout.Run(strip, after: true);
            foreach (ref int target in targets.Slice(first, count))
            {
                if (target < 0)
                    continue;
                target = Add(target);
                predicted++;
            }
        }
        for (int token = 0; token < _vocab; token++)
        {
            if (_placeOf[token] == NotHere && (DropoutFactors.Mix(key + (ulong)token) >> 11) * (1.0 / (1UL << 53)) < _drawn[token])
                Add(token);
        }
        if (_sample.Count > _small.Places)
        {
            _small.Dispose();
            _small = new SmallLayer(_width, PlacesFor(_sample.Count + (_sample.Count / 8)), _hidden);
            _small.Output.Resize(_layout, _tasks);
        }
        Gather(predicted);
    }

    /// <inheritdoc/>
    public override void Pack(int task, int tasks, bool backward) => _small.Output.Pack(task, tasks, backward);

    /// <inheritdoc/>
    public override void Forward(Panels input, RowGrid rows) => throw OnlyLearns();

    /// <inheritdoc/>
    public override void Measure(Panels input, ReadOnlySpan<int> targets, Span<float> nats, RowGrid rows) => throw OnlyLearns();

    /// <inheritdoc/>
    public override void Learn(
        Panels input, ReadOnlySpan<int> targets, Span<float> nats, RowGrid rows, float scale, Panels inputGradient) =>
        _small.Output.Learn(input, targets, nats, rows, scale, inputGradient);

    /// <inheritdoc/>
    public override void PartialGradients(Panels input, int part, int task, int tasks) =>
        _small.Output.PartialGradients(input, part, task, tasks);

    /// <inheritdoc/>
    public override void WeightGradients(Panels input, int task, int tasks)
    {
        _small.Output.WeightGradients(input, task, tasks);
        if (_isShared)
            return;
        // Tokens that were not drawn have no gradient.
        int first = (int)((long)_vocab * task / tasks), count = (int)((long)_vocab * (task + 1) / tasks) - first;
        new Span<float>(_weight.Gradient + ((nint)first * _hidden), count * _hidden).Clear();
    }

    /// <summary>Writes the sample's gradients to those of the whole vocab, or adds them if another layer has written there.</summary>
    public void Scatter()
    {
        new Span<float>(_bias.Gradient, _vocab).Clear();
        for (int place = 0; place < _sample.Count; place++)
        {
            int token = _sample[place];
            float* from = _small.Weight.Gradient + ((nint)place * _hidden), to = _weight.Gradient + ((nint)token * _hidden);
            for (int i = 0; i < _hidden; i++)
                to[i] = from[i] + (_isShared ? to[i] : 0);
            _bias.Gradient[token] = _small.Bias.Gradient[place];
        }
    }

    /// <inheritdoc/>
    public override void Dispose() => _small.Dispose();

    private static InvalidOperationException OnlyLearns() => new("a sample of the vocab is for learning: measuring takes all tokens");

    // Probabilities in proportion to the shares, but at most 1, that add up to a number.
    private static double[] ProbabilitiesOf(double[] shares, int sum)
    {
        if (sum >= shares.Length)
            return [.. shares.Select(_ => 1.0)];
        double low = 0, high = sum / shares.Min();
        for (int i = 0; i < 100; i++)
        {
            double factor = (low + high) / 2;
            (low, high) = shares.Sum(share => Math.Min(1, factor * share)) < sum ? (factor, high) : (low, factor);
        }
        return [.. shares.Select(share => Math.Min(1, high * share))];
    }

    private int PlacesFor(int tokens) => Math.Min(_vocab, Math.Max(FewestPlaces, Panels.Pad(tokens)));

    private int Add(int token)
    {
        ref int place = ref _placeOf[token];
        if (place == NotHere)
        {
            place = _sample.Count;
            _sample.Add(token);
        }
        return place;
    }

    private void Gather(int predicted)
    {
        for (int place = 0; place < _sample.Count; place++)
        {
            int token = _sample[place];
            new ReadOnlySpan<float>(_weight.Value + ((nint)token * _hidden), _hidden)
                .CopyTo(new Span<float>(_small.Weight.Value + ((nint)place * _hidden), _hidden));
            // A row has this token in its sum because it was drawn, or because it is the target of one of the other rows.
            double isMissing = (1 - _drawn[token]) * Math.Pow(1 - _shares[token], predicted - 1);
            float correction = -(float)Math.Log(1 - isMissing);
            _small.Bias.Value[place] = _bias.Value[token] + correction;
            // A row's own target is always in its sum.
            _small.TargetBiases[place] = -correction;
        }
        int free = _small.Places - _sample.Count;
        new Span<float>(_small.Weight.Value + ((nint)_sample.Count * _hidden), free * _hidden).Clear();
        new Span<float>(_small.Bias.Value + _sample.Count, free).Fill(Nothing);
    }

    // An output layer with a place for each token of a sample.
    private sealed class SmallLayer : IDisposable
    {
        private readonly PanelBuffer _values, _gradients, _biases, _biasGradients, _targetBiases;

        public SmallLayer(Simd.LaneWidth width, int places, int hidden)
        {
            (_values, _gradients) = (new PanelBuffer((long)places * hidden), new PanelBuffer((long)places * hidden));
            (_biases, _biasGradients, _targetBiases) = (new PanelBuffer(places), new PanelBuffer(places), new PanelBuffer(places));
            Weight = new RawWeight("linear.weight", _values.Data, _gradients.Data, [places, hidden]);
            Bias = new RawWeight("linear.bias", _biases.Data, _biasGradients.Data, [places]);
            (Places, Output) = (places, PassFactory.Output(width, Weight, Bias, places, hidden, TargetBiases));
        }

        public int Places { get; }

        public OutputPass Output { get; }

        public RawWeight Weight { get; }

        public RawWeight Bias { get; }

        public float* TargetBiases => _targetBiases.Data;

        public void Dispose()
        {
            Output.Dispose();
            foreach (PanelBuffer buffer in new[] { _values, _gradients, _biases, _biasGradients, _targetBiases })
                buffer.Dispose();
        }
    }
}
