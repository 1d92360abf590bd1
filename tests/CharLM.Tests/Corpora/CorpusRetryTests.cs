using CharLM.Corpora;

namespace CharLM.Tests.Corpora;

public sealed class CorpusRetryTests : IDisposable
{
    private readonly CorpusBench _bench = new();

    private static byte[] Bytes => CorpusBench.Bytes;

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task GetAsync_BusyTwice_SucceedsAtTheThirdTry()
    {
        LoopbackReply busy = Reply.Status(500, "Internal Server Error");
        await using var server = new LoopbackServer(busy, busy, Reply.File(Bytes));

        _bench.AssertComplete(await _bench.GetAsync(server.At("book.txt")));

        Assert.Equal(3, server.Requests.Count);
    }

    [Fact]
    public async Task GetAsync_AlwaysBusy_GivesUpAfterThreeTries()
    {
        await using var server = new LoopbackServer(Reply.Status(503, "Service Unavailable"));

        CorpusUnavailableException e = await _bench.FailAsync(server.At("book.txt"));

        Assert.Equal(3, server.Requests.Count);
        Assert.Equal("answers 503 Service Unavailable (3 tries)", e.Failures.Single().Reason);
    }

    [Fact]
    public async Task GetAsync_AlwaysBusy_DoublesItsPausesWithJitter()
    {
        var clock = new InstantClock(TimeSpan.FromSeconds(25));
        _bench.Settings = _bench.Settings with { RetryDelay = TimeSpan.FromSeconds(1), Tries = 6, Clock = clock };
        await using var server = new LoopbackServer(Reply.Status(503, "Service Unavailable"));

        await _bench.FailAsync(server.At("book.txt"));

        Assert.Equal(6, server.Requests.Count);
        Assert.Equal(5, clock.Pauses.Count);
        // With Polly's jitter single pauses overlap, but their sum is that of the doubling: 2^4 to 2^5, over 1.4.
        Assert.InRange(clock.Pauses.Sum(pause => pause.TotalSeconds), 11, 23);
        Assert.Equal(5, clock.Pauses.Distinct().Count());
    }

    [Fact]
    public async Task GetAsync_NotFoundThenNextSource_AsksTheFirstOnce()
    {
        await using var first = new LoopbackServer(Reply.Status(404, "Not Found"));
        await using var second = new LoopbackServer(Reply.File(Bytes));

        CorpusFile file = await _bench.GetAsync(first.At("book.txt"), second.At("book.txt"));

        _bench.AssertComplete(file);
        Assert.Single(first.Requests);
        Assert.Equal(CorpusNoticeKind.SourceFailed, _bench.Notices.Single().Kind);
    }

    [Fact]
    public async Task GetAsync_ServerSendsNothing_EndsAtTheStallTimeout()
    {
        var clock = new ManualClock();
        _bench.Settings = _bench.Settings with { Clock = clock, Tries = 1 };
        await using var server = new LoopbackServer(Reply.StallAfter(Bytes, 50_000, () => clock.Advance(TimeSpan.FromSeconds(31))));

        CorpusUnavailableException e = await _bench.FailAsync(server.At("book.txt"));

        Assert.StartsWith("sent nothing for 30 s, at ", e.Failures.Single().Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GetAsync_SlowButMoving_TakesAnyTime()
    {
        const int Piece = 20_000;
        var clock = new ManualClock();
        using var arrived = new SemaphoreSlim(0);
        _bench.Settings = _bench.Settings with { Clock = clock, Tries = 1 };
        long announced = 0;
        _bench.OnProgress = step =>
        {
            for (; announced + Piece <= step.BytesReceived; announced += Piece)
                arrived.Release();
        };
        await using var server = new LoopbackServer(async (_, connection, token) =>
        {
            await Reply.Head($"200 OK\r\nContent-Length: {Bytes.Length}", [])(new LoopbackRequest("", null), connection, token);
            for (int sent = 0; sent < Bytes.Length; sent += Piece)
            {
                await connection.WriteAsync(Bytes.AsMemory(sent, Piece), token);
                await arrived.WaitAsync(token);
                clock.Advance(TimeSpan.FromSeconds(20));
            }
        });

        _bench.AssertComplete(await _bench.GetAsync(server.At("book.txt")));
    }

    [Fact]
    public async Task GetAsync_NobodyListens_NamesEverySourceOnALineOfItsOwn()
    {
        Uri closed = LoopbackServer.Closed();
        await using var gone = new LoopbackServer(Reply.Status(410, "Gone"));

        CorpusUnavailableException e = await _bench.FailAsync(closed, gone.At("book.txt"));

        string[] lines = e.Message.Split('\n');
        Assert.Equal(4, lines.Length);
        Assert.Equal("the corpus 'book' is not to be had:", lines[0]);
        Assert.Matches($"^  {closed}: .*refused.* \\(3 tries\\)$", lines[1]);
        Assert.Equal($"  {gone.At("book.txt")}: answers 410 Gone", lines[2]);
        Assert.Equal([closed.ToString(), gone.At("book.txt").ToString()], e.Failures.Select(failure => failure.Source));
    }
}
