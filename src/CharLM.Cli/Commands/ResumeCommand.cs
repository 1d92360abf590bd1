using System.CommandLine;
using System.CommandLine.Parsing;
using CharLM.Corpora;

namespace CharLM.Cli.Commands;

/// <summary>The command line that goes on with an interrupted run, ready for a shell.</summary>
internal static class ResumeCommand
{
    /// <summary>Names how the user calls the program; scripts/charlm sets it to itself.</summary>
    private const string ProgramVariable = "CHARLM_PROGRAM_NAME";

    private static readonly string[] Replaced = ["--checkpoint", "--corpus", "--out"];

    private static readonly string[] Repeated = ["--device", "--threads", "--report-every", "--log-json", "--tensorboard", "--json",
        "--out", "--cells"];

    /// <summary>The user's own command with the checkpoint put in, or the run directory alone.</summary>
    /// <param name="parse">What the user typed.</param>
    /// <param name="runDirectory">Where all of the run was saved; null when only a checkpoint was.</param>
    /// <param name="checkpoint">Where the model was saved.</param>
    /// <param name="corpus">The text that was really used: "auto" may mean another one next time; null for models on pairs.</param>
    public static string For(ParseResult parse, string? runDirectory, string checkpoint, CorpusOrigin? corpus = null)
    {
        string[] text = corpus is null ? []
            : [.. (corpus.Kind == CorpusOriginKind.Catalog ? corpus.Texts : corpus.Requested).SelectMany(one => new[] { "--corpus", one })];
        IEnumerable<string> verb = parse.Tokens.Where(token => token.Type == TokenType.Command).Select(token => token.Value);
        string[] words = runDirectory is not null
            ? [.. Program(), .. verb, "--resume", runDirectory, .. Machine(parse.Tokens)]
            : [.. Program(), .. Kept(parse), "--checkpoint", checkpoint, .. text, "--out", checkpoint];
        string command = Shell.Line(Shell.AtHand(), words);
        return corpus?.Kind == CorpusOriginKind.StandardInput ? $"{command} (with the same text on standard input)" : command;
    }

    // What was named by position are the texts.
    private static IEnumerable<string> Kept(ParseResult parse)
    {
        IReadOnlyList<Token> tokens = parse.Tokens;
        var texts = new HashSet<Token>(
            parse.CommandResult.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens),
                ReferenceEqualityComparer.Instance);
        for (int i = 0; i < tokens.Count; i++)
        {
            if (tokens[i].Type == TokenType.Option && Replaced.Contains(tokens[i].Value))
                i++; // its value goes with it
            else if (tokens[i].Type != TokenType.DoubleDash && !texts.Contains(tokens[i]))
                yield return tokens[i].Value;
        }
    }

    // A run directory holds all but where and how it is computed and reported.
    private static IEnumerable<string> Machine(IReadOnlyList<Token> tokens)
    {
        for (int i = 0; i < tokens.Count; i++)
        {
            if (tokens[i].Type != TokenType.Option || !Repeated.Contains(tokens[i].Value))
                continue;
            yield return tokens[i].Value;
            if (i + 1 < tokens.Count && tokens[i + 1].Type == TokenType.Argument)
                yield return tokens[i + 1].Value;
        }
    }

    // As whoever started it calls it; else by its name where the shell finds it by that, and by its path where not.
    private static string[] Program()
    {
        if (Environment.GetEnvironmentVariable(ProgramVariable) is { Length: > 0 } name)
            return [name];
        string file = Environment.ProcessPath ?? "";
        if (Path.GetFileNameWithoutExtension(file) == "dotnet")
            return [file, Path.Combine(AppContext.BaseDirectory, "charlm.dll")];
        string[] found = (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return found.Select(folder => Path.Combine(folder, Path.GetFileName(file))).FirstOrDefault(File.Exists) == file || file.Length == 0
            ? ["charlm"] : [file];
    }
}
