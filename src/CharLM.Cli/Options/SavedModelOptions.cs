using System.CommandLine;
using System.Text;
using CharLM.Checkpoints;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Options;

/// <summary>The option for a saved model: a file, a run directory, or <see cref="Last"/>.</summary>
/// <param name="kind">The kind of model.</param>
internal sealed class SavedModelOptions(RunKind kind)
{
    /// <summary>The name of the model that was trained last.</summary>
    public const string Last = "last";

    private readonly Option<string?> _checkpoint = OptionOf.Text(
        "--checkpoint", "MODEL",
            $"The model: its file, a run directory (its best model), or last, the {NameOf(kind)} trained last. [default: last"
                + (kind == RunKind.LanguageModel ? "; before anything is trained, the model that ships with charlm]" : "]"));

    private static readonly RunKind[] Kinds = [RunKind.LanguageModel, RunKind.Classifier, RunKind.Translator];

    /// <summary>The option for a language model.</summary>
    public SavedModelOptions()
        : this(RunKind.LanguageModel)
    {
    }

    /// <summary>Adds the option to a verb.</summary>
    public void AddTo(Command command)
    {
        command.Add(_checkpoint);
        CellsOption.AddTo(command);
    }

    /// <summary>The model that the user named; null if none.</summary>
    public string? Named(ParseResult parse) => parse.GetValue(_checkpoint);

    /// <summary>The file of a language model's name; for a run directory, its best model, else its last.</summary>
    public static string FileOf(string name) => FileOf(name, RunKind.LanguageModel);

    /// <summary>The file of a name; for a run directory, its best model, else its last.</summary>
    /// <param name="name">The name.</param>
    /// <param name="kind">The kind of model of which <see cref="Last"/> is the last.</param>
    public static string FileOf(string name, RunKind kind) => name == Last && !System.IO.Path.Exists(name) ? LastFile(kind)
        : Directory.Exists(name) && WrongFile.ModelOf(name) is { } model ? model : name;

    /// <summary>The run directory trained last, of any kind; null if there is none.</summary>
    public static string? LastRun() => Kinds.OrderByDescending(kind => File.GetLastWriteTimeUtc(PointerPath(kind))).Select(Pointer)
        .FirstOrDefault(Directory.Exists);

    /// <summary>The file that the user named; else the model trained last; else, in a fresh clone, the shipped model.</summary>
    public string Path(ParseResult parse) => FileOf(Named(parse) ?? Last, kind);

    /// <summary>Remembers the model trained last; if that is impossible, only <see cref="Last"/> is lost.</summary>
    /// <param name="kind">Its kind.</param>
    /// <param name="path">The run directory, or the model's file.</param>
    public static void Remember(RunKind kind, string path)
    {
        try
        {
            byte[] content = Encoding.UTF8.GetBytes(System.IO.Path.GetFullPath(path));
            AtomicFile.Write(PointerPath(kind), stream => stream.Write(content));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The model itself is saved.
        }
    }

    private static string NameOf(RunKind kind) => kind == RunKind.LanguageModel ? "model" : kind.Name;

    // Holds the run directory or file of the model of a kind that was trained last; hidden, so that it is not read as a text of the folder.
    private static string PointerPath(RunKind kind) => System.IO.Path.Combine(
        System.IO.Path.GetDirectoryName(RunConfig.DefaultCheckpointPath)!, kind == RunKind.LanguageModel ? ".last" : $".last-{kind.Name}");

    private static string LastFile(RunKind kind)
    {
        string copy = kind.Defaults.CheckpointPath;
        if (Pointer(kind) is { } path
            && (!File.Exists(copy) || File.GetLastWriteTimeUtc(PointerPath(kind)) >= File.GetLastWriteTimeUtc(copy)))
        {
            string file = Directory.Exists(path) ? WrongFile.ModelOf(path) ?? path : path;
            if (File.Exists(file))
                return System.IO.Path.GetRelativePath(Environment.CurrentDirectory, file);
        }
        return kind != RunKind.LanguageModel || File.Exists(copy) ? copy
            : System.IO.Path.Combine(AppContext.BaseDirectory, "checkpoints", "time-machine-gru.safetensors");
    }

    private static string? Pointer(RunKind kind)
    {
        try
        {
            // Longer content is not a path.
            return new FileInfo(PointerPath(kind)) is { Exists: true, Length: > 0 and < 10_000 }
                ? File.ReadAllText(PointerPath(kind)) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
