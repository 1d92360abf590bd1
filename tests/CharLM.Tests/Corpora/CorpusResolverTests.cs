using CharLM.Corpora;

namespace CharLM.Tests.Corpora;

public sealed class CorpusResolverTests : IDisposable
{
    private static readonly byte[] Bundled = "the bundled text"u8.ToArray();

    private readonly CorpusBench _bench = new();

    public CorpusResolverTests() => _bench.Write("catalog/bundled.txt", Bundled);

    private static byte[] Bytes => CorpusBench.Bytes;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task ResolveAsync_AutoWithNetwork_IsTheTimeMachine()
    {
        await using var server = new LoopbackServer(Reply.File(Bytes));

        CorpusText text = await ResolveAsync("auto", server.At("t.txt"));

        Assert.Equal(Bytes.Length, text.Text.Length);
        Assert.Equal(
            new CorpusOrigin
            {
                Requested = "auto",
                Kind = CorpusOriginKind.Catalog,
                Name = "time-machine",
                Location = Path.Combine(_bench.Settings.CacheDirectory!, "timemachine.txt"),
                Sha256 = CorpusBench.Sha256(Bytes),
                Bytes = Bytes.Length,
                Texts = text.Origin.Texts,
            },
            text.Origin with { Parts = [] });
        Assert.Equal(["time-machine"], text.Origin.Texts);
        Assert.Empty(_bench.Notices);
    }

    [Fact]
    public async Task ResolveAsync_AutoWithoutNetwork_IsTheBundledTextAtOnceWithOneWarning()
    {
        // A pause before a second try would never end on this clock.
        _bench.Settings = _bench.Settings with { Clock = new ManualClock(), RetryDelay = TimeSpan.FromSeconds(1) };

        CorpusText text = await ResolveAsync("auto", LoopbackServer.Closed());

        Assert.Equal("the bundled text", text.Text);
        Assert.Equal(("auto", "bundled", CorpusBench.Sha256(Bundled)), (text.Origin.Requested.ToString(), text.Origin.Name, text.Origin.Sha256));
        CorpusNotice warning = Assert.Single(_bench.Notices, notice => notice.IsWarning);
        Assert.StartsWith("the corpus 'time-machine' is not to be had (http://127.0.0.1:", warning.Message, StringComparison.Ordinal);
        Assert.EndsWith("): 'bundled' is used instead", warning.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', warning.Message);
        Assert.Contains(text.Origin.FallbackReason!, warning.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ResolveAsync_AutoAndServerStalls_FallsBackAtItsDeadline()
    {
        var clock = new ManualClock();
        _bench.Settings = _bench.Settings with { Clock = clock };
        await using var server = new LoopbackServer(Reply.StallAfter(Bytes, 1000, () => clock.Advance(TimeSpan.FromSeconds(1))));

        CorpusText text = await ResolveAsync("auto", server.At("t.txt"));

        Assert.Equal(("bundled", "not here within 20 s"), (text.Origin.Name, text.Origin.FallbackReason));
    }

    [Fact]
    public async Task ResolveAsync_AutoAndBusyServer_TriesAgain()
    {
        await using var server = new LoopbackServer(Reply.Status(503, "Service Unavailable"), Reply.File(Bytes));

        Assert.Equal("time-machine", (await ResolveAsync("auto", server.At("t.txt"))).Origin.Name);
    }

    [Fact]
    public async Task ResolveAsync_AutoAndCacheCannotBeWritten_FallsBack()
    {
        _bench.Write("cache", []);

        CorpusText text = await ResolveAsync("auto", LoopbackServer.Closed());

        Assert.Equal("bundled", text.Origin.Name);
        Assert.StartsWith("cannot write to the corpus cache", text.Origin.FallbackReason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ResolveAsync_AutoCancelled_DoesNotFallBack()
    {
        using var cancel = new CancellationTokenSource();
        await using var server = new LoopbackServer(Reply.StallAfter(Bytes, 1000));
        _bench.OnProgress = _ => cancel.Cancel();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Resolver(server.At("t.txt")).ResolveAsync("auto", cancellationToken: cancel.Token));
    }

    [Fact]
    public async Task ResolveAsync_NameWithoutNetwork_IsStrict() =>
        await Assert.ThrowsAsync<CorpusUnavailableException>(() => ResolveAsync("time-machine", LoopbackServer.Closed()));

    [Fact]
    public async Task ResolveAsync_StandardInput_ReadsTheStream()
    {
        using var input = new MemoryStream("typed"u8.ToArray());

        CorpusText text = await Resolver(LoopbackServer.Closed()).ResolveAsync("-", input, Token);

        Assert.Equal("typed", text.Text);
        Assert.Equal((CorpusOriginKind.StandardInput, "standard input", 5L), (text.Origin.Kind, text.Origin.Name, text.Origin.Bytes));
    }

    [Fact]
    public async Task ResolveAsync_Path_ReadsTheFile()
    {
        string path = _bench.Write("my book", "own text"u8.ToArray());

        CorpusText text = await ResolveAsync(path, LoopbackServer.Closed());

        Assert.Equal("own text", text.Text);
        Assert.Equal((CorpusOriginKind.File, "my book", path, path),
            (text.Origin.Kind, text.Origin.Name, text.Origin.Location, text.Origin.Requested.ToString()));
    }

    [Fact]
    public async Task ResolveAsync_FileWithACorpusName_LosesToTheNameUnlessWrittenAsPath()
    {
        // In the working directory, which all tests share: hence a unique name.
        string name = $"book-{Guid.NewGuid():n}";
        File.WriteAllText(name, "the user's text");
        try
        {
            CorpusStore named = _bench.StoreOf(CorpusBench.Entry(name, "bundled.txt", Bundled, new FileSource
            {
                FileName = "bundled.txt",
            }));

            Assert.Equal("the bundled text", (await new CorpusResolver(named).ResolveAsync(name, cancellationToken: Token)).Text);
            Assert.Equal("the user's text", (await new CorpusResolver(named).ResolveAsync($"./{name}", cancellationToken: Token)).Text);
            Assert.Equal("the user's text", (await ResolveAsync(name, LoopbackServer.Closed())).Text);
        }
        finally
        {
            File.Delete(name);
        }
    }

    [Theory]
    [InlineData("time-machin", "time-machine")]
    [InlineData("aut", "auto")]
    [InlineData("nothing-like-it", null)]
    public async Task ResolveAsync_NeitherNameNorPath_SuggestsTheNearest(string asked, string? nearest)
    {
        UnknownCorpusException e = await Assert.ThrowsAsync<UnknownCorpusException>(() => ResolveAsync(asked, LoopbackServer.Closed()));

        Assert.Equal(nearest, e.Nearest);
        Assert.Contains("(known: auto, time-machine, bundled; or the path of a text file)", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no-such-file.txt")]
    [InlineData("no/such/file")]
    public async Task ResolveAsync_LooksLikeAPathButIsNotThere_IsAMissingFile(string asked)
    {
        CorpusFileException e = await Assert.ThrowsAsync<CorpusFileException>(() => ResolveAsync(asked, LoopbackServer.Closed()));

        Assert.Equal((CorpusFileError.Missing, Path.GetFullPath(asked)), (e.Error, e.Location));
    }

    private CorpusResolver Resolver(params Uri[] timeMachine) => new(
        _bench.StoreOf(
            CorpusBench.Entry("time-machine", "timemachine.txt", Bytes, CorpusBench.Http(timeMachine)),
            CorpusBench.Entry("bundled", "bundled.txt", Bundled, new FileSource { FileName = "bundled.txt" })),
        _bench);

    private Task<CorpusText> ResolveAsync(string corpus, params Uri[] timeMachine) =>
        Resolver(timeMachine).ResolveAsync(corpus, cancellationToken: Token);
}
