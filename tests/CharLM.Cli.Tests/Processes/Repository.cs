namespace CharLM.Cli.Tests.Processes;

/// <summary>Finds the checkout that the tests were built from, and the material that may lie beside it.</summary>
internal static class Repository
{
    /// <summary>The folder of CharLM.sln.</summary>
    public static string Root { get; } = Find();

    /// <summary>A folder under ../shared; the test is skipped with the reason where it is absent.</summary>
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
            if (File.Exists(Path.Combine(folder.FullName, "CharLM.sln")))
                return folder.FullName;
        }
        throw new DirectoryNotFoundException("the tests do not run inside a checkout");
    }
}
