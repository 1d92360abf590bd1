using System.CommandLine;
using System.CommandLine.Invocation;

namespace CharLM.Cli.Help;

/// <summary>
/// The help of the program and its verbs, in two levels: the common options with examples, or every option by group. The program's own help
/// ends with a text about all verbs.
/// </summary>
/// <param name="all">Whether to show every option.</param>
/// <param name="rest">The end of the program's help.</param>
internal sealed class HelpPage(bool all, Func<string> rest) : SynchronousCommandLineAction
{
    /// <summary>The option that shows every option.</summary>
    public const string AllOption = "--help-all";

    // Up to this many options, help shows all.
    private const int FewOptions = 14;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        Write(parseResult.InvocationConfiguration.Output, parseResult.CommandResult.Command, all, rest);
        return ExitCode.Done;
    }

    /// <summary>Writes a page.</summary>
    public static void Write(TextWriter output, Command command, bool all, Func<string> rest)
    {
        var table = new HelpTable(output);
        Argument[] arguments = [.. command.Arguments.Where(argument => !argument.Hidden)];
        Option[] options = [.. command.Options.Where(option => !option.Hidden)];
        table.Paragraph(command.Description ?? "");
        output.WriteLine();
        output.WriteLine($"Usage: {Usage(command, arguments, options)}");
        table.Section("Arguments", arguments.Select(argument => (Name(argument), argument.Description ?? "")));
        table.Section("Commands", command.Subcommands.Where(sub => !sub.Hidden).Select(sub => (sub.Name, sub.Description ?? "")));
        string[] common = command is IHelped helped ? helped.CommonOptions : [];
        bool isShort = !all && common.Length > 0 && options.Length > FewOptions;
        if (isShort)
            table.Section("Common options", Rows(common.Select(name => options.First(option => option.Name == name))));
        else
            WriteGroups(table, options);
        table.Section("Examples", command is IHelped { Examples: var examples } ? examples : []);
        if (isShort)
        {
            output.WriteLine();
            table.Paragraph($"{AllOption} shows all {options.Length} options: {Groups(options)}.");
        }
        if (command is RootCommand)
            output.WriteLine(rest());
    }

    /// <summary>A command as typed, whatever the program's file is called: "charlm corpus get".</summary>
    public static string PathOf(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent ? $"{PathOf(parent)} {command.Name}" : "charlm";

    private static void WriteGroups(HelpTable table, Option[] options)
    {
        foreach (IGrouping<HelpGroup, Option> group in options.GroupBy(HelpGroups.GroupOf).OrderBy(group => group.Key))
            table.Section(Title(group.Key), Rows(group));
    }

    private static string Groups(Option[] options) => string.Join(", ",
        options.Select(HelpGroups.GroupOf).Where(group => group != HelpGroup.Options).Distinct().Order()
            .Select(group => Title(group).ToLowerInvariant()));

    private static string Title(HelpGroup group) => group switch
    {
        HelpGroup.Options => "Options",
        HelpGroup.Rare => "Rarely needed",
        _ => $"{group}",
    };

    private static string Usage(Command command, Argument[] arguments, Option[] options)
    {
        IEnumerable<string> words = arguments.Select(argument => argument.Arity.MinimumNumberOfValues == 0
            ? $"[{Name(argument)}]" : Name(argument));
        string sub = command.Subcommands.Count > 0 ? " COMMAND" : "";
        return $"{PathOf(command)}{sub}{string.Concat(words.Select(word => $" {word}"))}{(options.Length > 0 ? " [options]" : "")}";
    }

    private static string Name(Argument argument) =>
        $"<{argument.HelpName ?? argument.Name}>{(argument.Arity.MaximumNumberOfValues > 1 ? "..." : "")}";

    private static IEnumerable<(string, string)> Rows(IEnumerable<Option> options) => options.Select(option => (
        option.HelpName is { } value ? $"{option.Name} <{value}>" : option.Name,
        $"{option.Description}{(option.Required ? " [required]" : "")}"));
}

/// <summary>A command with common options and examples for its help.</summary>
internal interface IHelped
{
    /// <summary>The options that short help shows, in order; empty to show all.</summary>
    string[] CommonOptions { get; }

    /// <summary>Example commands and what they do.</summary>
    IReadOnlyList<(string Command, string Purpose)> Examples { get; }
}
