using System.IO.Compression;
using System.Text;
using CharLM.Models.NGram;
using CharLM.Tokenization;

namespace CharLM.Evaluation;

/// <summary>The baselines that a recurrent network has to beat: n-grams and compressors, given the same training text.</summary>
/// <remarks>Thread safety: any number of threads.</remarks>
internal static class Baselines
{
    // A compressor sees no further back than its window: more training text would only cost time.
    private const int MostTrainBytes = 8 << 20;
    /// <summary>Default order: tokens of the longest n-grams.</summary>
    public const int DefaultOrder = 7;

    private const int BrotliQuality = 11, BrotliWindow = 24;

    /// <summary>Trains an n-gram model on the training text and measures it on another text.</summary>
    /// <param name="train">Token ids of the training text.</param>
    /// <param name="text">The text to measure.</param>
    /// <param name="vocabSize">Size of the vocab that both texts share.</param>
    /// <param name="order">Tokens of the longest n-grams, 1 to 10; default 7.</param>
    /// <param name="config">Settings of the bootstrap; default the defaults. The text is always read in 1 row.</param>
    /// <param name="cancellationToken">Checked periodically.</param>
    /// <exception cref="InvalidConfigException">The order is out of range, or there is no text.</exception>
    public static EvaluationResult NGram(
        TokenSource train, EvaluationText text, int vocabSize, int order = DefaultOrder, EvaluationConfig? config = null,
            CancellationToken cancellationToken = default)
    {
        using NGramModel model = NGramModel.Train(train, order, vocabSize);
        return Evaluator.Evaluate(model, text, Describe(order), (config ?? new EvaluationConfig()) with { Rows = 1 }, cancellationToken);
    }

    /// <summary>
    /// Measures the two models that know nothing of context: every token as probable as any other, whose perplexity is the size of the
    /// vocab, and each as frequent as in the training text, with Laplace smoothing.
    /// </summary>
    /// <inheritdoc cref="NGram"/>
    public static IReadOnlyList<EvaluationResult> WithoutContext(
        TokenSource train, EvaluationText text, int vocabSize, EvaluationConfig? config = null,
            CancellationToken cancellationToken = default)
    {
        var results = new List<EvaluationResult>();
        config = (config ?? new EvaluationConfig()) with { Rows = 1 };
        using (NGramModel uniform = NGramModel.Uniform(vocabSize))
            results.Add(Evaluator.Evaluate(uniform, text, "uniform", config, cancellationToken));
        if (train.Length > 0)
        {
            using NGramModel unigram = NGramModel.Train(train, 1, vocabSize, laplace: 1);
            results.Add(Evaluator.Evaluate(unigram, text, "unigram", config, cancellationToken));
        }
        return results;
    }

    /// <summary>The name of an n-gram model in reports.</summary>
    public static string Describe(int order, double? laplace = null) =>
        $"n-gram of order {order} ({(laplace is { } weight ? $"Laplace, epsilon {weight}" : "modified Kneser-Ney")})";

    /// <summary>The bytes that gzip and Brotli need for a text beyond those for the training text alone.</summary>
    /// <param name="train">Token ids of the training text; may be empty.</param>
    /// <param name="text">Token ids of the text, 1 or more; in both texts, unknown tokens are spelled <see cref="Vocab.Unknown"/>.</param>
    /// <param name="vocab">Id to token.</param>
    /// <param name="tokens">The kind of tokens, which decides what separates two of them.</param>
    /// <param name="cancellationToken">Checked between compressions.</param>
    public static IReadOnlyList<CompressorBaseline> Compressors(
        TokenSource train, TokenSource text, Vocab vocab, TokenKind tokens, CancellationToken cancellationToken = default) =>
        Compressors(train, text, vocab, tokens, MostTrainBytes, cancellationToken);

    /// <inheritdoc cref="Compressors(TokenSource, TokenSource, Vocab, TokenKind, CancellationToken)"/>
    internal static IReadOnlyList<CompressorBaseline> Compressors(
        TokenSource train, TokenSource text, Vocab vocab, TokenKind tokens, int mostTrainBytes,
        CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfZero(text.Length);
        // A token has at least one byte.
        string before = Spell(train.Slice(Math.Max(0, train.Length - mostTrainBytes)), vocab, tokens), after = Spell(text, vocab, tokens);
        var tokenizer = Tokenizer.Create(tokens);
        byte[] known = tokenizer.BytesOf(before);
        known = known[Math.Max(0, known.Length - mostTrainBytes)..];
        byte[] added = tokenizer.BytesOf(after), both = [.. known, .. added];
        long characters = tokenizer.CharactersOf(after);
        var baselines = new List<CompressorBaseline>();
        foreach ((string name, Func<byte[], long> compress) in new (
            string, Func<byte[], long>)[] { ("gzip -9", GZip), ($"brotli -{BrotliQuality}", Brotli) })
        {
            cancellationToken.ThrowIfCancellationRequested();
            long alone = known.Length == 0 ? 0 : compress(known);
            cancellationToken.ThrowIfCancellationRequested();
            baselines.Add(new CompressorBaseline(name, compress(both) - alone, characters, added.Length));
        }
        return baselines;
    }

    private static string Spell(TokenSource ids, Vocab vocab, TokenKind tokens)
    {
        string separator = Tokenizer.Create(tokens).TokenSeparator;
        var text = new StringBuilder();
        foreach (ReadOnlyMemory<int> block in ids.Blocks())
        {
            foreach (int id in block.Span)
                text.Append(vocab[id] is var token && token == Vocab.End ? "\n" : token).Append(separator);
        }
        return text.ToString();
    }

    private static long GZip(byte[] bytes)
    {
        using var compressed = new MemoryStream();
        using (var stream = new GZipStream(compressed, CompressionLevel.SmallestSize, leaveOpen: true))
            stream.Write(bytes);
        return compressed.Length;
    }

    private static long Brotli(byte[] bytes)
    {
        var compressed = new byte[BrotliEncoder.GetMaxCompressedLength(bytes.Length)];
        return BrotliEncoder.TryCompress(bytes, compressed, out int written, BrotliQuality, BrotliWindow)
            ? written
            : throw new InvalidOperationException("Brotli needs more room than it announced");
    }
}

/// <summary>The size of a text after a general-purpose compressor that has first read the training text.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="Name">The compressor with its setting.</param>
/// <param name="CompressedBytes">Bytes that the text adds to the compressed training text.</param>
/// <param name="Characters">Characters of the text.</param>
/// <param name="Bytes">UTF-8 bytes of the text.</param>
public sealed record CompressorBaseline(string Name, long CompressedBytes, long Characters, long Bytes)
{
    /// <summary>Bits per character.</summary>
    public double BitsPerCharacter => 8.0 * CompressedBytes / Characters;

    /// <summary>Bits per UTF-8 byte.</summary>
    public double BitsPerByte => 8.0 * CompressedBytes / Bytes;
}
