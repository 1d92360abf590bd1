using System.Runtime.Versioning;
using CharLM.Corpora;

namespace CharLM.Tests.Corpora;

public sealed class CorpusCacheTests : IDisposable
{
    private readonly CorpusBench _bench = new();

    private static byte[] Bytes => CorpusBench.Bytes;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task GetAsync_CorruptFile_ReplacesItAndSaysSo()
    {
        _bench.Write("cache/book.txt", "short"u8.ToArray());
        await using var server = new LoopbackServer(Reply.File(Bytes));

        _bench.AssertComplete(await _bench.GetAsync(server.At("book.txt")));

        CorpusNotice notice = _bench.Notices.Single();
        Assert.Equal((CorpusNoticeKind.Corrupt, true), (notice.Kind, notice.IsWarning));
        Assert.Equal(
            $"book: '{_bench.Final}' is not used: SHA-256 is {CorpusBench.Sha256("short"u8.ToArray())} (5 bytes), "
            + $"expected {CorpusBench.Sha256(Bytes)} (200,000 bytes); a fresh copy is fetched",
            notice.Message);
    }

    [Fact]
    public async Task GetAsync_CorruptFileAndNoSource_NamesBothChecksumsAndUsesNothing()
    {
        byte[] corrupt = [.. Bytes[..^1], (byte)'!'];
        _bench.Write("cache/book.txt", corrupt);
        await using var server = new LoopbackServer(Reply.Status(404, "Not Found"));

        CorpusUnavailableException e = await Assert.ThrowsAsync<CorpusUnavailableException>(() => _bench.GetAsync(server.At("book.txt")));

        Assert.Equal([_bench.Final, server.At("book.txt").ToString()], e.Failures.Select(failure => failure.Source));
        Assert.Contains(CorpusBench.Sha256(corrupt), e.Failures[0].Reason, StringComparison.Ordinal);
        Assert.Contains(CorpusBench.Sha256(Bytes), e.Failures[0].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GetAsync_InParallel_DownloadsOnce()
    {
        await using var server = new LoopbackServer(Reply.File(Bytes));

        CorpusFile[] files = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(
            () => new CorpusStore(_bench.Store(server.At("book.txt")).Catalog, _bench.Settings).GetAsync("book", Token), Token)));

        Assert.All(files, _bench.AssertComplete);
        Assert.Single(server.Requests);
        Assert.Single(files, file => file.Source is not null);
    }

    [Fact]
    public async Task GetAsync_AnotherProcessHoldsTheLock_WaitsForIt()
    {
        _bench.Write("cache/book.txt.lock", []);
        var other = new FileStream(_bench.Final + ".lock", FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        _bench.OnNotice = notice =>
        {
            Assert.Equal(CorpusNoticeKind.Waiting, notice.Kind);
            _bench.Write("cache/book.txt", Bytes);
            other.Dispose();
        };
        await using var server = new LoopbackServer(Reply.File(Bytes));

        _bench.AssertComplete(await _bench.GetAsync(server.At("book.txt")));

        Assert.Empty(server.Requests);
        Assert.Single(_bench.Notices);
    }

    [Fact]
    public async Task GetAsync_LockFileOfADeadProcess_IsNoObstacle()
    {
        _bench.Write("cache/book.txt.lock", []);
        await using var server = new LoopbackServer(Reply.File(Bytes));

        _bench.AssertComplete(await _bench.GetAsync(server.At("book.txt")));

        Assert.Empty(_bench.Notices);
    }

    [Fact]
    public async Task GetAsync_CacheIsAFile_SaysThatItCannotBeWritten()
    {
        _bench.Write("cache", []);
        await using var server = new LoopbackServer(Reply.File(Bytes));

        CorpusCacheException e = await Assert.ThrowsAsync<CorpusCacheException>(() => _bench.GetAsync(server.At("book.txt")));

        Assert.Equal(_bench.Settings.CacheDirectory, e.Directory);
        Assert.StartsWith($"cannot write to the corpus cache '{e.Directory}': ", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task GetAsync_CacheIsReadOnly_SaysThatItCannotBeWritten()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "directories have no write permission on Windows");
        Assert.SkipWhen(Environment.IsPrivilegedProcess, "root writes to read-only directories");
        Directory.CreateDirectory(_bench.Settings.CacheDirectory!, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        await using var server = new LoopbackServer(Reply.File(Bytes));

        await Assert.ThrowsAsync<CorpusCacheException>(() => _bench.GetAsync(server.At("book.txt")));
    }

    [Fact]
    public async Task GetAsync_FileBesideTheCatalog_IsUsedWhereItLies()
    {
        string path = _bench.Write("catalog/beside.txt", Bytes);

        CorpusFile file = await _bench.Store(new FileSource { FileName = "beside.txt" }).GetAsync("book", Token);

        Assert.Equal((path, null), (file.Path, file.Source));
        Assert.False(Directory.Exists(_bench.Settings.CacheDirectory));
    }

    [Fact]
    public async Task GetAsync_FileBesideTheCatalogGoneOrCorrupt_IsNotUsed()
    {
        CorpusStore store = _bench.Store(new FileSource { FileName = "beside.txt" });

        CorpusUnavailableException gone = await Assert.ThrowsAsync<CorpusUnavailableException>(() => store.GetAsync("book", Token));
        string path = _bench.Write("catalog/beside.txt", "other"u8.ToArray());
        CorpusUnavailableException corrupt = await Assert.ThrowsAsync<CorpusUnavailableException>(() => store.GetAsync("book", Token));

        Assert.Equal(new SourceFailure(path, "no such file"), gone.Failures.Single());
        Assert.StartsWith("SHA-256 is ", corrupt.Failures.Single().Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ListAsync_MissingVerifiedAndCorrupt_TellsEachWithItsPath()
    {
        CorpusStore store = _bench.StoreOf(
            CorpusBench.Entry("missing", "missing.txt", Bytes, new FileSource { FileName = "nowhere.txt" }),
            CorpusBench.Entry("verified", "verified.txt", Bytes, new FileSource { FileName = "nowhere.txt" }),
            CorpusBench.Entry("corrupt", "corrupt.txt", Bytes, new FileSource { FileName = "nowhere.txt" }));
        string verified = _bench.Write("cache/verified.txt", Bytes);
        string corrupt = _bench.Write("cache/corrupt.txt", [1]);

        IReadOnlyList<CorpusStatus> list = await store.ListAsync(Token);

        Assert.Equal(["missing", "verified", "corrupt"], list.Select(status => status.Entry.Name));
        Assert.Equal([CorpusState.Missing, CorpusState.Verified, CorpusState.Corrupt], list.Select(status => status.State));
        Assert.Equal([verified, corrupt], list.Skip(1).Select(status => status.Path));
        Assert.Equal([true, true, false], list.Select(status => status.Error is null));
    }

    [Fact]
    public async Task StatusAsync_UnknownName_Throws() =>
        await Assert.ThrowsAsync<UnknownCorpusException>(() => _bench.Store(LoopbackServer.Closed()).StatusAsync("bok", Token));

    // Without a reliable length, computing its checksum would never end.
    [Fact]
    public async Task ListAsync_EndlessFileInTheCache_IsCorrupt()
    {
        Assert.SkipUnless(File.Exists("/dev/zero"), "there is no /dev/zero");
        Directory.CreateDirectory(_bench.Settings.CacheDirectory!);
        File.CreateSymbolicLink(_bench.Final, "/dev/zero");

        CorpusStatus status = Assert.Single(await _bench.Store(LoopbackServer.Closed()).ListAsync(TestContext.Current.CancellationToken));

        Assert.Equal(CorpusState.Corrupt, status.State);
        Assert.Contains("(0 bytes), expected", status.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GetAsync_NoCacheDirectory_HasWhatIsBesideTheCatalogAndFetchesNothing()
    {
        await using var server = new LoopbackServer(Reply.File(CorpusBench.Bytes));
        _bench.Write("catalog/here.txt", CorpusBench.Bytes);
        _bench.Settings = _bench.Settings with { CacheDirectory = null };
        CorpusStore store = _bench.StoreOf(
            CorpusBench.Entry("here", "here.txt", CorpusBench.Bytes, new FileSource { FileName = "here.txt" }),
            CorpusBench.Entry("book", "book.txt", CorpusBench.Bytes, CorpusBench.Http(server.At("book.txt"))));
        CancellationToken token = TestContext.Current.CancellationToken;

        Assert.Equal(_bench.PathOf("catalog/here.txt"), (await store.GetAsync("here", token)).Path);
        CorpusUnavailableException e = await Assert.ThrowsAsync<CorpusUnavailableException>(() => store.GetAsync("book", token));
        Assert.Equal(new SourceFailure("the cache", "there is no directory to keep it in; set one"), e.Failures.Single());
        Assert.Equal([CorpusState.Verified, CorpusState.Missing], (await store.ListAsync(token)).Select(status => status.State));
        Assert.Empty(server.Requests);
    }
}
