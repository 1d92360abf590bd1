using System.Security.Cryptography;

namespace CharLM.Corpora;

/// <summary>Whether a file on disk is the catalogued one.</summary>
internal sealed record FileCheck(CorpusState State, string? Fault)
{
    public static async Task<FileCheck> OfAsync(string path, CorpusEntry entry, CancellationToken cancellationToken)
    {
        try
        {
            await using FileStream file = File.OpenRead(path);
            // A device has no length, and may have no end.
            long length = file.CanSeek ? file.Length : 0;
            string sha256 = Convert.ToHexStringLower(length == 0 ? SHA256.HashData([]) : await SHA256.HashDataAsync(file, cancellationToken));
            return sha256 == entry.Sha256
                ? new FileCheck(CorpusState.Verified, null)
                : new FileCheck(CorpusState.Corrupt, $"SHA-256 is {sha256} ({Display.Bytes(length)}), expected {entry.Sha256} ({Display.Bytes(entry.Bytes)})");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return new FileCheck(CorpusState.Missing, null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new FileCheck(CorpusState.Corrupt, $"cannot be read: {Display.OneLine(e.Message)}");
        }
    }
}
