using System.CommandLine;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Commands;

/// <summary>What <c>--preset list</c> prints.</summary>
internal static class PresetList
{
    /// <summary>The value of <c>--preset</c> that prints the list.</summary>
    public const string Word = "list";

    /// <summary>Prints every preset with its description, one per line.</summary>
    public static int Print(ParseResult parse)
    {
        int longest = RunConfigFile.Presets.Max(name => name.Length);
        parse.InvocationConfiguration.Output.WriteLine(
            $"{OwnText.Preset.PadRight(longest)}  A text of your own: settings by its length, three minutes, unseen text measured.");
        return Print(parse, RunConfigFile.Presets);
    }

    /// <summary>Prints some presets with their descriptions.</summary>
    public static int Print(ParseResult parse, IReadOnlyList<string> presets)
    {
        int longest = presets.Max(name => name.Length);
        foreach (string name in presets)
            parse.InvocationConfiguration.Output.WriteLine($"{name.PadRight(longest)}  {RunConfigFile.AboutPreset(name)}");
        return ExitCode.Done;
    }
}
