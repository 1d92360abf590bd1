using CharLM.Randomness;
using CharLM.Tokenization;

namespace CharLM.Batching;

/// <summary>
/// Documents of similar length side by side, in random order: rows begin together with a zero state, and those longer than num_steps
/// continue in the next minibatch. Nothing is predicted past the end of a shorter row.
/// </summary>
/// <remarks>
/// Very long documents are cut, so that even a few of them fill the rows; without carried state, every document longer than num_steps
/// is cut. Every piece begins with a zero state, like a row of running text.
/// Thread safety: never changes; any number of threads.
/// </remarks>
internal sealed class DocumentIterator : MinibatchIterator
{
    // Limits the distinct numbers of steps of a minibatch, since the kernels tune their threads for each.
    private const int MostShapes = 32;

    // A document is cut when it exceeds this many minibatches and this fraction of a row (were the text cut into rows).
    private const int LeastMinibatches = 16, PartsOfRow = 8;

    private readonly List<DocumentPart> _parts = [];
    private readonly int[] _lengths;

    // Longest first, so that an incomplete minibatch holds the shortest.
    private readonly int[] _order;
    private readonly int _endId, _unit;

    /// <summary>An iterator over documents.</summary>
    /// <param name="order">Sequential: long documents continue with their state; random: they are cut.</param>
    /// <param name="tokens">The stream: an end token, then documents that each end with one.</param>
    /// <param name="batchSize">Rows per minibatch.</param>
    /// <param name="numSteps">Tokens per row.</param>
    /// <param name="seed">Fixes the order of every epoch.</param>
    /// <param name="endId">The id that ends a document.</param>
    /// <exception cref="CorpusTooShortException">There is no document.</exception>
    public DocumentIterator(SamplingOrder order, TokenSource tokens, int batchSize, int numSteps, long seed, int endId)
        : base(tokens, batchSize, numSteps, seed, minRows: 0)
    {
        if (tokens.Length < 2)
            throw new CorpusTooShortException(tokens.Length, 1, 1);
        (CarriesState, _endId, _unit) = (order == SamplingOrder.Sequential, endId, (numSteps + MostShapes - 1) / MostShapes);
        long rowMinibatches = tokens.Length / batchSize / numSteps;
        int longest = CarriesState ? checked((int)Math.Max(LeastMinibatches, rowMinibatches / PartsOfRow) * numSteps) : numSteps;
        foreach (DocumentPart document in DocumentList.Of(tokens, endId))
        {
            for (long from = 0; from < document.Length; from += longest)
                _parts.Add(new DocumentPart(document.Begin + from, Math.Min(longest, document.Length - from)));
        }
        _lengths = [.. _parts.Select(part => (int)part.Length)];
        _order = [.. _lengths.Select(length => -length)];
    }

    /// <inheritdoc/>
    public override bool CarriesState { get; }

    /// <inheritdoc/>
    protected override EpochPlan Plan(RandomStream random)
    {
        ArgumentNullException.ThrowIfNull(random);
        int[][] groups = LengthBuckets.Plan(_order, BatchSize, random);
        var begins = new int[groups.Length + 1];
        for (int group = 0; group < groups.Length; group++)
            begins[group + 1] = checked(begins[group] + ((Longest(groups[group]) + NumSteps - 1) / NumSteps));
        return new Layout(this, groups, begins);
    }

    private int Longest(int[] group) => group.Max(part => _lengths[part]);

    // Groups of rows that begin together, and the first minibatch of each.
    private sealed record Layout(DocumentIterator Iterator, int[][] Groups, int[] Begins)
        : EpochPlan(Iterator.BatchSize, Iterator.NumSteps, Iterator._parts.Count, (_, _) => 0)
    {
        public override int NumBatches => Begins[^1];

        public override long NumTokens => Iterator.Tokens.Length - 1;

        public override int RowsOf(int batch) => Groups[GroupOf(batch)].Length;

        public override int StepsOf(int batch)
        {
            int group = GroupOf(batch), left = Iterator.Longest(Groups[group]) - Before(group, batch), unit = Iterator._unit;
            return Math.Min(NumSteps, (left + unit - 1) / unit * unit);
        }

        public override bool BeginsAnew(int batch) => batch >= NumBatches || !Iterator.CarriesState || Begins[GroupOf(batch)] == batch;

        internal override int TargetsOf(int batch)
        {
            int group = GroupOf(batch), before = Before(group, batch), steps = StepsOf(batch), targets = 0;
            foreach (int part in Groups[group])
                targets += Math.Clamp(Iterator._lengths[part] - before, 0, steps);
            return targets;
        }

        internal override void FillRows(TokenSource tokens, int batch, int first, int count, Span<int> inputs, Span<int> targets)
        {
            int group = GroupOf(batch), before = Before(group, batch), steps = StepsOf(batch);
            inputs.Fill(Iterator._endId);
            targets.Fill(Minibatch.NoTarget);
            for (int row = 0; row < count; row++)
            {
                DocumentPart part = Iterator._parts[Groups[group][first + row]];
                int length = (int)Math.Min(steps, part.Length - before);
                if (length > 0)
                    tokens.CopyWindow(part.Begin + before, inputs.Slice(row * steps, length), targets.Slice(row * steps, length));
            }
        }

        // Tokens per row that earlier minibatches of the group have read.
        private int Before(int group, int batch) => (batch - Begins[group]) * NumSteps;

        private int GroupOf(int batch)
        {
            int group = Array.BinarySearch(Begins, batch);
            return group >= 0 ? group : ~group - 1;
        }
    }
}
