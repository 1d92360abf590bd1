using System.CommandLine;
using CharLM.Cli.Help;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm help VERB</c>.</summary>
internal sealed class HelpCommand : Verb
{
    private readonly Argument<string[]> _words = new("command")
    {
        HelpName = "command",
        Arity = ArgumentArity.ZeroOrMore,
        Description = "The command, such as train or corpus show. [default: charlm itself]",
    };

    public HelpCommand()
        : base("help", "Show help for a command.")
    {
        _words.CompletionSources.Add(_ => Parents.OfType<Command>().SelectMany(root => root.Subcommands).Select(sub => sub.Name));
        Add(_words);
    }

    protected override Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        Command command = parse.RootCommandResult.Command;
        foreach (string word in parse.GetValue(_words) ?? [])
        {
            string[] known = [.. command.Subcommands.Select(sub => sub.Name)];
            command = command.Subcommands.FirstOrDefault(sub => sub.Name == word)
                ?? throw new InvalidConfigException([$"{HelpPage.PathOf(command)} has no command '{word}'"
                    + (EditDistance.Nearest(word, known) is { } near ? $"; did you mean '{near}'?" : "")]);
        }
        HelpPage.Write(parse.InvocationConfiguration.Output, command, all: false, CharLMCommand.Rest);
        return Task.FromResult(ExitCode.Done);
    }
}
