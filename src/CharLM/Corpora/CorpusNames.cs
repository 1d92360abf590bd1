using System.Collections;
using System.Runtime.CompilerServices;

namespace CharLM.Corpora;

/// <summary>
/// The names and paths of texts that are read in order as one corpus; equal when the names are equal in the same order.
/// </summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
[CollectionBuilder(typeof(CorpusNames), nameof(Create))]
public sealed class CorpusNames : IReadOnlyList<string>, IEquatable<CorpusNames>
{
    private readonly string[] _names;

    private CorpusNames(string[] names) => _names = names;

    /// <summary>The number of names.</summary>
    public int Count => _names.Length;

    /// <summary>Whether <see cref="CorpusResolver.Auto"/> is the only name: the user gave none.</summary>
    public bool IsAuto => _names is [CorpusResolver.Auto];

    /// <summary>A name by its index, from 0.</summary>
    public string this[int index] => _names[index];

    /// <summary>A corpus with one name.</summary>
    public static implicit operator CorpusNames(string name) => FromString(name);

    /// <summary>A corpus with one name.</summary>
    public static CorpusNames FromString(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return new CorpusNames([name]);
    }

    /// <summary>A corpus with several names.</summary>
    public static CorpusNames Create(ReadOnlySpan<string> names) => new(names.ToArray());

    /// <summary>Replaces every name.</summary>
    /// <param name="change">Gives the new name for an old one.</param>
    public CorpusNames Map(Func<string, string> change) => new([.. _names.Select(change)]);

    /// <inheritdoc/>
    public IEnumerator<string> GetEnumerator() => ((IEnumerable<string>)_names).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public bool Equals(CorpusNames? other) => other is not null && _names.AsSpan().SequenceEqual(other._names);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as CorpusNames);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (string name in _names)
            hash.Add(name, StringComparer.Ordinal);
        return hash.ToHashCode();
    }

    /// <summary>The names, separated by commas.</summary>
    public override string ToString() => string.Join(", ", _names);
}
