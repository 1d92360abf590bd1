namespace CharLM.Models.NGram;

/// <summary>Predicts with counted n-grams; the state of a row is where its last tokens stand in the counts.</summary>
internal sealed class NGramPredictor(NGramModel model) : IPredictor
{
    // The place of the last k tokens among the n-grams of k tokens, at k; -1 where they were never seen, and above.
    private int[][] _contexts = [];
    private readonly double[] _probabilities = new double[model.VocabSize];

    /// <inheritdoc/>
    public void Begin(int rows)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rows);
        _contexts = new int[rows][];
        for (int row = 0; row < rows; row++)
        {
            _contexts[row] = new int[model.Order];
            _contexts[row].AsSpan(1).Fill(-1);
        }
    }

    /// <inheritdoc/>
    public void Score(ReadOnlySpan<long> inputs, ReadOnlySpan<long> targets, int steps, Span<float> nats, Span<Guess> guesses = default)
    {
        for (int i = 0; i < inputs.Length; i++)
        {
            int[] context = _contexts[i / steps];
            Advance(context, Checked(inputs[i]));
            int target = Checked(targets[i]);
            nats[i] = (float)-Math.Log(Probability(context, target));
            if (!guesses.IsEmpty)
                guesses[i] = Best(context);
        }
    }

    /// <inheritdoc/>
    public void Predict(ReadOnlySpan<long> inputs, int steps, Span<float> logits)
    {
        for (int i = 0; i < inputs.Length; i++)
            Advance(_contexts[i / steps], Checked(inputs[i]));
        for (int row = 0; row < _contexts.Length; row++)
        {
            Distribute(_contexts[row]);
            for (int token = 0; token < model.VocabSize; token++)
                logits[(row * model.VocabSize) + token] = (float)Math.Log(_probabilities[token]);
        }
    }

    /// <inheritdoc/>
    public void Rearrange(ReadOnlySpan<int> rows)
    {
        ArgumentOutOfRangeException.ThrowIfZero(rows.Length);
        var contexts = new int[rows.Length][];
        for (int row = 0; row < rows.Length; row++)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)rows[row], (uint)_contexts.Length, nameof(rows));
            contexts[row] = [.. _contexts[rows[row]]];
        }
        _contexts = contexts;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private int Checked(long token) => (ulong)token < (ulong)model.VocabSize
        ? (int)token
        : throw new ArgumentOutOfRangeException(nameof(token), token, $"token ids are 0 to {model.VocabSize - 1}");

    // From the longest context down, since each is made of the next shorter one.
    private void Advance(int[] context, int token)
    {
        for (int length = context.Length - 1; length >= 1; length--)
            context[length] = context[length - 1] < 0 ? -1 : model.Levels[length - 1].Child(model.Levels[length], context[length - 1], token);
    }

    private double Probability(int[] context, int token)
    {
        double probability = 1.0 / model.VocabSize;
        for (int length = 0; length < context.Length && context[length] >= 0; length++)
        {
            (NGramLevel level, NGramLevel longer) = (model.Levels[length], model.Levels[length + 1]);
            int node = context[length], total = level.Totals[node];
            if (total == 0)
                continue; // it stood at the end of the text alone
            int child = level.Child(longer, node, token), count = child < 0 ? 0 : longer.Counts[child];
            probability = ((count - model.Discounts[length].Off(count)) / total) + (level.Backoffs[node] * probability);
        }
        return probability;
    }

    // The same for all tokens at once, from the longest context down: what a context does not give, it leaves to the next.
    private void Distribute(int[] context)
    {
        Array.Clear(_probabilities);
        double left = 1;
        for (int length = context.Length - 1; length >= 0; length--)
        {
            if (context[length] < 0)
                continue;
            (NGramLevel level, NGramLevel longer) = (model.Levels[length], model.Levels[length + 1]);
            int node = context[length], total = level.Totals[node];
            if (total == 0)
                continue;
            Discounts discounts = model.Discounts[length];
            for (int child = level.FirstChild[node]; child < level.FirstChild[node + 1]; child++)
                _probabilities[longer.Tokens[child]] += left * (longer.Counts[child] - discounts.Off(longer.Counts[child])) / total;
            left *= level.Backoffs[node];
        }
        double rest = left / model.VocabSize;
        for (int token = 0; token < _probabilities.Length; token++)
            _probabilities[token] += rest;
    }

    private Guess Best(int[] context)
    {
        Distribute(context);
        int best = 0;
        for (int token = 1; token < _probabilities.Length; token++)
        {
            if (_probabilities[token] > _probabilities[best])
                best = token;
        }
        return new Guess(best, (float)_probabilities[best]);
    }
}
