using System.Reflection;
using System.Runtime.InteropServices;

#pragma warning disable CA1050 // .NET finds a startup hook by this name, in no namespace.

/// <summary>
/// Runs inside charlm, before its Main: executes many command lines in one process, one after the other, each with its own files as
/// standard output and error. Starting a process takes longer than refusing a command line.
/// </summary>
internal static partial class StartupHook
{
    /// <summary>The environment variable with the folder of the command lines and their results.</summary>
    public const string Folder = "CHARLM_TESTS_COMMAND_LINES";

    /// <summary>The file of the command lines: their number, then for each the number of its words and the words.</summary>
    public const string Commands = "commands";

    private const int WriteOnly = 1, Create = 64;

    /// <summary>Called by .NET through DOTNET_STARTUP_HOOKS.</summary>
    public static void Initialize()
    {
        string folder = Environment.GetEnvironmentVariable(Folder)!;
        // Processes started from here on are charlm itself.
        Environment.SetEnvironmentVariable("DOTNET_STARTUP_HOOKS", null);
        MethodInfo main = Assembly.GetEntryAssembly()!.EntryPoint!;
        foreach ((int i, string[] words) in Read(Path.Combine(folder, Commands)).Index())
        {
            Redirect(1, Path.Combine(folder, $"{i}.out"));
            Redirect(2, Path.Combine(folder, $"{i}.err"));
            int code = (int)main.Invoke(null, [words])!;
            File.WriteAllText(Path.Combine(folder, $"{i}.code"), $"{code}");
        }
        Environment.Exit(0);
    }

    /// <summary>Writes command lines for <see cref="Initialize"/>.</summary>
    public static void Write(string path, IReadOnlyList<string[]> commands)
    {
        using var writer = new BinaryWriter(File.Create(path));
        writer.Write(commands.Count);
        foreach (string[] words in commands)
        {
            writer.Write(words.Length);
            foreach (string word in words)
                writer.Write(word);
        }
    }

    private static string[][] Read(string path)
    {
        using var reader = new BinaryReader(File.OpenRead(path));
        var commands = new string[reader.ReadInt32()][];
        for (int i = 0; i < commands.Length; i++)
        {
            commands[i] = new string[reader.ReadInt32()];
            for (int j = 0; j < commands[i].Length; j++)
                commands[i][j] = reader.ReadString();
        }
        return commands;
    }

    private static void Redirect(int stream, string path)
    {
        int file = Open(path, WriteOnly | Create, 0b110_000_000);
        if (file < 0 || Duplicate(file, stream) < 0)
            throw new IOException($"{path}: error {Marshal.GetLastPInvokeError()}");
        _ = Close(file);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "dup2", SetLastError = true)]
    private static partial int Duplicate(int from, int to);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int file);
}
