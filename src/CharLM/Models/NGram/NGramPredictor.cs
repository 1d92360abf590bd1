namespace CharLM.Models.NGram;

/// <summary>Predicts with n-grams; the state of a row is the position of its last tokens in the counts.</summary>
internal sealed class NGramPredictor(NGramModel model) : Predictor(model.VocabSize)
{
    // At index k: the index of the last k tokens among the n-grams of k tokens; -1 when they were never seen.
    private int[][] _contexts = [];

    // How many tokens each row has read.
    private int[] _read = [];
    private readonly double[] _probabilities = new double[model.VocabSize];

    /// <inheritdoc/>
    protected override void BeginRows(int rows)
    {
        (_contexts, _read) = (new int[rows][], new int[rows]);
        for (int row = 0; row < rows; row++)
            _contexts[row] = NewContext();
    }

    /// <inheritdoc/>
    internal override bool HasIndependentRows => true;

    /// <inheritdoc/>
    protected override void ScoreRows(
        ReadOnlySpan<int> inputs, ReadOnlySpan<int> targets, int steps, Span<float> nats, Span<TopPrediction> guesses)
    {
        for (int i = 0; i < inputs.Length; i++)
        {
            int row = i / steps;
            Advance(row, inputs[i]);
            nats[i] = (float)-Math.Log(Probability(row, targets[i]));
            if (!guesses.IsEmpty)
                guesses[i] = Best(row);
        }
    }

    /// <inheritdoc/>
    protected override void PredictRows(ReadOnlySpan<int> inputs, int steps, Span<float> logits)
    {
        for (int i = 0; i < inputs.Length; i++)
            Advance(i / steps, inputs[i]);
        for (int row = 0; row < _contexts.Length; row++)
        {
            Distribute(row);
            for (int token = 0; token < model.VocabSize; token++)
                logits[(row * model.VocabSize) + token] = (float)Math.Log(_probabilities[token]);
        }
    }

    /// <inheritdoc/>
    protected override void RearrangeRows(ReadOnlySpan<int> rows)
    {
        var contexts = new int[rows.Length][];
        for (int row = 0; row < rows.Length; row++)
            contexts[row] = rows[row] == NewRow ? NewContext() : [.. _contexts[rows[row]]];
        _contexts = contexts;
        int[] read = _read;
        _read = [.. rows.ToArray().Select(row => row == NewRow ? 0 : read[row])];
    }

    /// <inheritdoc/>
    protected override void Free() => _contexts = [];

    private int[] NewContext()
    {
        var context = new int[model.Order];
        context.AsSpan(1).Fill(-1);
        return context;
    }

    // From the longest context down, since each derives from the next shorter one.
    private void Advance(int row, int token)
    {
        int[] context = _contexts[row];
        _read[row]++;
        for (int length = context.Length - 1; length >= 1; length--)
            context[length] = context[length - 1] < 0 ? -1
                : model.Levels[length - 1].Child(model.Levels[length], context[length - 1], token);
    }

    private double Probability(int row, int token)
    {
        int[] context = _contexts[row];
        if (model.Laplace is { } weight)
        {
            double alone = (Count(0, 0, token) + (weight / model.VocabSize)) / (model.Levels[0].Totals[0] + weight);
            return Context(row) is not var (length, node) ? alone
                : (Count(length, node, token) + (weight * alone)) / (model.Levels[length].Totals[node] + weight);
        }
        double probability = 1.0 / model.VocabSize;
        for (int length = 0; length < context.Length && context[length] >= 0; length++)
        {
            (NGramLevel level, NGramLevel longer) = (model.Levels[length], model.Levels[length + 1]);
            int node = context[length], total = level.Totals[node];
            if (total == 0)
                continue; // It occurred only at the end of the text.
            int child = level.Child(longer, node, token), count = child < 0 ? 0 : longer.Counts[child];
            probability = ((count - model.Discounts[length].Off(count)) / total) + (level.Backoffs[node] * probability);
        }
        return probability;
    }

    // The context that Laplace smoothing counts after: as long as the order allows, or as what was read; null if it never occurred.
    private (int Length, int Node)? Context(int row)
    {
        int length = Math.Min(_read[row], model.Order - 1);
        return length > 0 && _contexts[row][length] is >= 0 and var node ? (length, node) : null;
    }

    private int Count(int length, int node, int token)
    {
        int child = model.Levels[length].Child(model.Levels[length + 1], node, token);
        return child < 0 ? 0 : model.Levels[length + 1].Counts[child];
    }

    // The same for all tokens at once, from the longest context down: each leaves its undistributed probability to the next.
    private void Distribute(int row)
    {
        int[] context = _contexts[row];
        if (model.Laplace is { } weight)
        {
            Array.Fill(_probabilities, 1.0 / model.VocabSize);
            Mix(0, 0, weight);
            if (Context(row) is var (at, place))
                Mix(at, place, weight);
            return;
        }
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

    // Adds the probabilities so far, at the weight of Laplace smoothing, to the counts after a context.
    private void Mix(int length, int node, double weight)
    {
        (NGramLevel level, NGramLevel longer) = (model.Levels[length], model.Levels[length + 1]);
        double total = level.Totals[node] + weight;
        for (int token = 0; token < _probabilities.Length; token++)
            _probabilities[token] = weight * _probabilities[token] / total;
        for (int child = level.FirstChild[node]; child < level.FirstChild[node + 1]; child++)
            _probabilities[longer.Tokens[child]] += longer.Counts[child] / total;
    }

    private TopPrediction Best(int row)
    {
        Distribute(row);
        int best = 0;
        for (int token = 1; token < _probabilities.Length; token++)
        {
            if (_probabilities[token] > _probabilities[best])
                best = token;
        }
        return new TopPrediction(best, (float)_probabilities[best]);
    }
}
