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
        _bench.Settings = _bench.Settings with
        {
            RetryDelay = TimeSpan.FromSeconds(1),
            Tries = 6,
            Clock = clock,
            StallTimeout = TimeSpan.FromSeconds(30),
        };
        await using var server = new LoopbackServer(Reply.Status(503, "Service Unavailable"));

        await _bench.FailAsync(server.At("book.txt"));

        Assert.Equal(6, server.Requests.Count);
        Assert.Equal(5, clock.Pauses.Count);
        // With Polly's jitter single pauses overlap, but their sum is that of doubling: 2^4 to 2^5, divided by 1.4.
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

    [Theory]
    [InlineData(0)]
    [InlineData(50_000)]
    public async Task GetAsync_ServerSendsNothing_EndsAtTheStallTimeout(int sent)
    {
        var clock = new ManualClock();
        _bench.Settings = _bench.Settings with { Clock = clock, Tries = 1 };
        await using var server = new LoopbackServer(Reply.StallAfter(Bytes, sent, () => clock.Advance(TimeSpan.FromSeconds(11))));

        CorpusUnavailableException e = await _bench.FailAsync(server.At("book.txt"));

        Assert.StartsWith("sent nothing for 10 s, at ", e.Failures.Single().Reason, StringComparison.Ordinal);
    }

    // Three tries of a silent mirror would cost a minute and a half.
    [Fact]
    public async Task GetAsync_SilentServer_IsAskedOnceAndTheNextTaken()
    {
        var clock = new ManualClock();
        _bench.Settings = _bench.Settings with { Clock = clock };
        await using var silent = new LoopbackServer(Reply.StallAfter(Bytes, 0, () => clock.Advance(TimeSpan.FromSeconds(11))));
        await using var next = new LoopbackServer(Reply.File(Bytes));

        _bench.AssertComplete(await _bench.GetAsync(silent.At("book.txt"), next.At("book.txt")));

        Assert.Single(silent.Requests);
    }

    [Fact]
    public async Task GetAsync_StalledOnItsWay_GoesOnThere()
    {
        var clock = new ManualClock();
        bool arrived = false;
        _bench.Settings = _bench.Settings with { Clock = clock };
        _bench.OnProgress = step => arrived |= step.BytesReceived >= 50_000;
        await using var server = new LoopbackServer(
            Reply.StallAfter(Bytes, 50_000, () => clock.Advance(TimeSpan.FromSeconds(arrived ? 11 : 0))), Reply.File(Bytes));

        _bench.AssertComplete(await _bench.GetAsync(server.At("book.txt")));

        Assert.Equal([null, 50_000], server.Requests.Select(request => request.RangeStart));
    }

    // 60 s plus one for each 16 KiB is 72.2 s; the stall timeout of 10 s restarts with each piece.
    [Theory]
    [InlineData(7, true)]
    [InlineData(9, false)]
    public async Task GetAsync_SlowButMoving_MayTakeItsTimeAndNoMore(int secondsOfPiece, bool comes)
    {
        const int Piece = 20_000;
        var clock = new ManualClock();
        using var arrived = new SemaphoreSlim(0);
        _bench.Settings = _bench.Settings with { Clock = clock };
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
                clock.Advance(TimeSpan.FromSeconds(secondsOfPiece));
            }
        });

        if (comes)
        {
            _bench.AssertComplete(await _bench.GetAsync(server.At("book.txt")));
            return;
        }
        CorpusUnavailableException e = await _bench.FailAsync(server.At("book.txt"));
        Assert.Equal("took more than 72.2 s, at 180,000 of 200,000 bytes", e.Failures.Single().Reason);
        // The received part is kept and continued later.
        Assert.Equal(Bytes[..180_000], File.ReadAllBytes(_bench.Partial));
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
