using System.Buffers.Binary;
using CharLM.Checkpoints;
using CharLM.Checkpoints.Safetensors;

namespace CharLM.Workbench.PyTorch;

/// <summary>An open file of weights, whose values are read on request.</summary>
internal abstract class StateDictSource : IDisposable
{
    /// <summary>Its tensors, without values.</summary>
    public abstract IReadOnlyList<StoredTensor> Tensors { get; }

    /// <summary>Its metadata.</summary>
    public abstract IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens a file of either format, recognised by its first bytes.</summary>
    /// <param name="stream">The file, at its beginning; it stays open.</param>
    /// <param name="key">The key of the state dict in a file of torch.save; null for the only one.</param>
    /// <exception cref="FormatException">The file is invalid; the message says why.</exception>
    public static StateDictSource Open(FileStream stream, string? key)
    {
        Span<byte> start = stackalloc byte[SafetensorsHeader.LengthBytes];
        start = start[..stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        stream.Position = 0;
        return start switch
        {
            [(byte)'P', (byte)'K', 3, 4, ..] => PyTorchFile.Open(stream, key),
            // Read as the length of a safetensors header, these bytes would exceed the limit.
            [0x80, 2, 0x8a, 0x0a, ..] =>
                throw new FormatException("was written by torch.save in the format before PyTorch 1.6: load and save it again in PyTorch"),
            [0x80, >= 2 and <= 5, _, _, _, _, _, _] when BinaryPrimitives.ReadUInt64LittleEndian(
                start) > SafetensorsHeader.MaxHeaderBytes => throw new FormatException(
                "looks like a bare pickle, which is not supported: save the state dict with torch.save(model.state_dict(), ...)"),
            _ => new SafetensorsSource(stream),
        };
    }

    /// <summary>Reads a tensor as float32.</summary>
    /// <param name="tensor">One of <see cref="Tensors"/>, of one of <see cref="FloatTensor.Types"/>.</param>
    /// <exception cref="FormatException">A value is not finite, or too large for float32.</exception>
    public abstract WeightArray Read(StoredTensor tensor);

    /// <inheritdoc/>
    public abstract void Dispose();

    private sealed class SafetensorsSource(FileStream stream) : StateDictSource
    {
        private readonly SafetensorsHeader _header = SafetensorsHeader.Read(stream);

        public override IReadOnlyList<StoredTensor> Tensors => _header.Tensors;

        public override IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

        public override WeightArray Read(StoredTensor tensor)
        {
            stream.Position = _header.DataBegin + tensor.Begin;
            float[] values = FloatTensor.Read(
                stream, tensor.DType, (tensor.End - tensor.Begin) / SafetensorsHeader.ElementBytes[tensor.DType]);
            return FloatTensor.Finite(tensor, values);
        }

        // The caller owns the file.
        public override void Dispose()
        {
        }
    }
}
