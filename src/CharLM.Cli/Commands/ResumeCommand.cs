using System.CommandLine;
using System.CommandLine.Parsing;
using CharLM.Corpora;

namespace CharLM.Cli.Commands;

/// <summary>The command line that continues an interrupted run, ready for a shell.</summary>
internal static class ResumeCommand
{
    /// <summary>The variable with the command by which the user calls the program; scripts/charlm sets it.</summary>
    private const string ProgramVariable = "CHARLM_PROGRAM_NAME";

    private static readonly string[] Replaced = ["--checkpoint", "--corpus", "--out"], Lengths = ["--steps", "--minutes", "--epochs"];

    private static readonly string[] Repeated = ["--device", "--threads", "--report-every", "--log-json", "--tensorboard", "--json",
        "--out", "--cells"];

    /// <summary>The user's own command with the checkpoint inserted, or only the run directory.</summary>
    /// <param name="parse">What the user typed.</param>
    /// <param name="runDirectory">The run directory; null if only a checkpoint was saved.</param>
    /// <param name="checkpoint">Where the model was saved.</param>
    /// <param name="corpus">The text actually used ("auto" may resolve to another one next time); null for models on pairs.</param>
    /// <param name="stepsLeft">
    /// The steps that a run by steps has left, which a checkpoint without a run directory does not count; null for a run by epochs.
    /// </param>
    public static string For(
        ParseResult parse, string? runDirectory, string checkpoint, CorpusOrigin? corpus = null, long? stepsLeft = null)
    {
        string[] text = corpus is null ? []
            : [.. (corpus.Kind == CorpusOriginKind.Catalog ? corpus.Texts : corpus.Requested).SelectMany(one => new[] { "--corpus", one })];
        IEnumerable<string> verb = parse.Tokens.Where(token => token.Type == TokenType.Command).Select(token => token.Value);
        string[] words = runDirectory is not null
            ? [.. Program(), .. verb, "--resume", runDirectory, .. Machine(parse.Tokens)]
            : [.. Program(), .. Kept(parse, stepsLeft is null ? Replaced : [.. Replaced, .. Lengths]), "--checkpoint", checkpoint, .. text,
                .. stepsLeft is null ? Array.Empty<string>() : ["--steps", $"{stepsLeft}"], "--out", checkpoint];
        string command = Shell.Line(Shell.AtHand(), words);
        return corpus?.Kind == CorpusOriginKind.StandardInput ? $"{command} (with the same text on standard input)" : command;
    }

    // Arguments without an option are the texts.
    private static IEnumerable<string> Kept(ParseResult parse, string[] replaced)
    {
        IReadOnlyList<Token> tokens = parse.Tokens;
        var texts = new HashSet<Token>(
            parse.CommandResult.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens),
                ReferenceEqualityComparer.Instance);
        for (int i = 0; i < tokens.Count; i++)
        {
            if (tokens[i].Type == TokenType.Option && replaced.Contains(tokens[i].Value))
            {
                // Its value goes with it; --checkpoint may have none.
                if (i + 1 < tokens.Count && tokens[i + 1].Type == TokenType.Argument && !texts.Contains(tokens[i + 1]))
                    i++;
            }
            else if (tokens[i].Type != TokenType.DoubleDash && !texts.Contains(tokens[i]))
                yield return tokens[i].Value;
        }
    }

    // A run directory holds everything except where the run computes and reports.
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

    // The caller's own name for the program; else its file name if the shell would find it by that; else its path.
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
