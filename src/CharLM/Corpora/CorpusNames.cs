using System.Collections;
using System.Runtime.CompilerServices;

namespace CharLM.Corpora;

/// <summary>
/// The names and paths of the texts that are read one after the other as one corpus; equal when they are the same in order.
/// </summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
[CollectionBuilder(typeof(CorpusNames), nameof(Create))]
public sealed class CorpusNames : IReadOnlyList<string>, IEquatable<CorpusNames>
{
    private readonly string[] _names;

    private CorpusNames(string[] names) => _names = names;

    /// <summary>How many there are.</summary>
    public int Count => _names.Length;

    /// <summary>Whether they are <see cref="CorpusResolver.Auto"/> alone: the user named none.</summary>
    public bool IsAuto => _names is [CorpusResolver.Auto];

    /// <summary>One of them, counted from 0.</summary>
    public string this[int index] => _names[index];

    /// <summary>One name.</summary>
    public static implicit operator CorpusNames(string name) => FromString(name);

    /// <summary>One name.</summary>
    public static CorpusNames FromString(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return new CorpusNames([name]);
    }

    /// <summary>Several names.</summary>
    public static CorpusNames Create(ReadOnlySpan<string> names) => new(names.ToArray());

    /// <summary>The same number of other names.</summary>
    /// <param name="change">What becomes of each.</param>
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

    /// <summary>The names with commas between.</summary>
    public override string ToString() => string.Join(", ", _names);
}
