using System.Text;
using CharLM.Corpora;

namespace CharLM.Tests.Corpora;

/// <summary>Corpora that no file holds.</summary>
internal static class TestCorpus
{
    /// <summary>A text under a name, as if a file held it; its SHA-256 is the name where none is given.</summary>
    public static CorpusText Of(string text, string name = "x", string? sha256 = null) => new(text, new CorpusOrigin
    {
        Requested = name,
        Kind = CorpusOriginKind.File,
        Name = name,
        Location = $"/{name}",
        Sha256 = sha256 ?? name,
        Bytes = Encoding.UTF8.GetByteCount(text),
    });
}
