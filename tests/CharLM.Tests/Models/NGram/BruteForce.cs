namespace CharLM.Tests.Models.NGram;

/// <summary>
/// Interpolated modified Kneser-Ney as in the paper, with dictionaries of strings: slow, and independent of the toolkit (Chen and
/// Goodman 1999, section 3; where counts allow no discounts, KenLM's 0.5, 1, 1.5).
/// </summary>
internal sealed class BruteForce
{
    private readonly int _order, _vocab;
    private readonly Dictionary<string, int>[] _counts;
    private readonly double[][] _discounts;

    public BruteForce(int[] text, int order, int vocab)
    {
        (_order, _vocab) = (order, vocab);
        _counts = new Dictionary<string, int>[order + 1];
        _discounts = new double[order + 1][];
        for (int k = 1; k <= order; k++)
        {
            _counts[k] = k == order
                ? Windows(text, k).GroupBy(gram => gram).ToDictionary(group => group.Key, group => group.Count())
                : Windows(text, k + 1).Distinct().GroupBy(longer => longer[(longer.IndexOf(' ') + 1)..])
                    .ToDictionary(group => group.Key, group => group.Count());
            _discounts[k] = Discounts(_counts[k].Values);
        }
    }

    public double[] DiscountsOf(int k) => _discounts[k][1..];

    /// <summary>p(token | history), which depends on the last order - 1 tokens of the history.</summary>
    public double Probability(int[] history, int token)
    {
        double p = 1.0 / _vocab;
        for (int k = 1; k <= _order && k - 1 <= history.Length; k++)
        {
            int[] context = history[^(k - 1)..];
            double total = 0, off = 0;
            for (int w = 0; w < _vocab; w++)
            {
                int c = _counts[k].GetValueOrDefault(Key([.. context, w]));
                total += c;
                off += _discounts[k][Math.Min(c, 3)];
            }
            if (total == 0)
                continue;
            int count = _counts[k].GetValueOrDefault(Key([.. context, token]));
            p = (Math.Max(count - _discounts[k][Math.Min(count, 3)], 0) / total) + (off / total * p);
        }
        return p;
    }

    private static double[] Discounts(IEnumerable<int> counts)
    {
        double N(int i) => counts.Count(count => count == i);
        if (N(1) * N(2) * N(3) * N(4) > 0)
        {
            double y = N(1) / (N(1) + (2 * N(2)));
            double[] d = [0, 1 - (2 * y * N(2) / N(1)), 2 - (3 * y * N(3) / N(2)), 3 - (4 * y * N(4) / N(3))];
            if (d[1] > 0 && d[2] > 0 && d[3] > 0)
                return d;
        }
        return [0, 0.5, 1, 1.5];
    }

    private static IEnumerable<string> Windows(int[] text, int length) =>
        Enumerable.Range(0, Math.Max(0, text.Length - length + 1)).Select(i => Key(text[i..(i + length)]));

    private static string Key(int[] gram) => string.Join(' ', gram);
}
