using System.Buffers.Binary;
using System.Text;

namespace CharLM.Workbench.PyTorch;

/// <summary>
/// Reads the pickles that torch.save writes for dictionaries of tensors. A pickle is a program for a stack machine that may call any Python
/// function; this machine has only the instructions that data needs, recognises a few names, and can call nothing. Any other name or
/// instruction is an error.
/// </summary>
internal sealed class PickleReader
{
    private const int HighestProtocol = 5, LongestName = 100, MaxDimensions = 8, BytesOfLong = sizeof(long);

    // Markers on the stack: the beginning of a sequence, and a value that no state dict needs (list, bytes, device).
    private static readonly object Mark = new(), Other = new();

    private const string NotNeeded =
        ", which a state dict does not need; nothing was run. Save the state dict alone: torch.save(model.state_dict(), ...)";

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly byte[] _pickle;
    private readonly List<object?> _stack = [];
    private readonly Dictionary<long, object?> _memo = [];
    private int _at;

    private PickleReader(byte[] pickle) => _pickle = pickle;

    /// <summary>Reads a pickle.</summary>
    /// <returns>
    /// A string, a long, a double, a bool, null, an array (a tuple), or one of the records in PickledValues.cs; an opaque object for
    /// everything else.
    /// </returns>
    /// <exception cref="FormatException">The pickle is invalid or unsupported; the message says why.</exception>
    public static object? Read(byte[] pickle) => new PickleReader(pickle).Run();

    private object? Run()
    {
        while (true)
        {
            byte code = Byte();
            if (code == '.')
                return Pop();
            Step(code);
        }
    }

    // The instructions of protocols 2 to 5, with their codes from pickletools.py.
    private void Step(byte code)
    {
        switch (code)
        {
            case 0x80:
                if (Byte() is > HighestProtocol and var protocol)
                    throw new FormatException($"has a pickle of protocol {protocol}, newer than {HighestProtocol}");
                break;
            case 0x95: // FRAME
                Take(BytesOfLong);
                break;
            case (byte)'(':
                _stack.Add(Mark);
                break;
            case (byte)'N':
                _stack.Add(null);
                break;
            case 0x88:
                _stack.Add(true);
                break;
            case 0x89:
                _stack.Add(false);
                break;
            case (byte)'K':
                _stack.Add((long)Byte());
                break;
            case (byte)'M':
                _stack.Add((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(sizeof(ushort))));
                break;
            case (byte)'J':
                _stack.Add((long)BinaryPrimitives.ReadInt32LittleEndian(Take(sizeof(int))));
                break;
            case 0x8a:
                _stack.Add(Long(Take(Byte())));
                break;
            case (byte)'G':
                _stack.Add(BinaryPrimitives.ReadDoubleBigEndian(Take(sizeof(double))));
                break;
            case (byte)'X':
                _stack.Add(Text(Take(Length())));
                break;
            case 0x8c:
                _stack.Add(Text(Take(Byte())));
                break;
            case (byte)'B':
                Take(Length());
                _stack.Add(Other);
                break;
            case (byte)'C':
                Take(Byte());
                _stack.Add(Other);
                break;
            case (byte)'q':
                _memo[Byte()] = Top();
                break;
            case (byte)'r':
                _memo[Length()] = Top();
                break;
            case 0x94: // MEMOIZE
                _memo[_memo.Count] = Top();
                break;
            case (byte)'h':
                _stack.Add(Remembered(Byte()));
                break;
            case (byte)'j':
                _stack.Add(Remembered(Length()));
                break;
            case (byte)'}':
                _stack.Add(new PickledDict());
                break;
            case (byte)']':
                _stack.Add(Other);
                break;
            case (byte)')':
                _stack.Add(Array.Empty<object?>());
                break;
            case 0x85 or 0x86 or 0x87:
                _stack.Add(PopMany(code - 0x84));
                break;
            case (byte)'t':
                _stack.Add(PopToMark());
                break;
            case (byte)'a' or (byte)'e':
                _ = code == 'a' ? [Pop()] : PopToMark();
                if (!ReferenceEquals(Top(), Other))
                    throw Damaged("appends to something that is not a list");
                break;
            case (byte)'s':
                SetItems(PopMany(2));
                break;
            case (byte)'u':
                SetItems(PopToMark());
                break;
            case (byte)'c':
                _stack.Add(Known(Line(), Line()));
                break;
            case 0x93: // STACK_GLOBAL
                _stack.Add(PopMany(2) is [string module, string name] ? Known(module, name) : throw Damaged("has a name that is not text"));
                break;
            case (byte)'Q':
                _stack.Add(Storage(Pop()));
                break;
            case (byte)'R':
                object?[] call = PopMany(2);
                _stack.Add(
                    call is [PickledName called, object?[] arguments] ? Made(called, arguments)
                        : throw Damaged("calls something that is not a function"));
                break;
            case (byte)'b':
                // The attributes of an ordered dictionary: a state dict keeps its modules' versions there.
                Pop();
                if (Top() is not PickledDict)
                    throw Damaged("sets attributes of an object that has none");
                break;
            default:
                throw new FormatException(
                    $"has the instruction 0x{code:x2} in its pickle{NotNeeded}");
        }
    }

    private static PickledName Known(string module, string name)
    {
        bool isKnown = (module, name) switch
        {
            ("collections", "OrderedDict") => true,
            ("torch._utils", "_rebuild_tensor_v2" or "_rebuild_parameter") => true,
            ("torch", "Size" or "device") => true,
            ("torch", _) => IsStorageOrType(name),
            _ => false,
        };
        string full = $"{module}.{name}";
        if (!isKnown)
        {
            throw new FormatException(
                $"asks for '{(full.Length > LongestName ? full[..LongestName] + "..." : full)}'{NotNeeded}");
        }
        return new PickledName(module, name);
    }

    private static bool IsStorageOrType(string name) => name switch
    {
        "float64" or "float32" or "float16" or "bfloat16" or "int64" or "int32" or "int16" or "int8" or "uint8" or "bool" => true,
        "ComplexFloatStorage" or "ComplexDoubleStorage" => true,
        _ => PyTorchFile.TypeOf(name) is not null,
    };

    // The result that a call would have; nothing is called.
    private static object? Made(PickledName name, object?[] arguments) => (name.Name, arguments) switch
    {
        // Entries follow; TorchSharp.PyBridge writes an empty sequence here.
        ("OrderedDict", [] or [object?[] and []]) => new PickledDict(),
        ("OrderedDict", [var list]) when ReferenceEquals(list, Other) => new PickledDict(),
        ("_rebuild_tensor_v2", [PickledStorage storage, long offset, object?[] shape, object?[] strides, bool, ..]) =>
            new PickledTensor(storage, offset, Longs(shape), Longs(strides)),
        ("_rebuild_parameter", [PickledTensor tensor, bool, ..]) => tensor,
        ("Size", [object?[] sizes]) => sizes,
        ("device", _) => Other,
        _ => throw Damaged($"has other values for {name} than PyTorch writes"),
    };

    private static PickledStorage Storage(object? id) =>
        id is object?[] and ["storage", PickledName { Module: "torch" } type, string key, string, long and >= 0 and var count]
            ? new PickledStorage(type.Name, key, count)
            : throw Damaged("has a tensor without a storage");

    private static long[] Longs(object?[] values)
    {
        if (values.Length > MaxDimensions)
            throw new FormatException($"has a tensor of {values.Length} dimensions, more than {MaxDimensions}");
        return [.. values.Select(
            value => value is long and >= 0 and var number ? number : throw Damaged("has a size that is not a whole number"))];
    }

    private void SetItems(object?[] items)
    {
        if (Top() is not PickledDict dictionary || items.Length % 2 != 0)
            throw Damaged("has an entry outside a dictionary");
        for (int i = 0; i < items.Length; i += 2)
            dictionary.Set(items[i], items[i + 1]);
    }

    private object? Remembered(long place) =>
        _memo.TryGetValue(place, out object? value) ? value : throw Damaged("refers to a value that it has not defined");

    private object? Top() =>
        _stack.Count > 0 && !ReferenceEquals(_stack[^1], Mark) ? _stack[^1] : throw Damaged("takes a value from an empty stack");

    private object? Pop()
    {
        object? top = Top();
        _stack.RemoveAt(_stack.Count - 1);
        return top;
    }

    private object?[] PopMany(int count)
    {
        var values = new object?[count];
        for (int i = count - 1; i >= 0; i--)
            values[i] = Pop();
        return values;
    }

    private object?[] PopToMark()
    {
        int mark = _stack.FindLastIndex(value => ReferenceEquals(value, Mark));
        if (mark < 0)
            throw Damaged("ends a sequence that did not begin");
        object?[] values = [.. _stack[(mark + 1)..]];
        _stack.RemoveRange(mark, _stack.Count - mark);
        return values;
    }

    private byte Byte() => Take(1)[0];

    private int Length() =>
        BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint))) is <= int.MaxValue and var length ? (int)length
            : throw Damaged("is cut off");

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _pickle.Length - _at)
            throw Damaged("is cut off");
        _at += count;
        return _pickle.AsSpan(_at - count, count);
    }

    private string Line()
    {
        int length = _pickle.AsSpan(_at).IndexOf((byte)'\n');
        string line = Text(length < 0 ? throw Damaged("is cut off") : Take(length));
        Take(1);
        return line;
    }

    // Seeds may need more than 64 bits; sizes do not.
    private static object Long(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > BytesOfLong)
            return Other;
        long value = bytes.Length > 0 && (bytes[^1] & 0x80) != 0 ? -1 : 0;
        for (int i = bytes.Length - 1; i >= 0; i--)
            value = (value << 8) | bytes[i];
        return value;
    }

    private static string Text(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Utf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw Damaged("has a text that is not UTF-8");
        }
    }

    private static FormatException Damaged(string what) => new($"has a pickle that {what}: damaged, or not a state dict of PyTorch");
}
