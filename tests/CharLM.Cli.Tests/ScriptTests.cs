using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary>The repository's scripts, as far as that is cheap: none of these builds anything.</summary>
public sealed class ScriptTests : IDisposable
{
    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public async Task Scripts_All_AreBash()
    {
        string[] scripts = [.. Directory.EnumerateFiles(Path.Combine(Repository.Root, "scripts"), "*", SearchOption.AllDirectories).Where(IsBash), Path.Combine(Repository.Root, ".ci", "run")];
        Assert.Contains(Path.Combine(Repository.Root, "scripts", "setup"), scripts);
        foreach (string script in scripts)
            Assert.Equal(new Outcome(0, "", ""), await _sandbox.BashAsync("bash -n \"$1\"", script));
    }

    [Fact]
    public async Task Setup_SecondRun_SaysAndDoesNothing()
    {
        string record = Path.Combine(Repository.Root, "TorchEngine.props");
        Assert.SkipUnless(File.Exists(record), "scripts/setup has not run in this checkout");
        DateTime before = File.GetLastWriteTimeUtc(record);
        Assert.Equal(new Outcome(0, "", ""), await SetupAsync());
        Assert.Equal(before, File.GetLastWriteTimeUtc(record));
    }

    [Fact]
    public async Task Setup_UnknownEngine_IsRefusedInOneLine()
    {
        _sandbox.Environment["CHARLM_TORCH"] = "nonsense";
        Outcome outcome = await SetupAsync();
        Assert.Equal(new Outcome(1, "", "setup: CHARLM_TORCH must be nuget or system, not 'nonsense'\n"), outcome);
    }

    private static bool IsBash(string script) => Path.GetExtension(script) == ".sh" || File.ReadLines(script).FirstOrDefault()?.EndsWith("bash", StringComparison.Ordinal) == true;

    private Task<Outcome> SetupAsync() => _sandbox.BashAsync("exec \"$1\"", Path.Combine(Repository.Root, "scripts", "setup"));
}
