using System.Security.Cryptography;
using System.Text;

namespace CharLM.Corpora;

public sealed partial class CorpusText
{
    /// <summary>Reads a file, or all texts of a folder as one; waits until that is done.</summary>
    /// <param name="path">The file or folder.</param>
    /// <param name="encoding">What its bytes are in where no byte order mark says it, such as latin-1; default null: UTF-8.</param>
    /// <exception cref="CorpusException">It is missing, empty, in another encoding, too large or unreadable.</exception>
    /// <exception cref="InvalidConfigException">There is no such encoding.</exception>
    public static CorpusText FromFile(string path, string? encoding = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        // A whole path is none of the names that a resolver knows.
        var resolver = new CorpusResolver(new CorpusCatalog([], "."), new CorpusSettings { CacheDirectory = null }) { Encoding = encoding };
        return Task.Run(() => resolver.ResolveAsync(Path.GetFullPath(path))).GetAwaiter().GetResult();
    }

    /// <summary>A text that the program has; nobody finds it again by its name.</summary>
    /// <param name="text">The text, at least one character.</param>
    /// <param name="name">What reports call it; default "text".</param>
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
