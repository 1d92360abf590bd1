using System.CommandLine;

namespace CharLM.Cli.Commands;

/// <summary>The program: its verbs, and what <c>--version</c> prints.</summary>
internal static class CharLMCommand
{
    /// <summary>The command tree; nothing here touches torch, so that help comes at once.</summary>
    public static RootCommand Create()
    {
        var root = new RootCommand($"Trains character language models and continues text with them. {ExitCode.Help}")
        {
            new TrainCommand(),
            new GenerateCommand(),
            new CorpusCommand(),
            new CompletionCommand(),
        };
        root.Options.OfType<VersionOption>().Single().Action = new VersionAction();
        return root;
    }
}
