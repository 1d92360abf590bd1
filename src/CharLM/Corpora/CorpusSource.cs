using System.Text.Json.Serialization;

namespace CharLM.Corpora;

/// <summary>A place that has a corpus: an <see cref="HttpSource"/>, an <see cref="NpmSource"/> or a <see cref="FileSource"/>.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(HttpSource), "http")]
[JsonDerivedType(typeof(NpmSource), "npm")]
[JsonDerivedType(typeof(FileSource), "file")]
public abstract record CorpusSource
{
    private protected CorpusSource()
    {
    }

    /// <summary>The source in a few words, as progress and errors name it.</summary>
    [JsonIgnore]
    public abstract string Label { get; }

    /// <summary>What is wrong with the source, or null.</summary>
    internal abstract string? Fault();
}
