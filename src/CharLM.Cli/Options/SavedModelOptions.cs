using System.CommandLine;
using System.Text;
using CharLM.Checkpoints;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Options;

/// <summary>The option for a saved model: a file, a run directory, or <see cref="Last"/>.</summary>
internal sealed class SavedModelOptions
{
    /// <summary>The name of the model that was trained last.</summary>
    public const string Last = "last";

    private readonly Option<string?> _checkpoint = OptionOf.Text(
        "--checkpoint", "MODEL",
            "The model: its file, a run directory (its best model), or last, the model trained last. [default: last; before "
                + "anything is trained, the model that ships with charlm]");

    // Holds the run directory or file of the model trained last; hidden, so that it is not read as a text of the folder.
    private static string PointerPath =>
        System.IO.Path.Combine(System.IO.Path.GetDirectoryName(RunConfig.DefaultCheckpointPath)!, ".last");

    /// <summary>Adds the option to a verb.</summary>
    public void AddTo(Command command) => command.Add(_checkpoint);

    /// <summary>The model that the user named; null if none.</summary>
    public string? Named(ParseResult parse) => parse.GetValue(_checkpoint);

    /// <summary>The file of a name; for a run directory, its best model, else its last.</summary>
    public static string FileOf(string name) => name == Last && !System.IO.Path.Exists(name) ? LastFile()
        : Directory.Exists(name) && WrongFile.ModelOf(name) is { } model ? model : name;

    /// <summary>The run directory trained last; null if there is none.</summary>
    public static string? LastRun() => Pointer() is { } path && Directory.Exists(path) ? path : null;

    /// <summary>The file that the user named; else the model trained last; else, in a fresh clone, the shipped model.</summary>
    public string Path(ParseResult parse) => FileOf(Named(parse) ?? Last);

    /// <summary>Remembers the model trained last; if that is impossible, only <see cref="Last"/> is lost.</summary>
    /// <param name="path">The run directory, or the model's file.</param>
    public static void Remember(string path)
    {
        try
        {
            byte[] content = Encoding.UTF8.GetBytes(System.IO.Path.GetFullPath(path));
            AtomicFile.Write(PointerPath, stream => stream.Write(content));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The model itself is saved.
        }
    }

    private static string LastFile()
    {
        string copy = RunConfig.DefaultCheckpointPath;
        if (Pointer() is { } path && (!File.Exists(copy) || File.GetLastWriteTimeUtc(PointerPath) >= File.GetLastWriteTimeUtc(copy)))
        {
            string file = Directory.Exists(path) ? WrongFile.ModelOf(path) ?? path : path;
            if (File.Exists(file))
                return System.IO.Path.GetRelativePath(Environment.CurrentDirectory, file);
        }
        return File.Exists(copy) ? copy : System.IO.Path.Combine(AppContext.BaseDirectory, "checkpoints", "time-machine-gru.safetensors");
    }

    private static string? Pointer()
    {
        try
        {
            // Longer content is not a path.
            return new FileInfo(PointerPath) is { Exists: true, Length: > 0 and < 10_000 } ? File.ReadAllText(PointerPath) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
