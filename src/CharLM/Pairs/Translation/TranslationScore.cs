using System.Text;
using CharLM.Evaluation;

namespace CharLM.Pairs.Translation;

/// <summary>How close written targets are to the true ones.</summary>
/// <remarks>Thread safety: one thread at a time.</remarks>
public sealed class TranslationScore
{
    private long _targets, _exact, _edits, _characters;

    /// <summary>The share of targets that are exactly right.</summary>
    public double ExactMatch => (double)_exact / _targets;

    /// <summary>Characters to add, remove or change to correct all targets, per character of the true ones.</summary>
    public double CharacterErrorRate => (double)_edits / _characters;

    /// <summary>Exact match and character error rate.</summary>
    public IReadOnlyList<Metric> Metrics => [new("exact match", ExactMatch), new("character error rate", CharacterErrorRate)];

    /// <summary>Counts one target.</summary>
    /// <param name="expected">The true target.</param>
    /// <param name="written">The written target.</param>
    public void Add(string expected, string written)
    {
        Rune[] due = [.. expected.EnumerateRunes()], got = [.. written.EnumerateRunes()];
        _targets++;
        _characters += due.Length;
        if (expected == written)
            _exact++;
        else
            _edits += Levenshtein(due, got);
    }

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
