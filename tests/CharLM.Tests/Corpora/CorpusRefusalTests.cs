using CharLM.Corpora;
using FsCheck;
using FsCheck.Fluent;

namespace CharLM.Tests.Corpora;

/// <summary>Bytes other than the catalogued ones never get the corpus's name.</summary>
public sealed class CorpusRefusalTests : IDisposable
{
    private readonly CorpusBench _bench = new();

    private static byte[] Bytes => CorpusBench.Bytes;

    private static byte[] WrongBytes { get; } = [.. Bytes[..^1], (byte)'!'];

    public void Dispose() => _bench.Dispose();

    // Each would fit, and a string can hold only one of them.
    [Fact]
    public void FromFile_FilesThatFitOnlyApart_AreRefused()
    {
        string folder = Directory.CreateDirectory(_bench.PathOf("two")).FullName;
        foreach (string name in new[] { "a.txt", "b.txt" })
        {
            using FileStream file = File.Create(Path.Combine(folder, name));
            file.Write(new byte[1 << 16].Select(_ => (byte)'a').ToArray());
            file.SetLength(540_000_000);
        }
        var e = Assert.Throws<CorpusFileException>(() => CorpusText.FromFile(folder));
        Assert.Equal(CorpusFileError.TooLarge, e.Error);
        Assert.Contains("with the texts before it; at most 1,073,741,791 can be read into memory", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GetAsync_WrongBytes_NamesBothChecksums()
    {
        await using var server = new LoopbackServer(Reply.File(WrongBytes));

        CorpusUnavailableException e = await _bench.FailAsync(server.At("book.txt"));

        Assert.Contains(CorpusBench.Sha256(WrongBytes), e.Message, StringComparison.Ordinal);
        Assert.Contains(CorpusBench.Sha256(Bytes), e.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_bench.Partial));
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task GetAsync_WrongBytesThenNextSource_TakesTheNext()
    {
        await using var wrong = new LoopbackServer(Reply.File(WrongBytes));
        await using var right = new LoopbackServer(Reply.File(Bytes));

        _bench.AssertComplete(await _bench.GetAsync(wrong.At("book.txt"), right.At("book.txt")));

        Assert.Null(right.Requests.Single().RangeStart);
    }

    [Fact]
    public async Task GetAsync_MoreAnnounced_IsRefusedBeforeAByteIsWritten()
    {
        await using var server = new LoopbackServer(Reply.File([.. Bytes, 0]));

        CorpusUnavailableException e = await _bench.FailAsync(server.At("book.txt"));

        Assert.Equal("has 200,001 bytes, the catalog says 200,000", e.Failures.Single().Reason);
        Assert.Empty(_bench.Progress);
    }

    [Fact]
    public async Task GetAsync_FewerAnnounced_IsRefusedBeforeAByteIsWritten()
    {
        await using var server = new LoopbackServer(Reply.File(Bytes[..1]));

        CorpusUnavailableException e = await _bench.FailAsync(server.At("book.txt"));

        Assert.Equal("has 1 byte, the catalog says 200,000", e.Failures.Single().Reason);
    }

    // Not quite endless: without a limit the test fails with another message instead of filling the disk.
    [Fact]
    public async Task GetAsync_EndlessBody_IsCutOffAtTheCataloguedSize()
    {
        const int Pieces = 300;
        var hungUp = new TaskCompletionSource<bool>();
        await using var server = new LoopbackServer(async (request, connection, token) =>
        {
            await Reply.Unannounced(Bytes)(request, connection, token);
            try
            {
                for (int i = 0; i < Pieces; i++)
                    await connection.WriteAsync(Bytes, token);
                hungUp.TrySetResult(false);
            }
            catch (IOException)
            {
                hungUp.TrySetResult(true);
            }
        });

        CorpusUnavailableException e = await _bench.FailAsync(server.At("book.txt"));

        Assert.Equal("sends more than the catalogued 200,000 bytes", e.Failures.Single().Reason);
        Assert.False(File.Exists(_bench.Partial));
        Assert.True(await hungUp.Task);
    }

    [Theory]
    [InlineData(200_000, null)]
    [InlineData(200_001, "sends more than the catalogued 200,000 bytes")]
    public async Task GetAsync_UnannouncedBody_MayHaveExactlyTheCataloguedSize(int length, string? reason)
    {
        await using var server = new LoopbackServer(Reply.Unannounced([.. Bytes, .. new byte[length - Bytes.Length]]));

        if (reason is null)
            _bench.AssertComplete(await _bench.GetAsync(server.At("book.txt")));
        else
            Assert.Equal(reason, (await _bench.FailAsync(server.At("book.txt"))).Failures.Single().Reason);
    }

    [Fact]
    public async Task GetAsync_RangeOfAnotherFile_IsRefused()
    {
        _bench.Write("cache/book.txt.partial", Bytes[..1000]);
        await using var server = new LoopbackServer(Reply.File([.. Bytes, 0]));

        CorpusUnavailableException e = await _bench.FailAsync(server.At("book.txt"));

        Assert.Equal("has 200,001 bytes, the catalog says 200,000", e.Failures.Single().Reason);
        Assert.Equal(1000, new FileInfo(_bench.Partial).Length);
    }

    [Fact]
    public async Task GetAsync_RedirectLoop_EndsAfterFive()
    {
        await using var server = new LoopbackServer(Reply.Redirect("/again"));

        CorpusUnavailableException e = await _bench.FailAsync(server.At("book.txt"));

        Assert.Equal("redirects more than 5 times", e.Failures.Single().Reason);
        Assert.Equal(6, server.Requests.Count);
    }

    [Theory]
    [InlineData("ftp://127.0.0.1/book.txt", "redirect refused: 'ftp://127.0.0.1/book.txt' is not an http or https address")]
    [InlineData("file:///etc/hostname", "redirect refused: 'file:///etc/hostname' is not an http or https address")]
    [InlineData("http://name:word@127.0.0.1/", "redirect refused: the address on 127.0.0.1 holds credentials; give one without")]
    [InlineData("http://", "redirects to no address (302)")]
    public async Task GetAsync_RedirectElsewhere_IsRefused(string to, string reason)
    {
        await using var server = new LoopbackServer(Reply.Redirect(to));

        CorpusUnavailableException e = await _bench.FailAsync(server.At("book.txt"));

        Assert.Equal(reason, e.Failures.Single().Reason);
    }

    // Whatever a server sends, announced, unannounced or cut off: under the name are the catalogued bytes or nothing.
    [Fact]
    public void GetAsync_AnyBytes_StoresTheCataloguedOnesOnly()
    {
        byte[] right = CorpusBench.Text(20);
        Gen<byte[]> near = from at in Gen.Choose(0, 19)
                           from value in Gen.Choose(0, 255)
                           select right.Select(
            (b, i) => i == at ? (byte)value : b).ToArray();
        Gen<byte[]> length = from count in Gen.Choose(0, 40) select CorpusBench.Text(count);
        Gen<byte[]> bodies = Gen.OneOf(near, length, ArbMap.Default.GeneratorFor<byte[]>(), Gen.Constant(right));
        var cases = (from body in bodies
                     from partial in bodies
                     from announced in ArbMap.Default.GeneratorFor<bool>()
                     select (
            body, partial, announced)).ToArbitrary();

        Prop.ForAll(cases, sent => NameStandsForTheRightBytesAsync(right, sent.body, sent.partial, sent.announced).GetAwaiter().GetResult())
            .QuickCheckThrowOnFailure();
    }

    private static async Task<bool> NameStandsForTheRightBytesAsync(byte[] right, byte[] body, byte[] partial, bool announced)
    {
        using var bench = new CorpusBench();
        bench.Write("cache/book.txt.partial", partial);
        await using var server = new LoopbackServer(announced ? Reply.Whole(body) : Reply.Unannounced(body));
        CorpusStore store = bench.StoreOf(CorpusBench.Entry("book", "book.txt", right, CorpusBench.Http(server.At("book.txt"))));
        bool got;
        try
        {
            await store.GetAsync("book");
            got = true;
        }
        catch (CorpusUnavailableException)
        {
            got = false;
        }
        bool had = body.AsSpan().SequenceEqual(right) || partial.AsSpan().SequenceEqual(right);
        return got == had && File.Exists(bench.Final) == had && (!had || File.ReadAllBytes(bench.Final).AsSpan().SequenceEqual(right));
    }
}
