using System.CommandLine;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm classify</c>.</summary>
internal sealed class ClassifyCommand : Command
{
    public ClassifyCommand()
        : base("classify", "Label texts, or each of their characters, with a classifier trained on pairs.")
    {
        Add(new ClassifyTrainCommand());
        Add(new ClassifyPredictCommand());
        Add(new ClassifyEvalCommand());
    }
}
