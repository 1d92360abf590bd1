using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Tokenization;

namespace CharLM.Pairs;

/// <summary>A file of text pairs: UTF-8, one pair per line, source and target separated by a tab.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="Path">The path of the file.</param>
/// <param name="Sha256">SHA-256 of the file, hexadecimal.</param>
/// <param name="Pairs">The pairs, in the order of the file, one or more.</param>
public sealed record PairFile(string Path, string Sha256, IReadOnlyList<TextPair> Pairs)
{
    private const long MaxBytes = 1L << 30;

    /// <summary>The record of the file in checkpoints and run directories.</summary>
    public CorpusRecord Record => new(Path, Sha256);

    /// <summary>Reads a file of at most 1 GiB.</summary>
    /// <param name="path">The file.</param>
    /// <param name="cancellationToken">Cancels reading.</param>
    /// <exception cref="CorpusException">The file is missing, too large or not UTF-8.</exception>
    /// <exception cref="PairFileException">A line is not a pair; the message names it.</exception>
    public static async Task<PairFile> ReadAsync(string path, CancellationToken cancellationToken = default)
    {
        CorpusReader.Result read = await CorpusReader.ReadFileAsync(path, MaxBytes, cancellationToken);
        return new PairFile(path, read.Sha256, Parse(read.Text, path));
    }

    /// <summary>Reads only sources: one per line, up to a tab if there is one.</summary>
    /// <param name="path">The file.</param>
    /// <param name="stream">Standard input, to read instead of the file; null for the file.</param>
    /// <param name="faultOf">The error of a source; null when there is none.</param>
    /// <param name="cancellationToken">Cancels reading.</param>
    /// <exception cref="CorpusException">The file is missing, too large or not UTF-8.</exception>
    /// <exception cref="PairFileException">A source has an error; the message names its line.</exception>
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

    /// <summary>Parses the pairs of a text.</summary>
    /// <param name="text">The lines, ending with LF or CRLF.</param>
    /// <param name="path">The name of the text in errors.</param>
    /// <exception cref="PairFileException">A line is not a pair; the message names it.</exception>
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
                    path, i + 1, $"has {columns.Length} column{(columns.Length == 1 ? "" : "s")}, expected 2: source<TAB>target");
            if (columns[0].Length == 0)
                throw new PairFileException(path, i + 1, "has an empty source (the first column)");
            if (columns[1].Length == 0)
                throw new PairFileException(path, i + 1, "has an empty target (the second column)");
            pairs[i] = new TextPair(columns[0], columns[1], i + 1);
        }
        return pairs;
    }

    /// <summary>Throws for the first pair with an error.</summary>
    /// <param name="faultOf">The error of a pair; null when there is none.</param>
    /// <exception cref="PairFileException">A pair has an error; the message names its line.</exception>
    public void Check(Func<TextPair, string?> faultOf)
    {
        ArgumentNullException.ThrowIfNull(faultOf);
        foreach (TextPair pair in Pairs)
        {
            if (faultOf(pair) is { } error)
                throw new PairFileException(Path, pair.Line, error);
        }
    }

    // The lines without their ends; the last line may lack one.
    private static string[] LinesOf(string text)
    {
        string[] lines = text.Split('\n');
        return Array.ConvertAll(lines[^1].Length == 0 ? lines[..^1] : lines, line => line.TrimEnd('\r'));
    }
}

/// <summary>One line of a <see cref="PairFile"/>.</summary>
/// <remarks>Thread safety: a value; any number of threads.</remarks>
/// <param name="Source">The text to read.</param>
/// <param name="Target">The expected result: a label or a text.</param>
/// <param name="Line">The line of the file, from 1.</param>
public readonly record struct TextPair(string Source, string Target, int Line);

/// <summary>A file of pairs cannot be used; the message begins with the path and, if known, the line.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed class PairFileException : Exception
{
    /// <summary>An exception for a problem in a line.</summary>
    public PairFileException(string path, int line, string problem)
        : base($"{path}, line {line}: {problem}") => (Path, Line) = (path, line);

    /// <summary>An exception for a problem with the whole file.</summary>
    public PairFileException(string path, string problem)
        : base($"{path}: {problem}") => Path = path;

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The line, from 1; null when the whole file is at fault.</summary>
    public int? Line { get; }
}

/// <summary>Shortens lists for error messages.</summary>
internal static class Truncated
{
    private const int Most = 10;

    /// <summary>The first ten tokens in quotes, then "..." if there are more.</summary>
    public static string Quoted(IEnumerable<TokenCount> tokens) => Some(tokens.Select(count => $"'{count.Token}'"));

    /// <summary>The first ten names, then "..." if there are more.</summary>
    public static string Some(IEnumerable<string> names)
    {
        List<string> first = [.. names.Take(Most + 1)];
        return first.Count > Most ? string.Join(", ", first.Take(Most)) + ", ..." : string.Join(", ", first);
    }
}
