using System.Reflection;
using System.Runtime.Loader;
using System.Security.Cryptography;
using CharLM.Models;

namespace CharLM.Workbench.Cells;

/// <summary>
/// An assembly with cells of a user's own, whose code this process runs from now on. It is loaded when somebody asks for it by its path,
/// and never because a model or a configuration names it.
/// </summary>
/// <remarks>Thread safety: never changes; any number of threads.</remarks>
/// <param name="Path">The full path of its file.</param>
/// <param name="Sha256">The checksum of the bytes that were loaded; lower-case hexadecimal.</param>
/// <param name="Cells">The names of its cells, which are registered.</param>
public sealed record CellFile(string Path, string Sha256, IReadOnlyList<string> Cells)
{
    private const long MostBytes = 256L << 20;

    private static readonly Lock Loading = new();
    private static readonly Dictionary<string, CellFile> Loaded = new(StringComparer.Ordinal);

    /// <summary>Loads an assembly and registers its cells (<see cref="RecurrentCells"/>); the same bytes again are the same file.</summary>
    /// <param name="path">The file; what it needs besides the toolkit and TorchSharp lies beside it.</param>
    /// <exception cref="InvalidConfigException">
    /// It is no assembly, cannot be loaded here, has no cell, or one whose name is taken; nothing says whether part of it is registered.
    /// </exception>
    /// <exception cref="IOException">It cannot be read.</exception>
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
            // What was measured is what runs, whoever writes to the file meanwhile.
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
            // Without what .NET puts behind it: the name of a parameter.
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

    // The toolkit and TorchSharp are those of this process, so that a cell of the file is a cell here.
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
