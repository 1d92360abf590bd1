using System.CommandLine;
using System.CommandLine.Parsing;
using CharLM.Corpora;
using CharLM.Runs;

namespace CharLM.Cli.Commands;

/// <summary>The command line that goes on with an interrupted run, ready for a shell.</summary>
internal static class GoOnCommand
{
    /// <summary>Names how the user calls the program; scripts/charlm sets it to itself.</summary>
    private const string ProgramVariable = "CHARLM_PROGRAM_NAME";

    private static readonly string[] Replaced = ["--checkpoint", "--corpus", "--out"];

    private static readonly string[] Repeated = ["--device", "--threads", "--report-every", "--log-json", "--tensorboard", "--json", "--out"];

    /// <summary>The user's own command with the checkpoint put in.</summary>
    /// <param name="parse">What the user typed.</param>
    /// <param name="corpus">The text that was really used: "auto" may mean another one next time.</param>
    /// <param name="result">Where the run was saved.</param>
    public static string For(ParseResult parse, CorpusOrigin corpus, RunResult result)
    {
        string program = Environment.GetEnvironmentVariable(ProgramVariable) is { Length: > 0 } name ? name : "charlm";
        string text = corpus.Kind == CorpusOriginKind.Catalog ? corpus.Name : corpus.Requested;
        string[] words = result.RunDirectory is { } run
            ? [program, "train", "--resume", run, .. Machine(parse.Tokens)]
            : [program, .. Kept(parse.Tokens), "--checkpoint", result.CheckpointPath, "--corpus", text, "--out", result.CheckpointPath];
        string command = string.Join(' ', words.Select(Quote));
        return corpus.Kind == CorpusOriginKind.StandardInput ? $"{command} (with the same text on standard input)" : command;
    }

    private static IEnumerable<string> Kept(IReadOnlyList<Token> tokens)
    {
        for (int i = 0; i < tokens.Count; i++)
        {
            if (tokens[i].Type == TokenType.Option && Replaced.Contains(tokens[i].Value))
                i++; // its value goes with it
            else
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

    // As POSIX shells read it: within single quotes nothing but the single quote itself means anything.
    private static string Quote(string word) =>
        word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c) || "-_./:=,+@%".Contains(c))
            ? word
            : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
