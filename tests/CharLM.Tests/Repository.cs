namespace CharLM.Tests;

/// <summary>Finds the checkout that the tests were built from, and the material that may be beside it.</summary>
internal static class Repository
{
    /// <summary>The folder that contains CharLM.sln.</summary>
    public static string Root { get; } = Find();

    /// <summary>A path in the checkout.</summary>
    public static string File(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>A file under ../shared, or null if that folder is absent.</summary>
    public static string? Shared(params string[] parts)
    {
        string path = Path.Combine([Root, "..", "shared", .. parts]);
        return System.IO.File.Exists(path) ? Path.GetFullPath(path) : null;
    }

    /// <summary>A file under ../shared; if it is absent, the test is skipped with the reason.</summary>
    public static string SharedOrSkip(params string[] parts)
    {
        string? path = Shared(parts);
        Assert.SkipWhen(path is null, $"../shared/{string.Join('/', parts)} is absent");
        return path!;
    }

    /// <summary>A folder under ../shared; if it is absent, the test is skipped with the reason.</summary>
    public static string SharedFolderOrSkip(string name)
    {
        string path = Path.GetFullPath(Path.Combine(Root, "..", "shared", name));
        Assert.SkipUnless(Directory.Exists(path), $"../shared/{name} is absent");
        return path;
    }

    private static string Find()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (System.IO.File.Exists(Path.Combine(folder.FullName, "CharLM.sln")))
                return folder.FullName;
        }
        throw new DirectoryNotFoundException("the tests do not run inside a checkout");
    }
}
