using System.CommandLine;
using CharLM.Cli.Help;
using CharLM.Cli.Streams;
using CharLM.Models;
using CharLM.Workbench.Cells;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Options;

/// <summary>The assembly whose cells models may be made of. Its code runs because the user names it here, and for nothing else.</summary>
internal static class CellsOption
{
    private const string Name = "--cells";

    /// <summary>What takes a cell that is missing.</summary>
    public const string Advice = "--cells FILE takes the assembly that has it";

    /// <summary>Adds the option to a verb.</summary>
    public static void AddTo(Command command) => command.Add(HelpGroup.Model, OptionOf.Text(
        Name, "FILE", "Assembly with cells of your own, for --cell and for models made of them; its code is run. [default: none]"));

    /// <summary>Loads the assembly that was named, and says that its code runs; null when none was.</summary>
    public static CellFile? Load(ParseResult parse)
    {
        if (Named(parse) is not { } path)
            return null;
        MissingLibrary.Require();
        CellFile file = CellFile.Load(path);
        parse.InvocationConfiguration.Error.WriteLine(
            $"cells   {string.Join(", ", file.Cells)}; the code of {Printable.Text(path)} runs in this process, SHA-256 {file.Sha256}");
        return file;
    }

    /// <summary>Whether the verb takes the option.</summary>
    public static bool IsIn(ParseResult parse) => OptionIn(parse) is not null;

    /// <summary>The assembly that was named; null when none was, or the verb takes none.</summary>
    public static string? Named(ParseResult parse) => OptionIn(parse) is { } option ? parse.GetValue(option) : null;

    /// <summary>The same option for a process that runs for this one.</summary>
    public static IReadOnlyList<string> Forward(ParseResult parse) => Named(parse) is { } path ? [Name, Path.GetFullPath(path)] : [];

    /// <summary>A configuration that remembers where its cell comes from.</summary>
    /// <exception cref="InvalidConfigException">
    /// Its cell is in no assembly that was named, in another one than it says, or it has none of a named assembly's.
    /// </exception>
    public static TConfig Remember<TConfig>(TConfig config, CellFile? file)
        where TConfig : RunSettings
    {
        ModelConfig model = config.Network;
        if (model.Cell != CellKind.Own && file is not null)
            throw new InvalidConfigException(
                [$"cells names {file.Path}, and the model's cell is {model.CellName}: expected one of {string.Join(", ", file.Cells)}"]);
        if (model.Cell != CellKind.Own)
            return config;
        if (RecurrentCells.Find(model.OwnCell) is not { } cell)
            throw new InvalidConfigException([$"{RecurrentCells.ErrorOf(model.OwnCell)}; {Advice}"]);
        if (config.CellsSha256 is { } before && before != cell.Sha256)
            throw new InvalidConfigException(
                [$"the cell {cell.Name} comes from another file than in the configuration: SHA-256 is {cell.Sha256}, expected {before}"]);
        return (TConfig)((RunSettings)config with { CellsFile = file?.Path ?? config.CellsFile, CellsSha256 = cell.Sha256 });
    }

    private static Option<string?>? OptionIn(ParseResult parse) =>
        parse.CommandResult.Command.Options.OfType<Option<string?>>().FirstOrDefault(option => option.Name == Name);
}
