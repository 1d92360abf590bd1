using System.CommandLine;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm completion bash</c>.</summary>
internal sealed class CompletionCommand : Verb
{
    // The program itself knows its words: [suggest:N] asks it for those that fit at place N of a line. It also names words
    // that only contain what was typed, and one empty word where it knows none: there, bash completes file names.
    private const string Bash = """
        # charlm completion for bash: eval "$(charlm completion bash)"
        _charlm_complete() {
            local word typed=${COMP_WORDS[COMP_CWORD]}
            COMPREPLY=()
            while IFS= read -r word; do
                [[ -n $word && $word == "$typed"* ]] && COMPREPLY+=("$word")
            done < <("${COMP_WORDS[0]}" "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null)
        }
        complete -o default -F _charlm_complete charlm scripts/charlm
        """;

    private readonly Argument<string> _shell = new("shell") { HelpName = "shell", Description = "The shell: bash." };

    public CompletionCommand()
        : base("completion", "Print a completion script for a shell; to use it: eval \"$(charlm completion bash)\".")
    {
        _shell.AcceptOnlyFromAmong("bash");
        Add(_shell);
    }

    protected override Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        parse.InvocationConfiguration.Output.WriteLine(Bash);
        return Task.FromResult(ExitCode.Done);
    }
}
