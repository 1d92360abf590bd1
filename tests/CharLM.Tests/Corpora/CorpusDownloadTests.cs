using CharLM.Corpora;

namespace CharLM.Tests.Corpora;

public sealed class CorpusDownloadTests : IDisposable
{
    private readonly CorpusBench _bench = new();

    private static byte[] Bytes => CorpusBench.Bytes;

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task GetAsync_FirstTime_StoresTheFileAndReportsEveryStep()
    {
        await using var server = new LoopbackServer(Reply.File(Bytes));

        CorpusFile file = await _bench.GetAsync(server.At("book.txt"));

        _bench.AssertComplete(file);
        Assert.Equal(server.At("book.txt").ToString(), file.Source);
        Assert.Equal(Bytes.Length, _bench.Progress[^1].BytesReceived);
        Assert.All(_bench.Progress, step => Assert.Equal(("book", (long)Bytes.Length), (step.Corpus, step.TotalBytes)));
        Assert.Equal(_bench.Progress.OrderBy(step => step.BytesReceived), _bench.Progress);
        Assert.Empty(_bench.Notices);
    }

    [Fact]
    public async Task GetAsync_SecondTime_ReusesTheVerifiedFile()
    {
        await using var server = new LoopbackServer(Reply.File(Bytes));
        await _bench.GetAsync(server.At("book.txt"));

        CorpusFile again = await _bench.GetAsync(server.At("book.txt"));

        _bench.AssertComplete(again);
        Assert.Null(again.Source);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task GetAsync_CutOffTwice_ContinuesEachTimeWhereItStopped()
    {
        await using var server = new LoopbackServer(Reply.CutAfter(Bytes, 50_000), Reply.CutAfter(Bytes, 30_000), Reply.File(Bytes));

        _bench.AssertComplete(await _bench.GetAsync(server.At("book.txt")));

        Assert.Equal([null, 50_000, 80_000], server.Requests.Select(request => request.RangeStart));
        Assert.Equal(2, _bench.Notices.Count(notice => notice.Kind == CorpusNoticeKind.Retry));
    }

    [Fact]
    public async Task GetAsync_ServerIgnoresRange_StartsOver()
    {
        await using var server = new LoopbackServer(Reply.CutAfter(Bytes, 50_000), Reply.Whole(Bytes));

        _bench.AssertComplete(await _bench.GetAsync(server.At("book.txt")));

        Assert.Equal(2, server.Requests.Count);
    }

    [Fact]
    public async Task GetAsync_CutOffWhileStartingOver_ContinuesTheNewPart()
    {
        LoopbackReply wholeButCut = Reply.Head($"200 OK\r\nContent-Length: {Bytes.Length}", Bytes[..10_000]);
        await using var server = new LoopbackServer(Reply.CutAfter(Bytes, 50_000), wholeButCut, Reply.File(Bytes));

        _bench.AssertComplete(await _bench.GetAsync(server.At("book.txt")));

        Assert.Equal([null, 50_000, 10_000], server.Requests.Select(request => request.RangeStart));
    }

    [Fact]
    public async Task GetAsync_ServerRefusesRange_StartsOver()
    {
        await using var server = new LoopbackServer(
            Reply.CutAfter(Bytes, 50_000), Reply.Status(416, "Range Not Satisfiable"), Reply.File(Bytes));

        _bench.AssertComplete(await _bench.GetAsync(server.At("book.txt")));

        Assert.Equal([null, 50_000, null], server.Requests.Select(request => request.RangeStart));
    }

    [Fact]
    public async Task GetAsync_ServerSendsAnotherPart_StartsOver()
    {
        LoopbackReply wrongPart = Reply.Head(
            $"206 Partial Content\r\nContent-Range: bytes 0-9/{Bytes.Length}\r\nContent-Length: 10", Bytes[..10]);
        await using var server = new LoopbackServer(Reply.CutAfter(Bytes, 50_000), wrongPart, Reply.File(Bytes));

        _bench.AssertComplete(await _bench.GetAsync(server.At("book.txt")));

        Assert.Equal([null, 50_000, null], server.Requests.Select(request => request.RangeStart));
    }

    [Fact]
    public async Task GetAsync_PartialOfAnotherText_StartsOver()
    {
        _bench.Write("cache/book.txt.partial", [.. Bytes[..1000].Select(b => (byte)(b ^ 1))]);
        await using var server = new LoopbackServer(Reply.File(Bytes));

        _bench.AssertComplete(await _bench.GetAsync(server.At("book.txt")));

        Assert.Equal([1000, null], server.Requests.Select(request => request.RangeStart));
        Assert.Empty(_bench.Notices);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task GetAsync_PartialOfFullLengthOrMore_IsUsedOnlyIfRight(int more)
    {
        _bench.Write("cache/book.txt.partial", [.. Bytes, .. new byte[more]]);
        await using var server = new LoopbackServer(Reply.File(Bytes));

        _bench.AssertComplete(await _bench.GetAsync(server.At("book.txt")));

        Assert.Equal(more, server.Requests.Count);
    }

    [Fact]
    public async Task GetAsync_FirstSourceCutOff_SecondSourceContinues()
    {
        _bench.Settings = _bench.Settings with { Tries = 1 };
        await using var first = new LoopbackServer(Reply.CutAfter(Bytes, 70_000));
        await using var second = new LoopbackServer(Reply.File(Bytes));

        CorpusFile file = await _bench.GetAsync(first.At("book.txt"), second.At("book.txt"));

        _bench.AssertComplete(file);
        Assert.Equal(second.At("book.txt").ToString(), file.Source);
        Assert.Equal(70_000, second.Requests.Single().RangeStart);
    }

    [Fact]
    public async Task GetAsync_Cancelled_KeepsThePartAndContinuesNextTime()
    {
        await using var server = new LoopbackServer(Reply.StallAfter(Bytes, 50_000), Reply.File(Bytes));
        using var cancel = new CancellationTokenSource();
        _bench.OnProgress = step =>
        {
            if (step.BytesReceived >= 50_000)
                cancel.Cancel();
        };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _bench.Store(server.At("book.txt")).GetAsync("book", cancel.Token));

        Assert.False(File.Exists(_bench.Final));
        Assert.Equal(Bytes[..50_000], File.ReadAllBytes(_bench.Partial));
        _bench.OnProgress = null;
        _bench.AssertComplete(await _bench.GetAsync(server.At("book.txt")));
        Assert.Equal(50_000, server.Requests[^1].RangeStart);
    }

    [Fact]
    public async Task GetAsync_LengthUnannounced_TakesTheBodyToItsEnd()
    {
        await using var server = new LoopbackServer(Reply.Unannounced(Bytes));

        _bench.AssertComplete(await _bench.GetAsync(server.At("book.txt")));
    }

    [Fact]
    public async Task GetAsync_Redirected_FollowsRelativeAndAbsoluteAddresses()
    {
        await using var target = new LoopbackServer(Reply.Redirect("/moved"), Reply.File(Bytes));
        await using var server = new LoopbackServer(Reply.Redirect(target.At("book.txt").ToString()));

        _bench.AssertComplete(await _bench.GetAsync(server.At("book.txt")));

        Assert.Equal(["/book.txt", "/moved"], target.Requests.Select(request => request.Path));
    }
}
