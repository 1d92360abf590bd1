using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

public sealed class CompletionTests : IDisposable
{
    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    // Lines typed in a bash that has the completion, and what it offers.
    public static TheoryData<string, string[]> Typed => new()
    {
        { "charlm tr", ["train"] },
        { "charlm corpus s", ["show"] },
        { "charlm train --ep", ["--epochs"] },
        { "charlm train --se", ["--seed"] },
        { "charlm train --cell ", ["gru", "lstm", "rnn"] },
        { "charlm train --corpus ti", ["time-machine", "tiny-shakespeare"] },
        { "charlm corpus get mo", ["moby-dick"] },
        { "charlm generate --prefix x --temp", ["--temperature"] },
        { "charlm train --out ", [] },
        { "charlm train --out ch", [] },
    };

    [Theory, MemberData(nameof(Typed))]
    public async Task Completion_InBash_OffersWhatFits(string line, string[] offered)
    {
        Outcome outcome = (await _sandbox.BashAsync(
            """
            eval "$(charlm completion bash)"
            COMP_LINE=$1 COMP_POINT=${#1}
            read -ra COMP_WORDS <<<"$1"
            [[ $1 != *' ' ]] || COMP_WORDS+=("")
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            _charlm_complete
            printf '%s\n' "${COMPREPLY[@]}"
            """,
            line)).Succeeded();
        Assert.Empty(outcome.Error);
        Assert.Equal(offered, outcome.OutputLines.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Completion_InBash_IsRegisteredForTheProgram()
    {
        Outcome outcome = (await _sandbox.BashAsync("eval \"$(charlm completion bash)\" && complete -p charlm")).Succeeded();
        Assert.Equal("complete -o default -F _charlm_complete charlm", outcome.Output.TrimEnd());
    }
}
