using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Tokenization;

namespace CharLM.Pairs;

/// <summary>Pairs of texts: UTF-8, a line each, source and target with a tab between them.</summary>
/// <param name="Path">Where they were read from.</param>
/// <param name="Sha256">SHA-256 of the file, hexadecimal.</param>
/// <param name="Pairs">In the order of the file, one or more.</param>
public sealed record PairFile(string Path, string Sha256, IReadOnlyList<TextPair> Pairs)
{
    private const long MaxBytes = 1L << 30;

    /// <summary>What checkpoints and run directories say of it.</summary>
    public CorpusRecord Record => new(Path, Sha256);

    /// <summary>Reads a file of at most 1 GiB.</summary>
    /// <param name="path">The file.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="CorpusException">The file is missing, too large or no UTF-8.</exception>
    /// <exception cref="PairFileException">A line holds no pair; says which.</exception>
    public static async Task<PairFile> ReadAsync(string path, CancellationToken cancellationToken = default)
    {
        CorpusReader.Result read = await CorpusReader.ReadFileAsync(path, MaxBytes, cancellationToken);
        return new PairFile(path, read.Sha256, Parse(read.Text, path));
    }

    /// <summary>Reads sources alone: a line each, up to a tab if there is one.</summary>
    /// <param name="path">The file, or what to call the stream in errors.</param>
    /// <param name="stream">Where to read instead of the file; null for the file.</param>
    /// <param name="faultOf">What is wrong with a source; null when nothing is.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="CorpusException">The file is missing, too large or no UTF-8.</exception>
    /// <exception cref="PairFileException">A source has an error; names its line.</exception>
    public static async Task<IReadOnlyList<string>> ReadSourcesAsync(
        string path, Stream? stream, Func<string, string?> faultOf, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(faultOf);
        string name = stream is null ? path : "standard input";
        CorpusReader.Result read = stream is null
            ? await CorpusReader.ReadFileAsync(path, MaxBytes, cancellationToken)
            : await CorpusReader.ReadAsync(stream, name, MaxBytes, cancellationToken);
        string[] lines = LinesOf(read.Text);
        for (int i = 0; i < lines.Length; i++)
        {
            lines[i] = lines[i].Split('\t')[0];
            if (faultOf(lines[i]) is { } error)
                throw new PairFileException(name, i + 1, error);
        }
        return lines;
    }

    /// <summary>The pairs of a text.</summary>
    /// <param name="text">The lines; a carriage return before the end of one does not belong to it.</param>
    /// <param name="path">What to call the text in errors.</param>
    /// <exception cref="PairFileException">A line holds no pair; says which.</exception>
    public static IReadOnlyList<TextPair> Parse(string text, string path)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] lines = LinesOf(text);
        if (lines.Length == 0)
            throw new PairFileException(path, "is empty; a line is source<TAB>target");
        var pairs = new TextPair[lines.Length];
        for (int i = 0; i < lines.Length; i++)
        {
            string[] columns = lines[i].Split('\t');
            if (columns.Length != 2)
                throw new PairFileException(
                    path, i + 1, $"has {columns.Length} column{(columns.Length == 1 ? "" : "s")} where 2 are due: source<TAB>target");
            if (columns[0].Length == 0)
                throw new PairFileException(path, i + 1, "has an empty source (the first column)");
            if (columns[1].Length == 0)
                throw new PairFileException(path, i + 1, "has an empty target (the second column)");
            pairs[i] = new TextPair(columns[0], columns[1], i + 1);
        }
        return pairs;
    }

    /// <summary>Refuses the first pair that has an error.</summary>
    /// <param name="faultOf">What is wrong with a pair; null when nothing is.</param>
    /// <exception cref="PairFileException">Names the line.</exception>
    public void Check(Func<TextPair, string?> faultOf)
    {
        ArgumentNullException.ThrowIfNull(faultOf);
        foreach (TextPair pair in Pairs)
        {
            if (faultOf(pair) is { } error)
                throw new PairFileException(Path, pair.Line, error);
        }
    }

    // What ends a line does not belong to it, and the last one needs no end.
    private static string[] LinesOf(string text)
    {
        string[] lines = text.Split('\n');
        return Array.ConvertAll(lines[^1].Length == 0 ? lines[..^1] : lines, line => line.TrimEnd('\r'));
    }
}

/// <summary>One line of a <see cref="PairFile"/>.</summary>
/// <param name="Source">What is read.</param>
/// <param name="Target">What is due: a label, or a text.</param>
/// <param name="Line">The line of the file, from 1.</param>
public readonly record struct TextPair(string Source, string Target, int Line);

/// <summary>A file of pairs cannot be used; the message begins with the path and, where there is one, the line.</summary>
public sealed class PairFileException : Exception
{
    /// <summary>What is wrong in which line.</summary>
    public PairFileException(string path, int line, string problem)
        : base($"{path}, line {line}: {problem}") => (Path, Line) = (path, line);

    /// <summary>What is wrong with the whole file.</summary>
    public PairFileException(string path, string problem)
        : base($"{path}: {problem}") => Path = path;

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The line, from 1; null when it is no single one.</summary>
    public int? Line { get; }
}

/// <summary>Lists for error messages.</summary>
internal static class Truncated
{
    private const int Most = 10;

    /// <summary>The first tokens in quotes, and whether there are more.</summary>
    public static string Quoted(IEnumerable<TokenCount> tokens) => Some(tokens.Select(count => $"'{count.Token}'"));

    /// <summary>The first names, and whether there are more.</summary>
    public static string Some(IEnumerable<string> names)
    {
        List<string> first = [.. names.Take(Most + 1)];
        return first.Count > Most ? string.Join(", ", first.Take(Most)) + ", ..." : string.Join(", ", first);
    }
}
