using System.CommandLine;
using System.CommandLine.Help;

namespace CharLM.Cli.Commands;

/// <summary>The program: its verbs, and what <c>--help</c> and <c>--version</c> print.</summary>
internal static class CharLMCommand
{
    /// <summary>The command tree; nothing here touches torch, so that help comes at once.</summary>
    public static RootCommand Create()
    {
        var root = new RootCommand("Trains character language models and continues text with them.")
        {
            new TrainCommand(),
            new GenerateCommand(),
            new EvalCommand(),
            new ScoreCommand(),
            new NGramCommand(),
            new InspectCommand(),
            new ExperimentCommand(),
            new ClassifyCommand(),
            new Seq2SeqCommand(),
            new CorpusCommand(),
            new GradientsCommand(),
            new BenchCommand(),
            new ReportCommand(),
            new ImportCommand(),
            new ExportCommand(),
            new CompletionCommand(),
        };
        root.Options.Clear();
        // The library's own has four more names, two of them absolute paths on Unix.
        var help = new HelpOption("--help", "-h") { Description = "Show this help." };
        help.Action = new HelpPage((HelpAction)help.Action!);
        root.Options.Add(help);
        // The library's own refuses to stand beside another option.
        Option<bool> json = new("--json") { Description = "With --version: print one JSON object." };
        root.Options.Add(new Option<bool>("--version")
        {
            Description = "Show the versions of the program and of torch.",
            Arity = ArgumentArity.Zero,
            Action = new VersionAction(json),
        });
        root.Options.Add(json);
        return root;
    }
}
