using CharLM.Randomness;
using CharLM.Tokenization;

namespace CharLM.Batching;

/// <summary>
/// Documents of like length side by side, in random order: rows begin together, with the state at zero, and where they are longer than
/// num_steps they go on in the next minibatch. Behind the end of a shorter row nothing is predicted.
/// </summary>
/// <remarks>
/// Documents of very many minibatches are cut, so that few long ones fill the rows, too; where no state is carried, those longer than
/// num_steps are. A piece but the first begins with the state at zero, as rows of running text do.
/// Thread safety: never changes; any number of threads.
/// </remarks>
internal sealed class DocumentIterator : MinibatchIterator
{
    // Minibatches have few different numbers of steps: the kernels choose their threads for each.
    private const int MostShapes = 32;

    // A document is cut when it is longer than so many minibatches, and than such a part of a row, were the text cut into rows.
    private const int LeastMinibatches = 16, PartsOfRow = 8;

    private readonly List<DocumentPart> _parts = [];
    private readonly int[] _lengths;

    // The longest first: what does not fill a minibatch is the shortest, and soon read.
    private readonly int[] _order;
    private readonly int _endId, _unit;

    /// <summary>An iterator over documents.</summary>
    /// <param name="order">Sequential: long documents go on with their state; random: they are cut.</param>
    /// <param name="tokens">The stream: an end token, and documents with one behind each.</param>
    /// <param name="batchSize">Rows of a minibatch.</param>
    /// <param name="numSteps">Tokens of a row.</param>
    /// <param name="seed">Fixes the order of every epoch.</param>
    /// <param name="endId">What ends a document.</param>
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
            for (int from = 0; from < document.Length; from += longest)
                _parts.Add(new DocumentPart(document.Begin + from, Math.Min(longest, document.Length - from)));
        }
        _lengths = [.. _parts.Select(part => part.Length)];
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

    // Groups of rows that begin together, and the minibatch that each begins with.
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

        public override void Fill(TokenSource tokens, int batch, Span<int> inputs, Span<int> targets)
        {
            int group = GroupOf(batch), before = Before(group, batch), steps = StepsOf(batch);
            inputs.Fill(Iterator._endId);
            targets.Fill(Minibatch.NoTarget);
            for (int row = 0; row < Groups[group].Length; row++)
            {
                DocumentPart part = Iterator._parts[Groups[group][row]];
                int count = Math.Min(steps, part.Length - before);
                if (count > 0)
                    tokens.CopyWindow(part.Begin + before, inputs.Slice(row * steps, count), targets.Slice(row * steps, count));
            }
        }

        // Tokens of the group's rows that earlier minibatches have read.
        private int Before(int group, int batch) => (batch - Begins[group]) * NumSteps;

        private int GroupOf(int batch)
        {
            int group = Array.BinarySearch(Begins, batch);
            return group >= 0 ? group : ~group - 1;
        }
    }
}
