using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using CharLM.Checkpoints;

namespace CharLM.Tests.Checkpoints;

/// <summary>A safetensors file as another program would write it, written independently of the toolkit.</summary>
internal sealed class ForeignFile
{
    private readonly Dictionary<string, (string Type, long[] Shape, byte[] Bytes)> _tensors = new(StringComparer.Ordinal);

    public Dictionary<string, string> Metadata { get; } = [];

    public ForeignFile With(string name, long[] shape, string type = "F32", Func<int, double>? value = null)
    {
        int count = (int)shape.Aggregate(1L, (product, size) => product * size);
        double[] values = [.. Enumerable.Range(0, count).Select(value ?? (i => 0.01 * i))];
        _tensors[name] = (type, shape, Bytes(type, values));
        return this;
    }

    public ForeignFile Without(string name)
    {
        Assert.True(_tensors.Remove(name), name);
        return this;
    }

    /// <summary>The weights of a checkpoint under other names.</summary>
    public static ForeignFile Of(Checkpoint checkpoint, Func<string, string> rename)
    {
        var file = new ForeignFile();
        foreach ((string name, WeightArray weight) in checkpoint.Weights)
            file.With(rename(name), [.. weight.Shape], value: i => weight.Values[i]);
        return file;
    }

    public string Write(string path)
    {
        var header = new Dictionary<string, object>();
        if (Metadata.Count > 0)
            header["__metadata__"] = Metadata;
        long place = 0;
        foreach ((string name, (string type, long[] shape, byte[] bytes)) in _tensors)
            header[name] = new { dtype = type, shape, data_offsets = new[] { place, place += bytes.Length } };
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(header);
        var length = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)json.Length);
        File.WriteAllBytes(path, [.. length, .. json, .. _tensors.Values.SelectMany(tensor => tensor.Bytes)]);
        return path;
    }

    private static byte[] Bytes(string type, double[] values) => type switch
    {
        "F64" => MemoryMarshal.AsBytes<double>(values).ToArray(),
        "F32" => MemoryMarshal.AsBytes<float>(Array.ConvertAll(values, value => (float)value)).ToArray(),
        "F16" => MemoryMarshal.AsBytes<Half>(Array.ConvertAll(values, value => (Half)value)).ToArray(),
        "BF16" => MemoryMarshal.AsBytes<ushort>(
            Array.ConvertAll(values, value => (ushort)(BitConverter.SingleToUInt32Bits((float)value) >> 16))).ToArray(),
        "I64" => MemoryMarshal.AsBytes<long>(Array.ConvertAll(values, value => (long)value)).ToArray(),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "not written here"),
    };
}
