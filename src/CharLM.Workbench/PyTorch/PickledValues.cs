namespace CharLM.Workbench.PyTorch;

/// <summary>A Python name that a pickle refers to, such as torch.FloatStorage; nothing is behind it here.</summary>
internal sealed record PickledName(string Module, string Name)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Module}.{Name}";
}

/// <summary>The memory of tensors: a record of the archive.</summary>
/// <param name="Type">Its class, such as FloatStorage.</param>
/// <param name="Key">Which record.</param>
/// <param name="Count">How many elements it holds.</param>
internal sealed record PickledStorage(string Type, string Key, long Count);

/// <summary>A tensor: a view of a storage.</summary>
/// <param name="Storage">Where its elements lie.</param>
/// <param name="Offset">Which element is its first.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Strides">Elements from one index to the next, of each dimension.</param>
internal sealed record PickledTensor(PickledStorage Storage, long Offset, long[] Shape, long[] Strides)
{
    /// <summary>Whether its elements lie one after the other, row-major.</summary>
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

/// <summary>A dictionary; entries whose key is no text are only counted.</summary>
internal sealed class PickledDict
{
    private OrderedDictionary<string, object?>? _entries;

    /// <summary>The entries with a text as their key, in their order.</summary>
    public IReadOnlyDictionary<string, object?> Entries =>
        _entries ?? (IReadOnlyDictionary<string, object?>)System.Collections.ObjectModel.ReadOnlyDictionary<string, object?>.Empty;

    /// <summary>Whether there are entries with other keys.</summary>
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
