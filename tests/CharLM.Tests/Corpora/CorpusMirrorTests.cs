using CharLM.Corpora;

namespace CharLM.Tests.Corpora;

public sealed class CorpusMirrorTests : IDisposable
{
    private readonly CorpusBench _bench = new();

    private static byte[] Bytes => CorpusBench.Bytes;

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task GetAsync_MirrorDirectory_IsTriedFirstAndCopied()
    {
        string path = _bench.Write("mirror/book.txt", Bytes);
        UseMirror(_bench.PathOf("mirror"));
        await using var source = new LoopbackServer(Reply.File(Bytes));

        CorpusFile file = await _bench.GetAsync(source.At("book.txt"));

        _bench.AssertComplete(file);
        Assert.Equal(path, file.Source);
        Assert.Empty(source.Requests);
        Assert.Equal(Bytes.Length, _bench.Progress[^1].BytesReceived);
    }

    [Theory]
    [InlineData("")]
    [InlineData("deep/er")]
    [InlineData("deep/er/")]
    public async Task GetAsync_MirrorAddress_IsTriedFirst(string under)
    {
        await using var mirror = new LoopbackServer(Reply.File(Bytes));
        await using var source = new LoopbackServer(Reply.File(Bytes));
        UseMirror(mirror.At(under).ToString());

        CorpusFile file = await _bench.GetAsync(source.At("elsewhere.txt"));

        _bench.AssertComplete(file);
        Assert.Equal(under.Length == 0 ? "/book.txt" : "/deep/er/book.txt", mirror.Requests.Single().Path);
        Assert.Empty(source.Requests);
    }

    [Fact]
    public async Task GetAsync_MirrorHasItNot_TakesTheSource()
    {
        Directory.CreateDirectory(_bench.PathOf("mirror"));
        UseMirror(_bench.PathOf("mirror"));
        await using var source = new LoopbackServer(Reply.File(Bytes));

        _bench.AssertComplete(await _bench.GetAsync(source.At("book.txt")));

        Assert.Equal(CorpusNoticeKind.SourceFailed, _bench.Notices.Single().Kind);
    }

    [Fact]
    public async Task GetAsync_MirrorHasWrongBytes_ListsItAmongTheReasons()
    {
        _bench.Write("mirror/book.txt", "other"u8.ToArray());
        UseMirror(_bench.PathOf("mirror"));
        await using var source = new LoopbackServer(Reply.Status(404, "Not Found"));

        CorpusUnavailableException e = await _bench.FailAsync(source.At("book.txt"));

        Assert.Equal([_bench.PathOf("mirror/book.txt"), source.At("book.txt").ToString()], e.Failures.Select(failure => failure.Source));
        Assert.Equal(["ended after 5 of 200,000 bytes", "answers 404 Not Found"], e.Failures.Select(failure => failure.Reason));
    }

    [Theory]
    [InlineData("/no/such/directory", "neither an existing directory nor")]
    [InlineData("", "neither an existing directory nor")]
    [InlineData("mirror.example", "neither an existing directory nor")]
    [InlineData("ftp://mirror.example/", "is not an http or https address")]
    [InlineData("file:///tmp", "is not an http or https address")]
    [InlineData("http://name:word@mirror.example/", "holds credentials")]
    [InlineData("http://mirror.example/?q", "query")]
    public void Parse_NoMirror_SaysWhatIsAllowed(string value, string expected)
    {
        FormatException e = Assert.Throws<FormatException>(() => CorpusMirror.Parse(value));

        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("word", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_AddressOrDirectory_IsOneOfThem()
    {
        Assert.Equal((null, "https://mirror.example/a/"),
            (CorpusMirror.Parse("https://mirror.example/a").Directory, CorpusMirror.Parse("https://mirror.example/a").ToString()));
        Assert.Equal((_bench.CatalogDirectory, null),
            (CorpusMirror.Parse(_bench.CatalogDirectory).Directory, CorpusMirror.Parse(_bench.CatalogDirectory).Address));
    }

    private void UseMirror(string value) => _bench.Settings = _bench.Settings with { Mirror = CorpusMirror.Parse(value) };
}
