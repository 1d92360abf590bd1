using System.IO.Compression;
using System.Text.Json;
using CharLM.Checkpoints;
using CharLM.Checkpoints.Safetensors;

namespace CharLM.Workbench.PyTorch;

/// <summary>
/// A state dict in a file of torch.save: a zip archive with a pickle that locates the tensors, and the tensors' memory. Every size is
/// checked against the file before anything is allocated; names in the archive are only compared.
/// </summary>
/// <remarks>
/// Tensors may share one storage (an RNN from the GPU keeps all its weights in one) and have any strides (transposed ones).
/// TorchSharp.PyBridge supports neither, and trusts the sizes in the file.
/// </remarks>
internal sealed class PyTorchFile : StateDictSource
{
    /// <summary>The additional record in charlm's files, with the content of safetensors' metadata: vocab and configuration.</summary>
    public const string MetadataRecord = "charlm.json";

    private const int MaxPickleBytes = 4 << 20, MaxMetadataBytes = 100_000_000;

    // torch.save does not compress, and trained weights are hardly compressible: a much larger claimed size is a zip bomb.
    private const long GreatestGrowth = 16, FreeBytes = 2 << 20;

    // Usual keys of the state dict in files that hold more.
    private static readonly string[] UsualKeys = ["state_dict", "model_state_dict", "model"];

    private readonly ZipArchive _archive;
    private readonly Dictionary<string, ZipArchiveEntry> _records;
    private readonly long _fileBytes;
    private readonly string _folder;
    private readonly Dictionary<string, PickledTensor> _places = new(StringComparer.Ordinal);

    private PyTorchFile(ZipArchive archive, long fileBytes, string? key)
    {
        (_archive, _fileBytes) = (archive, fileBytes);
        _records = RecordsOf(archive);
        string[] pickles = [.. _records.Keys.Where(name => name.EndsWith("/data.pkl", StringComparison.Ordinal))];
        if (pickles is not [var pickle])
            throw new FormatException(
                $"{(pickles.Length == 0 ? "is a zip archive without a" : "has more than one")} data.pkl: not a file of torch.save");
        _folder = pickle[..^"data.pkl".Length];
        if (_records.ContainsKey(_folder + "constants.pkl"))
            throw new FormatException("is a program of TorchScript, not a state dict: save that with torch.save(model.state_dict(), ...)");
        if (_records.TryGetValue(_folder + "byteorder", out ZipArchiveEntry? order) && !ReadAll(order, 16).AsSpan().StartsWith("little"u8))
            throw new FormatException("is not little-endian, the only supported byte order");
        PickledDict state = StateDictOf(PickleReader.Read(ReadAll(_records[pickle], MaxPickleBytes)), key);
        Metadata = _records.TryGetValue(_folder + MetadataRecord, out ZipArchiveEntry? metadata)
            ? MetadataOf(ReadAll(metadata, MaxMetadataBytes))
            : new Dictionary<string, string>();
        Tensors = [.. state.Entries.Select(entry => Checked(entry.Key, (PickledTensor)entry.Value!))];
        if (Tensors.Aggregate((Int128)0, (sum, tensor) => sum + tensor.End) > Bound)
            throw Bomb("tensors");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<StoredTensor> Tensors { get; }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Metadata { get; }

    private long Bound => (GreatestGrowth * _fileBytes) + FreeBytes;

    /// <summary>The element type of a storage class in safetensors' spelling; null for other names.</summary>
    public static string? TypeOf(string storage) => storage switch
    {
        "DoubleStorage" => "F64",
        "FloatStorage" => "F32",
        "HalfStorage" => "F16",
        "BFloat16Storage" => "BF16",
        "LongStorage" => "I64",
        "IntStorage" => "I32",
        "ShortStorage" => "I16",
        "CharStorage" => "I8",
        "ByteStorage" => "U8",
        "BoolStorage" => "BOOL",
        _ => null,
    };

    /// <summary>Opens a file.</summary>
    /// <param name="stream">The file; it stays open.</param>
    /// <param name="key">The key of the state dict; null for the only one.</param>
    /// <exception cref="FormatException">The file is invalid; the message says why.</exception>
    public static new PyTorchFile Open(FileStream stream, string? key) => Zip(() =>
    {
        var archive = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true);
        try
        {
            return new PyTorchFile(archive, stream.Length, key);
        }
        catch
        {
            archive.Dispose();
            throw;
        }
    });

    /// <inheritdoc/>
    public override WeightArray Read(StoredTensor tensor)
    {
        PickledTensor place = _places[tensor.Name];
        ZipArchiveEntry record = RecordOf(place.Storage);
        long count = CountOf(place.Shape)!.Value;
        float[] values = Zip(() =>
        {
            using Stream stream = record.Open();
            if (!place.IsContiguous)
                return Gather(FloatTensor.Read(stream, tensor.DType, place.Storage.Count), place, count);
            Skip(stream, place.Offset * SafetensorsHeader.ElementBytes[tensor.DType]);
            return FloatTensor.Read(stream, tensor.DType, count);
        });
        return FloatTensor.Finite(tensor, values);
    }

    /// <inheritdoc/>
    public override void Dispose() => _archive.Dispose();

    // ZipArchive has no exception of its own for damaged archives.
    private static T Zip<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e)
            when (e is InvalidDataException or NotSupportedException or ArgumentException or OverflowException or EndOfStreamException)
        {
            throw new FormatException("is a damaged zip archive, or cut off: not a file of torch.save", e);
        }
    }

    private static Dictionary<string, ZipArchiveEntry> RecordsOf(ZipArchive archive)
    {
        var records = new Dictionary<string, ZipArchiveEntry>(StringComparer.Ordinal);
        foreach (ZipArchiveEntry entry in archive.Entries)
        {
            if (!records.TryAdd(entry.FullName, entry))
                throw new FormatException($"has the record '{entry.FullName}' twice: not a file of torch.save");
        }
        return records;
    }

    private static PickledDict StateDictOf(object? value, string? key)
    {
        if (value is not PickledDict whole)
            throw new FormatException("holds no dictionary: not a state dict. Save one with torch.save(model.state_dict(), ...)");
        if (key is not null)
        {
            return whole.Entries.TryGetValue(key, out object? named) && named is PickledDict chosen && IsStateDict(chosen)
                ? chosen
                : throw new FormatException($"has no state dict under the key '{key}'{Names(Inner(whole))}");
        }
        if (IsStateDict(whole))
            return whole;
        string[] inner = [.. Inner(whole)];
        string? only = inner.Length == 1 ? inner[0] : UsualKeys.FirstOrDefault(inner.Contains);
        if (only is not null)
            return (PickledDict)whole.Entries[only]!;
        string reason = whole.Entries.FirstOrDefault(entry => entry.Value is not PickledTensor).Key is { } other
            ? $"'{other}' is not a tensor"
            : "it holds no named tensors";
        throw new FormatException($"is not a state dict, since {reason}{Names(inner)}");

        static IEnumerable<string> Inner(PickledDict of) =>
            of.Entries.Where(entry => entry.Value is PickledDict dictionary && IsStateDict(dictionary)).Select(entry => entry.Key);

        static string Names(IEnumerable<string> keys) =>
            keys.ToList() is { Count: > 0 } some ? $"; name the key of one: {string.Join(", ", some)}" : "";
    }

    private static bool IsStateDict(PickledDict dictionary) =>
        !dictionary.HasOthers && dictionary.Entries.Count > 0 && dictionary.Entries.Values.All(value => value is PickledTensor);

    private static Dictionary<string, string> MetadataOf(byte[] json)
    {
        try
        {
            return JsonSerializer.Deserialize<Dictionary<string, string?>>(json) is { } read && read.Values.All(value => value is not null)
                ? new Dictionary<string, string>(read!, StringComparer.Ordinal)
                : throw new FormatException($"has a damaged {MetadataRecord}");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new FormatException($"has a damaged {MetadataRecord}", e);
        }
    }

    private static float[] Gather(float[] storage, PickledTensor place, long count)
    {
        var values = new float[count];
        var index = new long[place.Shape.Length];
        long at = place.Offset;
        for (long i = 0; i < count; i++)
        {
            values[i] = storage[at];
            // Advance the index, last dimension first.
            for (int d = index.Length - 1; d >= 0; d--)
            {
                at += place.Strides[d];
                if (++index[d] < place.Shape[d])
                    break;
                at -= place.Strides[d] * place.Shape[d];
                index[d] = 0;
            }
        }
        return values;
    }

    private static void Skip(Stream stream, long bytes)
    {
        if (stream.CanSeek)
        {
            stream.Position = bytes;
            return;
        }
        var block = new byte[64 << 10];
        for (; bytes > 0; bytes -= Math.Min(bytes, block.Length))
            stream.ReadExactly(block, 0, (int)Math.Min(bytes, block.Length));
    }

    private static long? CountOf(long[] shape)
    {
        Int128 count = 1;
        foreach (long size in shape)
        {
            count *= size;
            if (count > long.MaxValue)
                return null;
        }
        return (long)count;
    }

    private StoredTensor Checked(string name, PickledTensor tensor)
    {
        string type = TypeOf(tensor.Storage.Type)
            ?? throw new FormatException($"has the tensor '{name}' of an unsupported type, {tensor.Storage.Type}");
        int bytes = SafetensorsHeader.ElementBytes[type];
        ZipArchiveEntry record = RecordOf(tensor.Storage);
        if (record.Length != (Int128)tensor.Storage.Count * bytes)
        {
            throw new FormatException(
                $"has the tensor '{name}' in a record of {record.Length} bytes, not of {tensor.Storage.Count} values of {type}");
        }
        if (record.Length > Bound)
            throw Bomb($"the tensor '{name}'");
        if (tensor.Shape.Length != tensor.Strides.Length || CountOf(tensor.Shape) is not { } count
            || count > tensor.Storage.Count || !LiesInside(tensor, count))
        {
            throw new FormatException(
                $"has the tensor '{name}' in shape [{string.Join(", ", tensor.Shape)}], which exceeds its {tensor.Storage.Count} "
                    + "values");
        }
        _places[name] = tensor;
        return new StoredTensor(name, type, tensor.Shape, 0, count * bytes);
    }

    private static bool LiesInside(PickledTensor tensor, long count)
    {
        Int128 last = tensor.Offset;
        for (int i = 0; i < tensor.Shape.Length; i++)
            last += (Int128)(tensor.Shape[i] - 1) * tensor.Strides[i];
        return tensor.Offset >= 0 && (count == 0 || last < tensor.Storage.Count);
    }

    private ZipArchiveEntry RecordOf(PickledStorage storage) =>
        _records.GetValueOrDefault($"{_folder}data/{storage.Key}")
        ?? throw new FormatException($"lacks the record 'data/{storage.Key}' of a tensor: damaged, or not a file of torch.save");

    private byte[] ReadAll(ZipArchiveEntry record, int most)
    {
        if (record.Length > most || record.Length > Bound)
            throw new FormatException($"has a record '{record.FullName}' of {record.Length} bytes, more than {Math.Min(most, Bound)}");
        var bytes = new byte[record.Length];
        using Stream stream = record.Open();
        stream.ReadExactly(bytes);
        return bytes;
    }

    private FormatException Bomb(string what) =>
        new($"claims more than {Bound} bytes for {what} in a file of {_fileBytes} bytes: damaged, or made to fill memory");
}
