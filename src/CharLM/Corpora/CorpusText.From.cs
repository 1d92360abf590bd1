using System.Security.Cryptography;
using System.Text;

namespace CharLM.Corpora;

public sealed partial class CorpusText
{
    /// <summary>Reads a file, or all texts of a folder as one, synchronously.</summary>
    /// <param name="path">The file or folder.</param>
    /// <param name="encoding">Encoding of texts without a byte order mark, such as latin-1; default null: UTF-8.</param>
    /// <exception cref="CorpusException">The text is missing, empty, in another encoding, too large or unreadable.</exception>
    /// <exception cref="InvalidConfigException">The encoding is unknown.</exception>
    public static CorpusText FromFile(string path, string? encoding = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        // A full path never equals a name that a resolver knows.
        var resolver = new CorpusResolver(new CorpusCatalog([], "."), new CorpusSettings { CacheDirectory = null }) { Encoding = encoding };
        return Task.Run(() => resolver.ResolveAsync(Path.GetFullPath(path))).GetAwaiter().GetResult();
    }

    /// <summary>Creates a text from a string; its name cannot be used to find it again.</summary>
    /// <param name="text">The text, at least one character.</param>
    /// <param name="name">Its name in reports; default "text".</param>
    public static CorpusText FromString(string text, string name = "text")
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        ArgumentException.ThrowIfNullOrEmpty(name);
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return new CorpusText(text, new CorpusOrigin
        {
            Requested = CorpusResolver.StandardInput,
            Kind = CorpusOriginKind.StandardInput,
            Name = name,
            Location = name,
            Sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes)),
            Bytes = bytes.Length,
        });
    }
}
