using System.CommandLine;
using System.CommandLine.Parsing;
using CharLM.Cli.Streams;

namespace CharLM.Cli;

/// <summary>Explains in one sentence why a command line is invalid, with the nearest valid name if there is one.</summary>
internal static class UsageError
{
    private const int LongestWord = 100;

    /// <summary>An unknown option that was parsed as a file name; null if there is none. Words after -- are always names.</summary>
    public static string? StrayOption(ParseResult parse)
    {
        HashSet<string> names = [.. parse.CommandResult.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens)
            .Select(token => token.Value)];
        return parse.Tokens.TakeWhile(token => token.Type != TokenType.DoubleDash).Where(token => token.Type == TokenType.Argument)
            .Select(token => token.Value)
                .FirstOrDefault(word => word.Length > 1 && word[0] == '-' && !word.Any(char.IsWhiteSpace) && names.Contains(word));
    }

    /// <summary>The first unmatched word, else every error.</summary>
    public static string Describe(ParseResult parse)
    {
        Command command = parse.CommandResult.Command;
        string help = $" (see {Path(parse.CommandResult)} --help)";
        if (StrayOption(parse) is { } stray)
            return Unknown(parse.CommandResult, stray) + help;
        // Words after an unknown option are usually its value, so only the first is reported.
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
            return $"{Name(result)} does not take the word '{shown}'{Quotes(command)}";
        List<string> known = [.. isOption ? command.Options.Where(option => !option.Hidden).Select(option => option.Name)
            : command.Subcommands.Select(sub => sub.Name)];
        string? meant = isOption ? Synonyms.Of(word.Split('=')[0], known) ?? Nearest(word.Split('=')[0], known)
            : EditDistance.Nearest(shown, known);
        string hint = meant is null ? "" : $"; did you mean '{meant}'?";
        return $"{Name(result)} has no {(isOption ? "option" : "command")} '{shown}'{hint}";
    }

    private static string Quotes(Command command) =>
        command.Arguments.Any(argument => argument is { Name: "text", Arity.MaximumNumberOfValues: 1 }) ? "; put the text in quotes" : "";

    // A typing error changes at most a third of a name; dashes are ignored, since all options share them. No hint is better than a wrong
    // one.
    private static string? Nearest(string word, IEnumerable<string> known)
    {
        string name = word.TrimStart('-').ToLowerInvariant().Replace('_', '-');
        string? nearest = EditDistance.Nearest(name, [.. known.Select(option => option.TrimStart('-'))]);
        return nearest is not null && 3 * EditDistance.Between(name, nearest) <= Math.Max(name.Length, nearest.Length)
            ? $"--{nearest}" : null;
    }

    private static string Describe(ParseError error) => error.SymbolResult switch
    {
        OptionResult { Tokens.Count: 0, Option: { HelpName: { } value } option } => $"{option.Name} needs a value: {value}",
        ArgumentResult { Tokens.Count: 0, Argument: var argument, Parent: CommandResult command } =>
            $"{Name(command)} needs a {argument.Name}",
        _ => error.Message.TrimEnd('.'),
    };

    // "corpus get": the error line already begins with the program's name.
    private static string Name(CommandResult command) => command.Parent is CommandResult ? Path(command)["charlm ".Length..] : "charlm";

    // "charlm corpus get": as typed, whatever the program's file is called.
    private static string Path(CommandResult command) =>
        command.Parent is CommandResult parent ? $"{Path(parent)} {command.Command.Name}" : "charlm";
}
