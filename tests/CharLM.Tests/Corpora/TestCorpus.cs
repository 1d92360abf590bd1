using System.Text;
using CharLM.Corpora;

namespace CharLM.Tests.Corpora;

/// <summary>Corpora without files.</summary>
internal static class TestCorpus
{
    /// <summary>A text with a name, as if read from a file; its SHA-256 is the name unless given.</summary>
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
