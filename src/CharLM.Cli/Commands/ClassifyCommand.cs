using System.CommandLine;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm classify</c>.</summary>
internal sealed class ClassifyCommand : Command
{
    /// <summary>The default path of the checkpoint, for writing and reading.</summary>
    public static readonly string DefaultCheckpoint = RunKind.Classifier.Defaults.CheckpointPath;

    public ClassifyCommand()
        : base("classify", "Label texts, or each of their characters, with a classifier trained on pairs.")
    {
        Add(new ClassifyTrainCommand());
        Add(new ClassifyPredictCommand());
        Add(new ClassifyEvalCommand());
    }
}
