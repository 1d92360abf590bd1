using System.CommandLine;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm classify</c>.</summary>
internal sealed class ClassifyCommand : Command
{
    /// <summary>Where a checkpoint is written, and looked for, when nothing else is said.</summary>
    public const string DefaultCheckpoint = "checkpoints/classifier.safetensors";

    public ClassifyCommand()
        : base("classify", "Label texts, or each of their characters: train on pairs, predict, measure.")
    {
        Add(new ClassifyTrainCommand());
        Add(new ClassifyPredictCommand());
        Add(new ClassifyEvalCommand());
    }
}
