using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace CharLM.Tests.Workbench.PyTorch;

/// <summary>
/// Writes files like those of torch.save by hand, instruction by instruction (named as in Python's pickletools), including files that
/// torch.save never writes.
/// </summary>
internal sealed class PickledArchive
{
    private readonly List<byte> _pickle = [];
    private readonly List<(string Name, byte[] Bytes, CompressionLevel Level)> _records = [];
    private string _folder = "archive/";

    private PickledArchive()
    {
    }


    /// <summary>A file whose pickle a test writes.</summary>
    public static PickledArchive With(Action<PickledArchive> write)
    {
        var archive = new PickledArchive();
        archive.Raw(0x80, 2);
        write(archive);
        archive.Raw((byte)'.');
        return archive;
    }

    /// <summary>A GRU with 2 hidden units and all weights 0.5; later instructions may damage it.</summary>
    public static PickledArchive Gru(int tokens = 3, Action<PickledArchive>? more = null) => With(archive =>
    {
        archive.Raw((byte)'}', (byte)'(');
        int key = 0;
        foreach ((string name, long[] shape) in new (string, long[])[]
                 {
                     ("rnn.weight_ih_l0", [6, tokens]), ("rnn.weight_hh_l0", [6, 2]), ("rnn.bias_ih_l0", [6]), ("rnn.bias_hh_l0", [6]),
                         ("linear.weight", [tokens, 2]), ("linear.bias", [tokens]),
                 })
        {
            long count = shape.Aggregate(1L, (product, size) => product * size);
            archive.Record($"data/{key}", Halves((int)count));
            archive.Text(name).Tensor($"{key++}", count, 0, shape);
        }
        more?.Invoke(archive);
        archive.Raw((byte)'u');
    });

    public static byte[] Halves(int count)
    {
        var bytes = new byte[count * sizeof(float)];
        for (int i = 0; i < count; i++)
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), 0.5f);
        return bytes;
    }

    public PickledArchive Raw(params byte[] bytes)
    {
        _pickle.AddRange(bytes);
        return this;
    }

    public PickledArchive Text(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return Raw((byte)'X').UInt((uint)bytes.Length).Raw(bytes);
    }

    public PickledArchive Name(string module, string name) => Raw((byte)'c').Raw(Encoding.UTF8.GetBytes($"{module}\n{name}\n"));

    public PickledArchive Number(long value)
    {
        var bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return Raw(0x8a, sizeof(long)).Raw(bytes);
    }

    /// <summary>A contiguous tensor: a call of _rebuild_tensor_v2 with a storage.</summary>
    public PickledArchive Tensor(string key, long count, long offset, long[] shape, long[]? strides = null, string type = "FloatStorage")
    {
        Name("torch._utils", "_rebuild_tensor_v2").Raw((byte)'(');
        Raw((byte)'(').Text("storage").Name("torch", type).Text(key).Text("cpu").Number(count).Raw((byte)'t', (byte)'Q');
        Number(offset).Numbers(shape)
            .Numbers(strides ?? [.. shape.Select((_, i) => shape.Skip(i + 1).Aggregate(1L, (product, size) => unchecked(product * size)))]);
        return Raw(0x89).Name("collections", "OrderedDict").Raw((byte)')', (byte)'R', (byte)'t', (byte)'R');
    }

    public PickledArchive Record(string name, byte[] bytes, CompressionLevel level = CompressionLevel.NoCompression)
    {
        _records.Add((name, bytes, level));
        return this;
    }

    /// <summary>Puts the records in another folder.</summary>
    public PickledArchive In(string folder)
    {
        _folder = folder;
        return this;
    }

    public string Write(string path)
    {
        File.WriteAllBytes(path, Bytes());
        return path;
    }

    public byte[] Bytes()
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, byte[] content, CompressionLevel level) in _records.Prepend(
                ("data.pkl", _pickle.ToArray(), CompressionLevel.NoCompression)))
            {
                using Stream record = zip.CreateEntry(
                    name.StartsWith('/') || name.StartsWith("..", StringComparison.Ordinal) ? name : _folder + name, level).Open();
                record.Write(content);
            }
        }
        return bytes.ToArray();
    }

    private PickledArchive Numbers(long[] values)
    {
        Raw((byte)'(');
        foreach (long value in values)
            Number(value);
        return Raw((byte)'t');
    }

    private PickledArchive UInt(uint value)
    {
        var bytes = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return Raw(bytes);
    }
}
