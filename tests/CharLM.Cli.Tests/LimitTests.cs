using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary>A shell with a low limit of open files.</summary>
public sealed class LimitTests : IDisposable
{
    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    // .NET determines how many are needed: at each limit the program works, or complains in one line. Below 32, .NET does not start; at
    // a few limits above, it cannot start its own threads and aborts, reported as "Out of memory" or as an OutOfMemoryException.
    [Theory]
    [InlineData("inspect")]
    [InlineData("corpus list")]
    [InlineData("generate --length 3")]
    public async Task AnyVerb_FewOpenFiles_WorksOrSaysWhyNot(string verb)
    {
        int failures = 0;
        foreach (int limit in new[] { 32, 40, 48, 64, 80, 100 })
        {
            Outcome outcome = await _sandbox.BashAsync($"ulimit -n {limit}; charlm {verb}");
            if (outcome.ExitCode == 0 || IsDeathOfTheRuntime(outcome))
                continue;
            failures++;
            Assert.True(outcome.ExitCode == 1, $"exit code {outcome.ExitCode} at {limit}: {outcome.Error}");
            Assert.Contains("too many open files: raise their limit (ulimit -n)", Assert.Single(outcome.Complaints),
                StringComparison.Ordinal);
        }
        Assert.True(failures > 0, "no limit was too low: the test shows nothing any more");
        (await _sandbox.BashAsync($"ulimit -n 1024; charlm {verb}")).Succeeded();
    }

    private static bool IsDeathOfTheRuntime(Outcome outcome) => outcome.ExitCode == 134
        && (outcome.Error.StartsWith("Out of memory.", StringComparison.Ordinal)
            || outcome.Error.Contains("System.OutOfMemoryException", StringComparison.Ordinal));
}
