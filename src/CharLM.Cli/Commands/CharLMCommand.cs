using System.CommandLine;
using System.CommandLine.Help;
using CharLM.Cli.Help;
using CharLM.Cli.Options;

namespace CharLM.Cli.Commands;

/// <summary>The root command: the verbs, <c>--help</c> and <c>--version</c>.</summary>
internal static class CharLMCommand
{
    /// <summary>The end of the program's help.</summary>
    public static string Rest() => $"""

        Examples:
          charlm train                     train on The Time Machine (without a network: on the bundled novella)
          charlm train mybook.txt          train on a text of your own
          charlm generate "Once upon"      continue a text with the model that was trained last
          charlm eval                      measure that model on text it was not trained on

        Environment:
          CHARLM_CACHE          folder for downloaded corpora [default: {CorpusOptions.DefaultCache() ?? "none without a home directory"}]
          CHARLM_CORPUS_MIRROR  folder or address to try before a corpus's own sources [default: none]
          {ServeCommand.KeyVariable}            key that requests to charlm serve must carry [default: none]
          {Failure.DebugVariable}          set to 1 to print the stack trace of an unexpected failure [default: off]
          NO_COLOR              set to anything to turn colors off [default: colors on a terminal]

        Exit codes:
          {ExitCode.Help}

        Results go to standard output, everything else to standard error.
        charlm COMMAND --help shows a command's common options, charlm COMMAND --help-all all of them.
        """;

    // In the order of the help.
    private static readonly (string Name, Func<Command> Create)[] Verbs =
    [
        ("train", () => new TrainCommand()),
        ("generate", () => new GenerateCommand()),
        ("eval", () => new EvalCommand()),
        ("score", () => new ScoreCommand()),
        ("ngram", () => new NGramCommand()),
        ("inspect", () => new InspectCommand()),
        ("experiment", () => new ExperimentCommand()),
        ("classify", () => new ClassifyCommand()),
        ("seq2seq", () => new Seq2SeqCommand()),
        ("corpus", () => new CorpusCommand()),
        ("gradients", () => new GradientsCommand()),
        ("bench", () => new BenchCommand()),
        ("report", () => new ReportCommand()),
        ("serve", () => new ServeCommand()),
        ("runs", () => new RunsCommand()),
        ("import", () => new ImportCommand()),
        ("export", () => new ExportCommand()),
        ("completion", () => new CompletionCommand()),
        ("help", () => new HelpCommand()),
    ];

    // These two look at the other verbs.
    private static readonly string[] AboutVerbs = ["completion", "help"];

    /// <summary>Creates the command tree; nothing here loads torch, so that help is instant.</summary>
    /// <param name="words">
    /// The words to parse: if the first is a verb, the others are left out, which saves a sixth of a short call's time.
    /// </param>
    public static RootCommand Create(IReadOnlyList<string> words)
    {
        var root = new RootCommand("Train character language models, measure them, and generate text with them.");
        bool isOne = words.Count > 0 && !AboutVerbs.Contains(words[0]) && Verbs.Any(verb => verb.Name == words[0]);
        foreach ((string name, Func<Command> create) in Verbs)
        {
            if (!isOne || name == words[0])
                root.Add(create());
        }
        root.Options.Clear();
        // The library's own help option has four more names, two of them absolute paths on Unix.
        var help = new HelpOption("--help", "-h") { Description = "Show the common options of a command." };
        help.Action = new HelpPage(all: false, Rest);
        root.Options.Add(help);
        root.Options.Add(new Option<bool>(HelpPage.AllOption)
        {
            Description = "Show every option of a command.",
            Arity = ArgumentArity.Zero,
            Recursive = true,
            Action = new HelpPage(all: true, Rest),
        });
        // The library's own version option refuses other options beside it.
        Option<bool> json = new("--json") { Description = "With --version: print a JSON object." };
        root.Options.Add(new Option<bool>("--version")
        {
            Description = "Show the version of charlm, of torch, and the device.",
            Arity = ArgumentArity.Zero,
            Action = new VersionAction(json),
        });
        root.Options.Add(json);
        return root;
    }
}
