using System.CommandLine;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Options;

/// <summary>Which saved model.</summary>
internal sealed class SavedModelOptions
{
    private readonly Option<string?> _checkpoint = OptionOf.Text(
        "--checkpoint", "FILE",
            $"The model: its file, or a run directory, whose best model is used. [default: {RunConfig.DefaultCheckpointPath}; if it does "
                + "not exist, the model that comes with charlm]");

    /// <summary>Adds the option to a verb.</summary>
    public void AddTo(Command command) => command.Add(_checkpoint);

    /// <summary>The file that was named, null when none was.</summary>
    public string? Named(ParseResult parse) => parse.GetValue(_checkpoint);

    /// <summary>The file of a name: of a run directory its best model, else its last.</summary>
    public static string FileOf(string name) => Directory.Exists(name) && WrongFile.ModelOf(name) is { } model ? model : name;

    /// <summary>The file that was named; else what was just trained; else, in a fresh clone, the shipped model.</summary>
    public string Path(ParseResult parse) => Named(parse) is { } name
        ? FileOf(name)
        : (File.Exists(RunConfig.DefaultCheckpointPath)
            ? RunConfig.DefaultCheckpointPath
            : System.IO.Path.Combine(AppContext.BaseDirectory, "checkpoints", "time-machine-gru.safetensors"));
}
