using System.Text;
using CharLM.Evaluation;

namespace CharLM.Pairs.Translation;

/// <summary>How close written targets are to the true ones.</summary>
/// <remarks>Thread safety: one thread at a time.</remarks>
public sealed class TranslationScore
{
    private long _targets, _exact, _edits, _characters;
    private double _bleu;

    /// <summary>The share of targets that are exactly right.</summary>
    public double ExactMatch => (double)_exact / _targets;

    /// <summary>Characters to add, remove or change to correct all targets, per character of the true ones.</summary>
    public double CharacterErrorRate => (double)_edits / _characters;

    /// <summary>The mean over the targets of the books' BLEU (<see cref="BleuOf"/>) with n-grams of one and two tokens.</summary>
    public double Bleu => _bleu / _targets;

    /// <summary>Exact match, character error rate and BLEU.</summary>
    public IReadOnlyList<Metric> Metrics =>
        [new("exact match", ExactMatch), new("character error rate", CharacterErrorRate), new("BLEU", Bleu)];

    /// <summary>Counts one target, whose tokens are its characters.</summary>
    /// <param name="expected">The true target.</param>
    /// <param name="written">The written target.</param>
    public void Add(string expected, string written) =>
        Add(expected, written, PairTokens.Characters.Split(expected), PairTokens.Characters.Split(written));

    /// <summary>Counts one target.</summary>
    /// <param name="expected">The true target.</param>
    /// <param name="written">The written target.</param>
    /// <param name="expectedTokens">The tokens of the true target.</param>
    /// <param name="writtenTokens">The written tokens.</param>
    public void Add(string expected, string written, IReadOnlyList<string> expectedTokens, IReadOnlyList<string> writtenTokens)
    {
        Rune[] due = [.. expected.EnumerateRunes()], got = [.. written.EnumerateRunes()];
        _targets++;
        _characters += due.Length;
        _bleu += BleuOf(writtenTokens, expectedTokens);
        if (expected == written)
            _exact++;
        else
            _edits += Levenshtein(due, got);
    }

    /// <summary>
    /// BLEU as both editions of Dive into Deep Learning define it for one target (after Papineni et al. 2002): exp(min(0, 1 - len_label /
    /// len_pred)) times the product over n of p_n to the power of 1 / 2^n, where p_n is the share of written n-grams that occur in the
    /// true target, each as often as there. An empty target has 0.
    /// </summary>
    /// <param name="written">The written tokens.</param>
    /// <param name="expected">The true tokens.</param>
    /// <param name="longest">The longest n-grams, 1 or more; default 2. Those longer than the written target do not count.</param>
    public static double BleuOf(IReadOnlyList<string> written, IReadOnlyList<string> expected, int longest = 2)
    {
        ArgumentNullException.ThrowIfNull(written);
        ArgumentNullException.ThrowIfNull(expected);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(longest);
        if (written.Count == 0)
            return 0;
        double score = Math.Exp(Math.Min(0, 1 - ((double)expected.Count / written.Count)));
        for (int n = 1; n <= Math.Min(longest, written.Count); n++)
        {
            Dictionary<string, int> left = NGrams(expected, n).CountBy(gram => gram).ToDictionary();
            int matches = 0;
            foreach (string gram in NGrams(written, n))
            {
                if (left.GetValueOrDefault(gram) > 0)
                {
                    left[gram]--;
                    matches++;
                }
            }
            score *= Math.Pow((double)matches / (written.Count - n + 1), Math.Pow(0.5, n));
        }
        return score;
    }

    // The separator is in no token: those of a line have no line ends.
    private static IEnumerable<string> NGrams(IReadOnlyList<string> tokens, int n) =>
        Enumerable.Range(0, Math.Max(0, tokens.Count - n + 1)).Select(i => string.Join('\n', tokens.Skip(i).Take(n)));

    /// <summary>Characters to add, remove or change to turn one text into another (Levenshtein 1966).</summary>
    public static int Levenshtein(ReadOnlySpan<Rune> a, ReadOnlySpan<Rune> b)
    {
        // One row of the table at a time: row[j] is the distance from the current prefix of a to b's first j.
        var row = new int[b.Length + 1];
        for (int j = 0; j <= b.Length; j++)
            row[j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(change, 1 + Math.Min(row[j], row[j - 1]));
            }
        }
        return row[b.Length];
    }
}
