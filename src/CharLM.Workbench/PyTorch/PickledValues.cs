namespace CharLM.Workbench.PyTorch;

/// <summary>A Python name in a pickle, such as torch.FloatStorage; it is never resolved.</summary>
internal sealed record PickledName(string Module, string Name)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Module}.{Name}";
}

/// <summary>The storage of tensors: a record of the archive.</summary>
/// <param name="Type">Its class, such as FloatStorage.</param>
/// <param name="Key">The name of the record.</param>
/// <param name="Count">The number of elements.</param>
internal sealed record PickledStorage(string Type, string Key, long Count);

/// <summary>A tensor: a view of a storage.</summary>
/// <param name="Storage">The storage of its elements.</param>
/// <param name="Offset">The index of its first element in the storage.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Strides">The distance in elements from one index to the next, per dimension.</param>
internal sealed record PickledTensor(PickledStorage Storage, long Offset, long[] Shape, long[] Strides)
{
    /// <summary>Whether its elements are consecutive, row-major.</summary>
    public bool IsContiguous
    {
        get
        {
            long due = 1;
            for (int i = Shape.Length - 1; i >= 0; i--)
            {
                if (Shape[i] != 1 && Strides[i] != due)
                    return false;
                due *= Shape[i];
            }
            return true;
        }
    }
}

/// <summary>A dictionary; entries with other keys than strings are only noted.</summary>
internal sealed class PickledDict
{
    private OrderedDictionary<string, object?>? _entries;

    /// <summary>The entries with string keys, in order.</summary>
    public IReadOnlyDictionary<string, object?> Entries =>
        _entries ?? (IReadOnlyDictionary<string, object?>)System.Collections.ObjectModel.ReadOnlyDictionary<string, object?>.Empty;

    /// <summary>Whether it has entries with other keys.</summary>
    public bool HasOthers { get; private set; }

    /// <summary>Adds or replaces an entry.</summary>
    public void Set(object? key, object? value)
    {
        if (key is string name)
            (_entries ??= new OrderedDictionary<string, object?>(StringComparer.Ordinal))[name] = value;
        else
            HasOthers = true;
    }
}
