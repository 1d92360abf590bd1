using System.Runtime.Versioning;
using System.Text;
using CharLM.Corpora;

namespace CharLM.Tests.Corpora;

/// <summary>What is read unchanged from a file or a stream, and what is refused with which message.</summary>
public sealed class CorpusFileTests : IDisposable
{
    private readonly CorpusBench _bench = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string, byte[], int> NotUtf8 => new()
    {
        { "a lone continuation byte", [(byte)'a', (byte)'b', 0x80], 2 },
        { "Latin-1", Encoding.Latin1.GetBytes("caf\u00e9 au lait"), 3 },
        { "a sequence cut off by the end", [(byte)'a', 0xE2, 0x82], 1 },
        { "a surrogate", [0xED, 0xA0, 0x80], 0 },
        { "an overlong slash", [(byte)'a', 0xC0, 0xAF], 1 },
        { "past the byte order mark", [0xEF, 0xBB, 0xBF, (byte)'a', 0xFF], 4 },
        { "after more than one scratch buffer", [.. Encoding.UTF8.GetBytes(new string('\u20ac', 5000)), 0xFF, (byte)'a'], 15_000 },
    };

    public void Dispose() => _bench.Dispose();

    [Theory]
    [MemberData(nameof(NotUtf8))]
    public async Task ResolveAsync_NoUtf8_TellsTheFirstBadByte(string what, byte[] bytes, int offset)
    {
        string path = _bench.Write("a.txt", bytes);

        CorpusFileException e = await FailAsync(path, CorpusFileError.WrongEncoding);

        Assert.Equal(offset, e.ByteOffset);
        Assert.True(
            $"'{path}' is not UTF-8: byte 0x{bytes[offset]:X2} at offset {offset}, line 1; name the encoding that it is in" == e.Message,
            $"{what}: {e.Message}");
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("na\u00efve \u20ac \U0001F600\r\n")]
    [InlineData("\u0000 is a character")]
    public async Task ResolveAsync_Utf8_IsReadAsItIs(string text) =>
        Assert.Equal(text, (await ReadAsync(Encoding.UTF8.GetBytes(text))).Text);

    [Fact]
    public async Task ResolveAsync_ByteOrderMark_IsNotText()
    {
        byte[] bytes = [0xEF, 0xBB, 0xBF, (byte)'a'];

        CorpusText text = await ReadAsync(bytes);

        Assert.Equal("a", text.Text);
        Assert.Equal((4L, CorpusBench.Sha256(bytes)), (text.Origin.Bytes, text.Origin.Sha256));
    }

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 0xEF, 0xBB, 0xBF })]
    public async Task ResolveAsync_NoText_IsEmpty(byte[] bytes)
    {
        string path = _bench.Write("a.txt", bytes);

        Assert.Equal($"'{path}' is empty; give a text", (await FailAsync(path, CorpusFileError.Empty)).Message);
    }

    [Fact]
    public async Task ResolveAsync_EmptyDirectory_IsRefused()
    {
        string folder = Directory.CreateDirectory(_bench.PathOf("empty")).FullName;

        CorpusFileException e = await FailAsync(folder, CorpusFileError.Directory);

        Assert.Equal($"'{folder}' holds no file; give a text, or a folder of texts", e.Message);
    }

    [Fact]
    public async Task ResolveAsync_MissingFile_NamesThePathOnOneLine()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "no name on Windows has a line feed");
        CorpusFileException e = await FailAsync(_bench.PathOf("no\nsuch.txt"), CorpusFileError.Missing);

        Assert.Contains("no\\u000asuch.txt'", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task ResolveAsync_NoPermission_IsUnreadable()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "files have no permission bits on Windows");
        Assert.SkipWhen(Environment.IsPrivilegedProcess, "root reads every file");
        string path = _bench.Write("a.txt", [1]);
        File.SetUnixFileMode(path, UnixFileMode.None);

        await FailAsync(path, CorpusFileError.Unreadable);
    }

    [Theory]
    [InlineData(10, true)]
    [InlineData(11, false)]
    public async Task ResolveAsync_FileAtTheBound_IsTheLongestThatIsRead(int length, bool read)
    {
        _bench.Settings = _bench.Settings with { MaxTextBytes = 10 };
        string path = _bench.Write("a.txt", CorpusBench.Text(length));

        if (read)
            Assert.Equal(length, (await Resolver().ResolveAsync(path, cancellationToken: Token)).Text.Length);
        else
            Assert.Equal($"'{path}' has 11 bytes; at most 10 can be read, so give a part of it",
                (await FailAsync(path, CorpusFileError.TooLarge)).Message);
    }

    [Theory]
    [InlineData(100_000, 100_000, true)]
    [InlineData(100_001, 100_000, false)]
    [InlineData(1_000_000, 999_999, false)]
    public async Task ResolveAsync_StreamOfUnknownLength_IsBoundToo(int length, int bound, bool read)
    {
        _bench.Settings = _bench.Settings with { MaxTextBytes = bound };
        await using var input = new UnseekableStream(CorpusBench.Text(length));
        Task<CorpusText> reading = Resolver().ResolveAsync("-", input, Token);

        if (read)
            Assert.Equal(length, (await reading).Text.Length);
        else
            Assert.Equal(CorpusFileError.TooLarge, (await Assert.ThrowsAsync<CorpusFileException>(() => reading)).Error);
    }

    [Theory]
    [InlineData("\0")]
    [InlineData("yes\n")]
    public async Task ResolveAsync_EndlessStream_IsRefusedBefore200MB(string piece)
    {
        await using var input = new EndlessStream(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(piece, 1000))));

        CorpusFileException e = await Assert.ThrowsAsync<CorpusFileException>(() => Resolver().ResolveAsync("-", input, Token));

        Assert.Equal(CorpusFileError.TooLarge, e.Error);
        Assert.Equal(
            "'standard input' has more than 134,217,728 bytes; at most 134,217,728 can be read from a pipe or a device; a file may have "
                + "1,099,511,627,776", e.Message);
        Assert.InRange(input.Sent, 134_217_728, 200_000_000);
    }

    [Fact]
    public async Task ResolveAsync_EndlessStreamOfOtherBytes_IsRefusedAtTheFirstBadOne()
    {
        await using var input = new EndlessStream([.. CorpusBench.Text(999), 0xFF]);

        CorpusFileException e = await Assert.ThrowsAsync<CorpusFileException>(() => Resolver().ResolveAsync("-", input, Token));

        Assert.Equal((CorpusFileError.WrongEncoding, 999L), (e.Error, e.ByteOffset));
        Assert.InRange(input.Sent, 1, 2_000_000);
    }

    // Characters of three bytes, which do not divide the blocks in which a stream is read.
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task ResolveAsync_LongStream_KeepsCharactersThatAPartCuts(int before)
    {
        string text = new string('a', before) + new string('\u20ac', 800_000);
        await using var input = new UnseekableStream(Encoding.UTF8.GetBytes(text));

        Assert.Equal(text, (await Resolver().ResolveAsync("-", input, Token)).Text);
    }

    [Fact]
    public async Task ResolveAsync_LongStreamWithABadByte_TellsItsPlace()
    {
        byte[] bytes = Encoding.UTF8.GetBytes(new string('\u20ac', 1_000_000));
        bytes[2_999_999] = (byte)'a';
        await using var input = new UnseekableStream(bytes);

        Assert.Equal(2_999_997,
            (await Assert.ThrowsAsync<CorpusFileException>(() => Resolver().ResolveAsync("-", input, Token))).ByteOffset);
    }

    [Fact]
    public async Task ResolveAsync_EmptyStandardInput_IsNamed()
    {
        using var input = new MemoryStream();

        CorpusFileException e = await Assert.ThrowsAsync<CorpusFileException>(() => Resolver().ResolveAsync("-", input, Token));

        Assert.Equal("'standard input' is empty; give a text", e.Message);
    }

    private CorpusResolver Resolver() => new(_bench.Store(LoopbackServer.Closed()));

    private Task<CorpusText> ReadAsync(byte[] bytes) => Resolver().ResolveAsync(_bench.Write("a.txt", bytes), cancellationToken: Token);

    private async Task<CorpusFileException> FailAsync(string path, CorpusFileError error)
    {
        CorpusFileException e = await Assert.ThrowsAsync<CorpusFileException>(
            () => Resolver().ResolveAsync(path, cancellationToken: Token));
        Assert.Equal((error, path), (e.Error, e.Location));
        return e;
    }

    /// <summary>Repeats the same bytes, up to more than any reader should ask for.</summary>
    private sealed class EndlessStream(byte[] bytes) : MemoryStream(bytes)
    {
        private const long Enough = 300_000_000;

        public long Sent { get; private set; }

        public override bool CanSeek => false;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (Position == Length)
                Position = 0;
            int read = Sent < Enough ? Read(buffer.Span) : 0;
            Sent += read;
            return ValueTask.FromResult(read);
        }
    }
}

/// <summary>Bytes in a stream that cannot seek, like a pipe.</summary>
internal sealed class UnseekableStream(byte[] bytes) : MemoryStream(bytes)
{
    public override bool CanSeek => false;
}
