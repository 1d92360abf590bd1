using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary>The repository's scripts, as far as that is cheap: none of these tests builds anything.</summary>
public sealed class ScriptTests : IDisposable
{
    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public async Task Scripts_All_AreBash()
    {
        string[] scripts = [.. Directory.EnumerateFiles(Path.Combine(Repository.Root, "scripts"), "*", SearchOption.AllDirectories)
            .Where(IsBash), Path.Combine(Repository.Root, ".ci", "run")];
        Assert.Contains(Path.Combine(Repository.Root, "scripts", "charlm"), scripts);
        foreach (string script in scripts)
            Assert.Equal(new Outcome(0, "", ""), await _sandbox.BashAsync("bash -n \"$1\"", script));
    }

    private static bool IsBash(string script) =>
        Path.GetExtension(script) == ".sh" || File.ReadLines(script).FirstOrDefault()?.EndsWith("bash", StringComparison.Ordinal) == true;
}
