using System.CommandLine;

namespace CharLM.Cli.Commands;

/// <summary><c>charlm completion SHELL</c>.</summary>
internal sealed class CompletionCommand : Verb
{
    // The program itself completes: [suggest:N] returns candidates for position N of a line. Candidates may only contain the typed word,
    // hence the filter; the result is one empty word if there are none, and bash then completes file names.
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

    // zsh itself filters by prefix; _files completes if the program has no candidates.
    private const string Zsh = """
        #compdef charlm
        # charlm completion for zsh: source <(charlm completion zsh), after compinit
        _charlm_complete() {
            local line="${words[1,CURRENT]}"
            local -a known
            known=("${(@f)$("${words[1]}" "[suggest:${#line}]" "$line" 2>/dev/null)}")
            known=("${(@)known:#}")
            (( $#known )) && compadd -a known || _files
        }
        compdef _charlm_complete charlm
        """;

    private const string Fish = """
        # charlm completion for fish: charlm completion fish | source
        function __charlm_complete
            set -l line (commandline -cp)
            charlm "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null | string match -v ""
            or __fish_complete_path (commandline -ct)
        end
        complete -c charlm -f -a "(__charlm_complete)"
        """;

    private const string PowerShell = """
        # charlm completion for PowerShell: charlm completion powershell | Out-String | Invoke-Expression
        Register-ArgumentCompleter -Native -CommandName charlm -ScriptBlock {
            param($wordToComplete, $commandAst, $cursorPosition)
            $line = $commandAst.ToString()
            if ($line.Length -lt $cursorPosition) { $line = $line.PadRight($cursorPosition) }
            charlm "[suggest:$cursorPosition]" "$line" 2>$null |
                Where-Object { $_ -and $_.StartsWith($wordToComplete) } |
                ForEach-Object { [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_) }
        }
        """;

    private static readonly Dictionary<string, string> Scripts = new(StringComparer.Ordinal)
    {
        ["bash"] = Bash,
        ["zsh"] = Zsh,
        ["fish"] = Fish,
        ["powershell"] = PowerShell,
    };

    private readonly Argument<string> _shell = new("shell")
    {
        HelpName = string.Join('|', Scripts.Keys),
        Description = "The shell. [required]",
    };

    public CompletionCommand()
        : base("completion", "Print a script that completes charlm's commands and options in a shell.")
    {
        _shell.AcceptOnlyFromAmong([.. Scripts.Keys]);
        Add(_shell);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<(string Command, string Purpose)> Examples =>
    [
        ("eval \"$(charlm completion bash)\"", "in ~/.bashrc"),
        ("source <(charlm completion zsh)", "in ~/.zshrc, after compinit"),
        ("charlm completion fish | source", "in ~/.config/fish/config.fish"),
        ("charlm completion powershell | Out-String | Invoke-Expression", "in $PROFILE"),
    ];

    protected override Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        parse.InvocationConfiguration.Output.WriteLine(Scripts[parse.GetRequiredValue(_shell)]);
        return Task.FromResult(ExitCode.Done);
    }
}
