using System.CommandLine;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm completion bash</c>.</summary>
internal sealed class CompletionCommand : Verb
{
    // The program itself knows its words: [suggest:N] asks it for those that fit at place N of a line.
    private const string Bash = """
        # charlm completion for bash: eval "$(charlm completion bash)"
        _charlm_complete() {
            local word
            COMPREPLY=()
            while IFS= read -r word; do COMPREPLY+=("$word"); done < <("${COMP_WORDS[0]}" "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null)
        }
        complete -o default -F _charlm_complete charlm scripts/charlm
        """;

    private readonly Argument<string> _shell = new("shell") { Description = "The shell: bash." };

    public CompletionCommand()
        : base("completion", "Print a completion script for a shell.")
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
