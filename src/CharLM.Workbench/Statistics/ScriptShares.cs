using System.Collections;
using System.Globalization;

namespace CharLM.Workbench.Statistics;

/// <summary>
/// Counts a text's characters by script, as Unicode's Scripts.txt assigns them: Latin, Han, Cyrillic, ...; Common are spaces, digits and
/// punctuation, Inherited are marks that take the script of their letter, Unknown are unassigned and private characters.
/// </summary>
internal sealed class ScriptShares
{
    private const string Resource = "CharLM.Workbench.Statistics.scripts.txt";
    private static readonly string[] Letterless = ["Common", "Inherited", "Unknown"];
    private static readonly Lazy<Table> Scripts = new(Read);

    private readonly long[] _counts = new long[Scripts.Value.Names.Length];
    private readonly BitArray _seen = new(0x110000);
    private char _high;

    /// <summary>The script of a character.</summary>
    public static string Of(int codePoint) => Scripts.Value.Names[Scripts.Value.IndexOf(codePoint)];

    /// <summary>The scripts that occur, most characters first.</summary>
    public IReadOnlyList<ScriptShare> Result()
    {
        var kinds = new int[_counts.Length];
        for (int codePoint = 0; codePoint < _seen.Length; codePoint++)
        {
            if (_seen[codePoint])
                kinds[Scripts.Value.IndexOf(codePoint)]++;
        }
        string[] names = Scripts.Value.Names;
        long all = _counts.Sum(), letters = _counts.Where((_, i) => !Letterless.Contains(names[i])).Sum();
        return [.. Enumerable.Range(0, _counts.Length).Where(i => _counts[i] > 0).OrderByDescending(i => _counts[i])
            .Select(i => new ScriptShare(names[i], _counts[i], kinds[i], (double)_counts[i] / all,
                Letterless.Contains(names[i]) ? null : (double)_counts[i] / letters))];
    }

    /// <summary>Reads the next part of the text.</summary>
    public void Add(ReadOnlySpan<char> text)
    {
        Table table = Scripts.Value;
        foreach (char c in text)
        {
            if (_high != 0)
            {
                bool isPair = char.IsLowSurrogate(c);
                Count(isPair ? char.ConvertToUtf32(_high, c) : '\ufffd');
                _high = '\0';
                if (isPair)
                    continue;
            }
            if (char.IsHighSurrogate(c))
            {
                _high = c;
                continue;
            }
            int codePoint = char.IsLowSurrogate(c) ? '\ufffd' : c;
            _counts[table.Bmp[codePoint]]++;
            _seen[codePoint] = true;
        }
    }

    /// <summary>Ends the text.</summary>
    public void End()
    {
        if (_high != 0)
            Count('\ufffd');
        _high = '\0';
    }

    private void Count(int codePoint)
    {
        _counts[Scripts.Value.IndexOf(codePoint)]++;
        _seen[codePoint] = true;
    }

    private static Table Read()
    {
        using Stream stream = typeof(ScriptShares).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"the library lacks its part {Resource}");
        using var reader = new StreamReader(stream);
        var ranges = new List<(int First, int Last, string Name)>();
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('#'))
                continue;
            string[] parts = line.Split(' ', 3);
            ranges.Add((Hex(parts[0]), Hex(parts[1]), parts[2]));
        }
        return new Table(ranges);

        static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }

    private sealed class Table
    {
        private readonly int[] _begins, _ends;
        private readonly byte[] _scripts;

        public Table(IReadOnlyList<(int First, int Last, string Name)> ranges)
        {
            Names = ["Unknown", .. ranges.Select(range => range.Name).Distinct()];
            Dictionary<string, byte> index = Names.Select((name, i) => (name, (byte)i)).ToDictionary();
            (_begins, _ends) = ([.. ranges.Select(range => range.First)], [.. ranges.Select(range => range.Last)]);
            _scripts = [.. ranges.Select(range => index[range.Name])];
            for (int codePoint = 0; codePoint < Bmp.Length; codePoint++)
                Bmp[codePoint] = Find(codePoint);
        }

        public string[] Names { get; }

        public byte[] Bmp { get; } = new byte[0x10000];

        public byte IndexOf(int codePoint) => codePoint < Bmp.Length ? Bmp[codePoint] : Find(codePoint);

        private byte Find(int codePoint)
        {
            int place = Array.BinarySearch(_begins, codePoint);
            place = place < 0 ? ~place - 1 : place;
            return place >= 0 && codePoint <= _ends[place] ? _scripts[place] : (byte)0;
        }
    }
}

/// <summary>The characters of one script.</summary>
/// <param name="Script">The script, or Common, Inherited, Unknown.</param>
/// <param name="Characters">How many characters of it the text has.</param>
/// <param name="Kinds">How many different ones.</param>
/// <param name="Share">Their share of all characters, 0 to 1.</param>
/// <param name="ShareOfLetters">Their share of the characters that have a script; null for those that have none.</param>
internal sealed record ScriptShare(string Script, long Characters, int Kinds, double Share, double? ShareOfLetters);
