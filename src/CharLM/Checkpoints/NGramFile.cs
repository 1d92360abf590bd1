using System.Globalization;
using System.Runtime.InteropServices;
using CharLM.Checkpoints.Safetensors;
using CharLM.Models;
using CharLM.Models.NGram;
using CharLM.Tokenization;
using static TorchSharp.torch;

namespace CharLM.Checkpoints;

/// <summary>
/// Reads and writes n-gram models: one safetensors file like <see cref="CheckpointFile"/>'s, with <c>kind</c> "ngram" in its metadata
/// and the last tokens, counts and continuations of the n-grams of each length as little-endian int32.
/// </summary>
/// <remarks>Thread safety: any number of threads, also on one file: a reader sees the old file or the new one.</remarks>
public static class NGramFile
{
    private const string KindKey = "kind", Kind = "ngram";
    private const string OrderKey = "order", LaplaceKey = "laplace";
    private const string TokensName = "tokens", CountsName = "counts", FirstChildName = "first_child";

    /// <summary>Writes a model; readers see the old file or the new one, never a part.</summary>
    /// <exception cref="CheckpointException">The file cannot be written; an old one is unchanged.</exception>
    public static void Write(string path, NGramCheckpoint checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        var metadata = new Dictionary<string, string>(CheckpointMetadata.WriteText(checkpoint), StringComparer.Ordinal)
        {
            [KindKey] = Kind,
            [OrderKey] = checkpoint.Model.Order.ToString(),
        };
        if (checkpoint.Model.Laplace is { } weight)
            metadata[LaplaceKey] = weight.ToString("R", CultureInfo.InvariantCulture);
        var tensors = new List<OutgoingTensor>();
        for (int length = 1; length <= checkpoint.Model.Order; length++)
        {
            NGramLevel level = checkpoint.Model.Levels[length];
            tensors.Add(Tensor(length, TokensName, level.Tokens));
            tensors.Add(Tensor(length, CountsName, level.Counts));
            if (length < checkpoint.Model.Order)
                tensors.Add(Tensor(length, FirstChildName, level.FirstChild));
        }
        ChecksummedFile.Write(path, metadata, tensors);
    }

    /// <summary>Reads a model; everything is checked before it is used.</summary>
    /// <exception cref="CheckpointException">The file is missing, damaged, foreign or from a newer toolkit.</exception>
    public static NGramCheckpoint Read(string path) => SafetensorsFile.Read(path, Read);

    /// <summary>Whether metadata belongs to an n-gram model.</summary>
    internal static bool IsNGram(IReadOnlyDictionary<string, string> metadata) =>
        CheckpointMetadata.IsCheckpoint(metadata) && metadata.GetValueOrDefault(KindKey) == Kind;

    /// <summary>Reads a model from an open file.</summary>
    /// <exception cref="FormatException">Says what is wrong.</exception>
    internal static NGramCheckpoint Read(FileStream stream)
    {
        byte[] headerBytes = SafetensorsHeader.ReadBytes(stream);
        SafetensorsHeader header = SafetensorsHeader.Parse(headerBytes, stream.Length);
        CheckpointMetadata.CheckFormat(header.Metadata);
        if (!IsNGram(header.Metadata))
            throw new FormatException("is a recurrent network, not counted n-grams");
        if (!int.TryParse(header.Metadata.GetValueOrDefault(OrderKey), out int order) || NGramModel.Errors(order).Any())
            throw new FormatException($"has no order of 1 to {NGramModel.MaxOrder}");
        double? laplace = null;
        if (header.Metadata.TryGetValue(LaplaceKey, out string? written))
        {
            laplace = double.TryParse(written, NumberStyles.Float, CultureInfo.InvariantCulture, out double weight)
                && !NGramModel.Errors(order, weight).Any() ? weight
                : throw new FormatException("has no weight of Laplace smoothing above 0");
        }
        (TextConfig text, Vocab vocab, CorpusRecord corpus, TrainingProgress figures) = CheckpointMetadata.ReadText(header.Metadata);
        ChecksummedFile.Check(stream, headerBytes, header);

        var tensors = header.Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        var levels = new NGramLevel[order + 1];
        for (int length = 1; length <= order; length++)
        {
            levels[length] = new NGramLevel(
                Values(Name(length, TokensName)), Values(Name(length, CountsName)),
                    length < order ? Values(Name(length, FirstChildName)) : []);
        }
        levels[0] = new NGramLevel([0], [0], [0, levels[1].Count]);
        NGramCheck.Levels(levels, vocab.Count);
        return new NGramCheckpoint
        {
            Model = new NGramModel(levels, vocab.Count, laplace),
            Text = text,
            Vocab = vocab,
            Corpus = corpus,
            TrainedText = CheckpointMetadata.ReadSketch(header.Metadata),
            Progress = figures,
        };

        int[] Values(string name)
        {
            if (!tensors.TryGetValue(name, out StoredTensor? tensor) || tensor.DType != SafetensorsFile.CountType
                || tensor.Shape.Count != 1)
                throw new FormatException($"lacks the list '{name}' of {SafetensorsFile.CountType}");
            var values = new int[tensor.Shape[0]];
            stream.Position = header.DataBegin + tensor.Begin;
            stream.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
            return values;
        }
    }

    private static OutgoingTensor Tensor(int length, string name, int[] values) => new(Name(length, name), [values.Length], values);

    private static string Name(int length, string name) => $"ngram.{length}.{name}";
}

/// <summary>An n-gram model with everything needed to use it.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed record NGramCheckpoint : ISavedModel
{
    /// <summary>The n-gram model.</summary>
    public required NGramModel Model { get; init; }

    /// <inheritdoc/>
    public required TextConfig Text { get; init; }

    /// <inheritdoc/>
    public required Vocab Vocab { get; init; }

    /// <inheritdoc/>
    public required CorpusRecord Corpus { get; init; }

    /// <inheritdoc/>
    public TextSketch? TrainedText { get; init; }

    /// <inheritdoc/>
    public required TrainingProgress Progress { get; init; }

    /// <summary>The model; it needs neither a device nor torch.</summary>
    public ILanguageModel Open(Device? device = null, int threads = 0) => Model;
}

/// <summary>Checks that lists read from a file form valid n-grams, so that no look-up runs out of bounds.</summary>
internal static class NGramCheck
{
    /// <summary>Checks all levels.</summary>
    /// <param name="levels">Level k holds the n-grams of k tokens.</param>
    /// <param name="vocabSize">Tokens of the vocab.</param>
    /// <exception cref="FormatException">Says what is wrong.</exception>
    public static void Levels(NGramLevel[] levels, int vocabSize)
    {
        for (int length = 1; length < levels.Length; length++)
        {
            NGramLevel level = levels[length], shorter = levels[length - 1];
            if (level.Counts.Length != level.Count)
                throw new FormatException($"has {level.Count} n-grams of {length} tokens with {level.Counts.Length} counts");
            if (level.Tokens.AsSpan().ContainsAnyExceptInRange(0, vocabSize - 1))
                throw new FormatException($"has n-grams of {length} tokens with a token that its vocab lacks");
            if (level.Counts.AsSpan().ContainsAnyExceptInRange(0, int.MaxValue) || level.Counts.Sum(count => (long)count) > int.MaxValue)
                throw new FormatException($"has n-grams of {length} tokens with impossible counts");
            CheckChildren(shorter, level, length);
        }
    }

    private static void CheckChildren(NGramLevel level, NGramLevel children, int length)
    {
        if (level.FirstChild.Length != level.Count + 1 || level.FirstChild[0] != 0 || level.FirstChild[^1] != children.Count)
            throw new FormatException($"does not say which n-grams of {length - 1} tokens its n-grams of {length} continue");
        for (int node = 0; node < level.Count; node++)
        {
            (int begin, int end) = (level.FirstChild[node], level.FirstChild[node + 1]);
            if (begin < 0 || begin > end || end > children.Count)
                throw new FormatException($"has continuations of n-grams of {length - 1} tokens out of order");
            for (int child = begin + 1; child < end; child++)
            {
                if (children.Tokens[child] <= children.Tokens[child - 1])
                    throw new FormatException($"has n-grams of {length} tokens out of order");
            }
        }
    }
}
