using System.CommandLine;
using System.CommandLine.Parsing;
using CharLM.Cli.Reporting;

namespace CharLM.Cli;

/// <summary>Says in one sentence why a command line cannot be read, with the nearest name where there is one.</summary>
internal static class UsageFault
{
    private const int LongestWord = 100;

    /// <summary>The first word that nothing takes, else everything that is wrong.</summary>
    public static string Describe(ParseResult parse)
    {
        Command command = parse.CommandResult.Command;
        string help = $" (see {Path(parse.CommandResult)} --help)";
        // What follows an unknown word is most often its value: only the first is worth telling.
        if (parse.UnmatchedTokens.Count > 0)
            return Unknown(parse.CommandResult, parse.UnmatchedTokens[0]) + help;
        if (command.Subcommands.Count > 0)
            return $"give a command: {string.Join(", ", command.Subcommands.Select(sub => sub.Name))}{help}";
        return string.Join("; ", parse.Errors.Select(Describe)) + help;
    }

    private static string Unknown(CommandResult result, string word)
    {
        Command command = result.Command;
        bool isOption = word.StartsWith('-');
        string shown = Printable.Text(word, LongestWord);
        if (!isOption && command.Subcommands.Count == 0)
            return $"{Name(result)} has no use for the word '{shown}'";
        List<string> known = [.. isOption ? command.Options.Select(option => option.Name) : command.Subcommands.Select(sub => sub.Name)];
        string hint = EditDistance.Nearest(shown, known) is { } nearest ? $"; did you mean '{nearest}'?" : "";
        return $"{Name(result)} has no {(isOption ? "option" : "command")} '{shown}'{hint}";
    }

    private static string Describe(ParseError error) => error.SymbolResult switch
    {
        OptionResult { Tokens.Count: 0, Option: { HelpName: { } value } option } => $"{option.Name} needs a value: {value}",
        ArgumentResult { Tokens.Count: 0, Argument: var argument, Parent: CommandResult command } => $"{Name(command)} needs a {argument.Name}",
        _ => error.Message.TrimEnd('.'),
    };

    // "corpus get": the line begins with the program's name anyway.
    private static string Name(CommandResult command) => command.Parent is CommandResult ? Path(command)["charlm ".Length..] : "charlm";

    // "charlm corpus get": as it is typed, whatever the program's file is called.
    private static string Path(CommandResult command) =>
        command.Parent is CommandResult parent ? $"{Path(parent)} {command.Command.Name}" : "charlm";
}
