using System.Reflection;
using System.Runtime.Loader;
using System.Security.Cryptography;
using CharLM.Models;

namespace CharLM.Workbench.Cells;

/// <summary>
/// An assembly of custom cells, whose code runs in this process once loaded. It is loaded only if the user gives its path, never because a
/// model or a configuration names it.
/// </summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="Path">The full path of the file.</param>
/// <param name="Sha256">The SHA-256 of the loaded bytes, in lower-case hexadecimal.</param>
/// <param name="Cells">The names of its registered cells.</param>
public sealed record CellFile(string Path, string Sha256, IReadOnlyList<string> Cells)
{
    private const long MostBytes = 256L << 20;

    private static readonly Lock Loading = new();
    private static readonly Dictionary<string, CellFile> Loaded = new(StringComparer.Ordinal);

    /// <summary>Loads an assembly and registers its cells (<see cref="RecurrentCells"/>); the same bytes are loaded once.</summary>
    /// <param name="path">The file; its dependencies other than the toolkit and TorchSharp must be in the same folder.</param>
    /// <exception cref="InvalidConfigException">
    /// The file is not an assembly, cannot be loaded here, has no cell, or has one whose name is taken; some of its cells may then be
    /// registered.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static CellFile Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string full = System.IO.Path.GetFullPath(path);
        byte[] bytes = Read(full, path);
        string sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes));
        lock (Loading)
        {
            if (!Loaded.TryGetValue(sha256, out CellFile? file))
                Loaded[sha256] = file = Load(path, full, bytes, sha256);
            return file with { Path = full };
        }
    }

    private static CellFile Load(string path, string full, byte[] bytes, string sha256)
    {
        try
        {
            // The hashed bytes are the ones that run, even if the file changes meanwhile.
            using var stream = new MemoryStream(bytes);
            Assembly assembly = new CellContext(full).LoadFromStream(stream);
            return new CellFile(full, sha256, RecurrentCells.RegisterAll(assembly, sha256));
        }
        catch (BadImageFormatException)
        {
            throw new InvalidConfigException([$"{path}: is no .NET assembly: build a class library, and name its .dll"]);
        }
        catch (Exception e) when (e is FileNotFoundException or FileLoadException or TypeLoadException or MissingMemberException
            or ReflectionTypeLoadException)
        {
            throw new InvalidConfigException(
                [$"{path}: cannot be loaded beside CharLM {typeof(RecurrentCell).Assembly.GetName().Version}: {e.Message.Split('\n')[0]}"]);
        }
        catch (ArgumentException e)
        {
            // Without the parameter name that .NET appends.
            throw new InvalidConfigException([$"{path}: {e.Message.Split(" (Parameter")[0]}"]);
        }
        catch (InvalidConfigException e)
        {
            throw new InvalidConfigException([$"{path}: {e.Message}"]);
        }
    }

    private static byte[] Read(string full, string path)
    {
        try
        {
            using FileStream file = SharedFile.OpenRead(full);
            if (!file.CanSeek || file.Length is 0 or > MostBytes)
                throw new InvalidConfigException([$"{path}: is no .NET assembly: build a class library, and name its .dll"]);
            var bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InvalidConfigException([$"{path}: there is no such file"]);
        }
        catch (UnauthorizedAccessException)
        {
            throw new InvalidConfigException([$"{path}: cannot be read"]);
        }
    }

    // The file shares this process's toolkit and TorchSharp, so that its cells have the same base class.
    private sealed class CellContext(string file) : AssemblyLoadContext(System.IO.Path.GetFileName(file))
    {
        private readonly AssemblyDependencyResolver _beside = new(file);
        private readonly string _folder = System.IO.Path.GetDirectoryName(file)!;

        protected override Assembly? Load(AssemblyName assemblyName)
        {
            try
            {
                return Default.LoadFromAssemblyName(assemblyName);
            }
            catch (FileNotFoundException)
            {
                string beside = _beside.ResolveAssemblyToPath(assemblyName) ?? System.IO.Path.Combine(_folder, $"{assemblyName.Name}.dll");
                return File.Exists(beside) ? LoadFromAssemblyPath(beside) : null;
            }
        }
    }
}
