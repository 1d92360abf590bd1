using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace CharLM.Serving;

/// <summary>
/// Finds ASP.NET Core when it is first needed. If the program named it among its frameworks, no verb would start where only .NET's base is
/// installed.
/// </summary>
internal static class SharedFramework
{
    private const string Name = "Microsoft.AspNetCore.App";

    private static readonly Lock Gate = new();
    private static bool s_isLoaded;

    /// <summary>Makes the framework's assemblies available.</summary>
    /// <exception cref="IOException">It is not installed.</exception>
    public static void Require()
    {
        lock (Gate)
        {
            if (s_isLoaded)
                return;
            string runtime = Path.TrimEndingDirectorySeparator(RuntimeEnvironment.GetRuntimeDirectory());
            string folder = Find(runtime) ?? throw new IOException(
                $"the ASP.NET Core runtime {Environment.Version.Major}.{Environment.Version.Minor} is missing beside {runtime}: install "
                    + "the package aspnetcore-runtime, or the .NET SDK, which has it");
            AssemblyLoadContext.Default.Resolving += (context, name) =>
                Path.Combine(folder, name.Name + ".dll") is var path && File.Exists(path) ? context.LoadFromAssemblyPath(path) : null;
            s_isLoaded = true;
        }
    }

    /// <summary>The framework's folder: the version of .NET's own, else the newest patch of it; null if there is none.</summary>
    /// <param name="runtime">The folder of .NET's base, .../shared/Microsoft.NETCore.App/VERSION.</param>
    internal static string? Find(string runtime)
    {
        string all = Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(runtime)) ?? "", Name);
        if (!Version.TryParse(Path.GetFileName(runtime), out Version? version) || !Directory.Exists(all))
            return null;
        return Directory.EnumerateDirectories(all)
            .Select(folder => (folder, Version: Version.TryParse(Path.GetFileName(folder), out Version? one) ? one : null))
            .Where(one => one.Version?.Major == version.Major && one.Version.Minor == version.Minor)
            .OrderByDescending(one => one.Version == version).ThenByDescending(one => one.Version)
            .Select(one => one.folder).FirstOrDefault(folder => File.Exists(Path.Combine(folder, "Microsoft.AspNetCore.dll")));
    }
}
