using System.Buffers;

namespace CharLM;

/// <summary>Names of files and folders that every system accepts, so that files written on one can be copied to another.</summary>
internal static class PortableName
{
    private static readonly SearchValues<char> Forbidden = SearchValues.Create(
        [.. "<>:\"/\\|?*", .. Enumerable.Range(0, ' ').Select(c => (char)c)]);

    // Windows treats COM¹ as COM1.
    private static readonly HashSet<string> Devices = new(
        [
            "con", "prn", "aux", "nul", "conin$", "conout$",
            .. "0123456789¹²³".SelectMany(digit => new[] { $"com{digit}", $"lpt{digit}" }),
        ],
        StringComparer.OrdinalIgnoreCase);

    /// <summary>Why some system rejects a name, such as "'nul' is the name of a device on Windows"; null when none does.</summary>
    /// <param name="name">One part of a path.</param>
    public static string? ErrorOf(string name)
    {
        // Windows ignores everything from the first dot on, and spaces before it.
        if (Devices.Contains(name.Split('.')[0].TrimEnd(' ')))
            return $"'{name}' is the name of a device on Windows";
        if (name is [.., '.' or ' '])
            return $"'{name}' ends with a {(name[^1] == '.' ? "dot" : "space")}, which Windows drops";
        int at = name.AsSpan().IndexOfAny(Forbidden);
        return at >= 0 ? $"'{name}' has {(name[at] < ' ' ? "a control character" : name[at])}, which Windows forbids in names" : null;
    }

    /// <summary>Why some system rejects a part of a path that would be created; null when none does.</summary>
    /// <param name="path">A file or folder; parent folders that exist may have any name.</param>
    public static string? ErrorOfPath(string path)
    {
        char[] separators = [Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar];
        string parent = Path.GetPathRoot(path) ?? "";
        string[] parts = path[parent.Length..].Split(separators, StringSplitOptions.RemoveEmptyEntries);
        for (int i = 0; i < parts.Length; i++)
        {
            parent = Path.Combine(parent, parts[i]);
            bool isThere = i < parts.Length - 1 && Directory.Exists(parent);
            if (!isThere && parts[i] is not ("." or "..") && ErrorOf(parts[i]) is { } error)
                return error;
        }
        return null;
    }

    /// <summary>An entry whose name differs only in case (the same file on Windows and macOS); null when there is none.</summary>
    /// <param name="path">A file or folder to be created.</param>
    public static string? SameButForCase(string path)
    {
        string full = Path.GetFullPath(path), name = Path.GetFileName(full);
        return Path.GetDirectoryName(full) is not { } folder || !Directory.Exists(folder) ? null
            : Directory.EnumerateFileSystemEntries(folder).Select(entry => Path.GetFileName(entry)).FirstOrDefault(
                other => other != name && string.Equals(other, name, StringComparison.OrdinalIgnoreCase));
    }
}
