using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace CharLM.Corpora;

/// <summary>One corpus of the catalog: what it is, which bytes it has and where they come from.</summary>
public sealed partial record CorpusEntry
{
    /// <summary>The name that selects it: lower-case letters, digits and hyphens.</summary>
    public required string Name { get; init; }

    /// <summary>The title of the work.</summary>
    public required string Title { get; init; }

    /// <summary>Who wrote it.</summary>
    public required string Author { get; init; }

    /// <summary>The licence of the text, an SPDX identifier or "Public domain".</summary>
    public required string Licence { get; init; }

    /// <summary>The name of its file in the cache and under a mirror; no directories.</summary>
    [JsonPropertyName("file")]
    public required string FileName { get; init; }

    /// <summary>Its size in bytes; a source that sends more is cut off.</summary>
    public required long Bytes { get; init; }

    /// <summary>SHA-1 in lower-case hexadecimal, as the D2L data hub and git publish it; for the reader, not for verification.</summary>
    public required string Sha1 { get; init; }

    /// <summary>SHA-256 in lower-case hexadecimal; only bytes with this checksum are ever used.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Where it can be had, in the order they are tried.</summary>
    public required IReadOnlyList<CorpusSource> Sources { get; init; }

    internal IEnumerable<string> Faults()
    {
        if (!NameShape().IsMatch(Name))
            yield return $"{Display.Quote(Name)}: a name has lower-case letters, digits and hyphens only";
        if (Name == CorpusResolver.Auto)
            yield return $"'{CorpusResolver.Auto}': this name is kept for the automatic choice";
        if (!IsFileName(FileName))
            yield return $"{Name}: file is {Display.Quote(FileName)}; give a plain name like 'book.txt', without directories";
        if (Bytes < 1)
            yield return $"{Name}: bytes is {Bytes}; give the size of the file, 1 or more";
        if (!Sha1Shape().IsMatch(Sha1))
            yield return $"{Name}: sha1 is {Display.Quote(Sha1)}; give 40 lower-case hexadecimal digits";
        if (!Sha256Shape().IsMatch(Sha256))
            yield return $"{Name}: sha256 is {Display.Quote(Sha256)}; give 64 lower-case hexadecimal digits";
        if (Sources.Count == 0)
            yield return $"{Name}: sources is empty; give at least one";
        foreach (CorpusSource? source in Sources)
        {
            if (source is null)
                yield return $"{Name}: a source is null";
            else if (source.Fault() is { } fault)
                yield return $"{Name}: {fault}";
        }
    }

    // Names come from a data file and end up in paths: a leading dot or any separator is refused on every system.
    internal static bool IsFileName(string name) => FileNameShape().IsMatch(name)
        && !name.EndsWith(CorpusCache.PartialSuffix, StringComparison.Ordinal)
        && !name.EndsWith(CorpusCache.LockSuffix, StringComparison.Ordinal);

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9-]*\z")]
    private static partial Regex NameShape();

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9_.-]*\z")]
    private static partial Regex FileNameShape();

    [GeneratedRegex(@"\A[0-9a-f]{40}\z")]
    private static partial Regex Sha1Shape();

    [GeneratedRegex(@"\A[0-9a-f]{64}\z")]
    private static partial Regex Sha256Shape();
}
