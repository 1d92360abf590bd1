using System.Text;
using CharLM.Evaluation;

namespace CharLM.Pairs.Translation;

/// <summary>How near written targets are to the true ones.</summary>
/// <remarks>Thread safety: one thread at a time.</remarks>
public sealed class TranslationScore
{
    private long _targets, _exact, _edits, _characters;

    /// <summary>Targets that are exactly right, as a share.</summary>
    public double ExactMatch => (double)_exact / _targets;

    /// <summary>Characters to add, remove or change until all is right, per character of the true targets.</summary>
    public double CharacterErrorRate => (double)_edits / _characters;

    /// <summary>Both.</summary>
    public IReadOnlyList<Metric> Metrics => [new("exact match", ExactMatch), new("character error rate", CharacterErrorRate)];

    /// <summary>Counts one target.</summary>
    /// <param name="expected">The true one.</param>
    /// <param name="written">What was written.</param>
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
        // One row of the table at a time: row[j] is the distance of a's beginning to b's first j.
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
