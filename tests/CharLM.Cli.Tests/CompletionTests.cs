using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

public sealed class CompletionTests : IDisposable
{
    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    // Lines typed in a bash with the completion, and the candidates.
    private static readonly (string Line, string[] Offered)[] Typed =
    [
        ("charlm tr", ["train"]),
        ("charlm corpus s", ["show"]),
        ("charlm train --ep", ["--epochs"]),
        ("charlm train --se", ["--seed"]),
        ("charlm train --cell ", ["esn", "gru", "lstm", "rnn"]),
        ("charlm train --corpus ti", ["time-machine", "tiny-shakespeare"]),
        ("charlm corpus get mo", ["moby-dick"]),
        ("charlm generate --prefix x --temp", ["--temperature"]),
        ("charlm train --out ", []),
        ("charlm train --out ch", []),
    ];

    [Fact]
    public async Task Completion_InBash_OffersWhatFits()
    {
        Outcome outcome = (await _sandbox.BashAsync(
            """
            eval "$(charlm completion bash)"
            for line in "$@"; do
                COMP_LINE=$line COMP_POINT=${#line}
                read -ra COMP_WORDS <<<"$line"
                [[ $line != *' ' ]] || COMP_WORDS+=("")
                COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
                _charlm_complete
                echo "$line:" $(printf '%s\n' "${COMPREPLY[@]}" | LC_ALL=C sort)
            done
            """,
            [.. Typed.Select(typed => typed.Line)])).Succeeded();
        Assert.Empty(outcome.Error);
        Assert.Equal(Typed.Select(typed => $"{typed.Line}: {string.Join(' ', typed.Offered)}".TrimEnd()),
            outcome.OutputLines.Select(line => line.TrimEnd()));
    }

    [Fact]
    public async Task Completion_InBash_IsRegisteredForTheProgram()
    {
        Outcome outcome = (await _sandbox.BashAsync("eval \"$(charlm completion bash)\" && complete -p charlm")).Succeeded();
        Assert.Equal("complete -o default -F _charlm_complete charlm", outcome.Output.TrimEnd());
    }

    [Fact]
    public async Task Completion_InFish_OffersWhatFits()
    {
        SkipWithout("fish");
        Outcome outcome = (await _sandbox.BashAsync(
            """
            charlm completion fish > c.fish
            fish --no-config -c 'source c.fish; for line in $argv; echo "$line:" (complete -C "$line"); end' -- "$@"
            """,
            [.. Typed.Select(typed => typed.Line)])).Succeeded();
        Assert.Empty(outcome.Error);
        // Without candidates, bash offers files.
        Assert.Equal(Typed.Select(typed => $"{typed.Line}: {string.Join(' ', typed.Line == "charlm train --out " ? ["c.fish"]
            : typed.Offered)}".TrimEnd()), outcome.OutputLines.Select(line => line.TrimEnd()));
    }

    [Fact]
    public async Task Completion_InZsh_OffersWhatFits()
    {
        SkipWithout("zsh");
        Outcome outcome = (await _sandbox.BashAsync(
            """
            charlm completion zsh > c.zsh
            cat > try.zsh <<'END'
            compdef() { :; }
            compadd() { for word in "${(@P)@[-1]}"; do [[ $word == "${words[CURRENT]}"* ]] && offered+=("$word"); done; true; }
            _files() { :; }
            source c.zsh
            for line in "$@"; do
                words=("${(@s: :)line}") CURRENT=${#words} offered=()
                _charlm_complete
                print -r -- "$line: ${(oj: :)offered}"
            done
            END
            zsh -f try.zsh "$@"
            """,
            [.. Typed.Select(typed => typed.Line)])).Succeeded();
        Assert.Empty(outcome.Error);
        Assert.Equal(Typed.Select(typed => $"{typed.Line}: {string.Join(' ', typed.Offered)}"), outcome.OutputLines);
    }

    [Fact]
    public async Task Completion_InPowerShell_IsRead()
    {
        SkipWithout("pwsh");
        (await _sandbox.BashAsync("charlm completion powershell > c.ps1 && pwsh -NoProfile -File c.ps1")).Succeeded();
    }

    private static void SkipWithout(string shell) =>
        Assert.SkipUnless(File.Exists($"/usr/bin/{shell}"), $"{shell} is not installed");
}
