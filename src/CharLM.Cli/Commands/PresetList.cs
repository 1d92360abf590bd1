using System.CommandLine;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Commands;

/// <summary>What <c>--preset list</c> prints.</summary>
internal static class PresetList
{
    /// <summary>The word that asks for it.</summary>
    public const string Word = "list";

    /// <summary>Prints every preset with what it is, a line each.</summary>
    public static int Print(ParseResult parse)
    {
        int longest = RunConfigFile.Presets.Max(name => name.Length);
        parse.InvocationConfiguration.Output.WriteLine(
            $"{OwnText.Preset.PadRight(longest)}  A text of your own: settings by its length, three minutes, unseen text measured.");
        foreach (string name in RunConfigFile.Presets)
            parse.InvocationConfiguration.Output.WriteLine($"{name.PadRight(longest)}  {RunConfigFile.AboutPreset(name)}");
        return ExitCode.Done;
    }
}
