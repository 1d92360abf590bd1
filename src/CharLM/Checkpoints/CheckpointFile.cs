using System.Runtime.InteropServices;
using CharLM.Checkpoints.Safetensors;
using CharLM.Models;

namespace CharLM.Checkpoints;

/// <summary>
/// Reads and writes checkpoints: one safetensors file with weights as little-endian float32 under PyTorch's names and everything
/// else as JSON in its metadata. Any safetensors library can read the weights; nothing in the file is ever executed, and a checksum
/// covers all of it (<see cref="ChecksummedFile"/>).
/// </summary>
/// <remarks>Thread safety: any number of threads, also on one file: a reader sees the old file or the new one.</remarks>
public static class CheckpointFile
{
    /// <summary>Writes a checkpoint; readers see the old file or the new one, never a part.</summary>
    /// <exception cref="CheckpointException">
    /// The file cannot be written, or its weights do not match its model; an old file is unchanged.
    /// </exception>
    public static void Write(string path, Checkpoint checkpoint) => Write(path, checkpoint, null);

    /// <param name="path">The file.</param>
    /// <param name="checkpoint">Its content.</param>
    /// <param name="replacing">Called when the new file is complete, before it replaces the old one.</param>
    /// <inheritdoc cref="Write(string, Checkpoint)"/>
    internal static void Write(string path, Checkpoint checkpoint, Action? replacing)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        CheckWeights(path, checkpoint.Weights, WeightShapes.Of(checkpoint.Model, checkpoint.Vocab.Count));
        ChecksummedFile.Write(
            path, CheckpointMetadata.Write(checkpoint),
                SafetensorsFile.InOrder(ResumeTensors.Beside(checkpoint.Weights, checkpoint.Resume, checkpoint.Model)), replacing);
    }

    /// <summary>Reads a checkpoint; everything is checked before the weights are allocated.</summary>
    /// <exception cref="CheckpointException">The file is missing, damaged, foreign or from a newer toolkit.</exception>
    public static Checkpoint Read(string path) => SafetensorsFile.Read(path, Read);

    /// <summary>Reads a checkpoint from an open file.</summary>
    /// <exception cref="FormatException">Says what is wrong.</exception>
    internal static Checkpoint Read(FileStream stream)
    {
        byte[] headerBytes = SafetensorsHeader.ReadBytes(stream);
        SafetensorsHeader header = SafetensorsHeader.Parse(headerBytes, stream.Length);
        Checkpoint checkpoint = CheckpointMetadata.Read(header.Metadata);
        IReadOnlyDictionary<string, long[]> expected = WeightShapes.Of(checkpoint.Model, checkpoint.Vocab.Count);
        Dictionary<string, WeightArray> weights = ReadWeights(
            stream, headerBytes, header, expected, tensor =>
                checkpoint.Resume is not null && ResumeTensors.Fits(tensor, checkpoint.Model, expected));
        ResumeState? resume = checkpoint.Resume is { } state ? ResumeTensors.Take(state, weights) : null;
        return checkpoint with { Weights = weights, Resume = resume };
    }

    /// <summary>Refuses to write weights that no reader would accept.</summary>
    /// <param name="path">The file to write.</param>
    /// <param name="weights">The weights.</param>
    /// <param name="expected">The shapes of the model's weights.</param>
    /// <exception cref="CheckpointException">Says what is wrong.</exception>
    internal static void CheckWeights(
        string path, IReadOnlyDictionary<string, WeightArray> weights, IReadOnlyDictionary<string, long[]> expected)
    {
        try
        {
            foreach ((string name, WeightArray weight) in weights)
                CheckShape(name, weight.Shape, expected);
            ThrowIfMissing(weights.Keys, expected);
        }
        catch (FormatException e)
        {
            throw new CheckpointException(path, $"cannot be written, since no reader would accept it: it {e.Message}", e);
        }
    }

    /// <summary>Checks shapes and checksum, then reads the weights.</summary>
    /// <param name="stream">The file.</param>
    /// <param name="headerBytes">Its header as read.</param>
    /// <param name="header">The parsed header.</param>
    /// <param name="expected">The shapes of the model's weights.</param>
    /// <param name="mayBeThere">Which other tensors the file may contain; null for none.</param>
    /// <exception cref="FormatException">Says what is wrong.</exception>
    internal static Dictionary<string, WeightArray> ReadWeights(
        FileStream stream, byte[] headerBytes, SafetensorsHeader header, IReadOnlyDictionary<string, long[]> expected,
            Predicate<StoredTensor>? mayBeThere = null)
    {
        CheckShapes(header, expected, mayBeThere);
        ChecksummedFile.Check(stream, headerBytes, header);
        stream.Position = header.DataBegin;
        var weights = new Dictionary<string, WeightArray>(StringComparer.Ordinal);
        foreach (StoredTensor tensor in header.Tensors)
        {
            var values = new float[(tensor.End - tensor.Begin) / sizeof(float)];
            stream.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
            weights[tensor.Name] = new WeightArray(tensor.Shape, values);
        }
        return weights;
    }

    private static void CheckShapes(
        SafetensorsHeader header, IReadOnlyDictionary<string, long[]> expected, Predicate<StoredTensor>? mayBeThere)
    {
        foreach (StoredTensor tensor in header.Tensors)
        {
            if (tensor.DType == SafetensorsFile.WeightType && mayBeThere?.Invoke(tensor) == true)
                continue;
            if (tensor.DType != SafetensorsFile.WeightType && expected.ContainsKey(tensor.Name))
                throw new FormatException($"has the weight '{tensor.Name}' as {tensor.DType}, not {SafetensorsFile.WeightType}");
            CheckShape(tensor.Name, tensor.Shape, expected);
        }
        ThrowIfMissing(header.Tensors.Select(tensor => tensor.Name), expected);
    }

    private static void CheckShape(string name, IReadOnlyList<long> shape, IReadOnlyDictionary<string, long[]> expected)
    {
        if (!expected.TryGetValue(name, out long[]? expectedShape))
            throw new FormatException($"has a weight '{name}' that its model lacks");
        if (!expectedShape.SequenceEqual(shape))
            throw new FormatException(
                $"has the weight '{name}' in shape [{string.Join(", ", shape)}] where its model has [{string.Join(", ", expectedShape)}]");
    }

    private static void ThrowIfMissing(IEnumerable<string> names, IReadOnlyDictionary<string, long[]> expected)
    {
        if (expected.Keys.Except(names).FirstOrDefault() is { } missing)
            throw new FormatException($"lacks the weight '{missing}'");
    }
}

/// <summary>A checkpoint could not be read or written; the message begins with the path.</summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
public sealed class CheckpointException : Exception
{
    /// <summary>An exception for a problem with a file.</summary>
    public CheckpointException(string path, string problem, Exception? inner = null)
        : base($"{path}: {problem}", inner) => Path = path;

    /// <summary>The file.</summary>
    public string Path { get; }
}
