using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using CharLM.Corpora;
using CharLM.Tests.Corpora;
using CharLM.Tokenization;

namespace CharLM.Tests.Tokenization;

/// <summary>A file of ids is what was written, or it is written anew.</summary>
public sealed class IdCacheTests : IDisposable
{
    private static readonly TextConfig Config = new() { Cleaning = Cleaning.None, MaxTokens = 0 };
    private static readonly string Story = string.Concat(Enumerable.Repeat("the cat sat on the mat. ", 50));

    private readonly CorpusBench _bench = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Cache => _bench.Settings.CacheDirectory!;

    private string IdFilePath => Directory.GetFiles(Path.Combine(Cache, "ids"), "*.ids").Single();

    public void Dispose() => _bench.Dispose();

    public static TheoryData<string, Func<byte[], byte[]>, string> Damages => new()
    {
        { "empty", _ => [], "no file of token ids" },
        { "a part of the header", bytes => bytes[..40], "no file of token ids" },
        { "cut off in the ids", bytes => bytes[..4500], "cut off" },
        { "one byte short", bytes => bytes[..^1], "cut off" },
        { "one byte more", bytes => [.. bytes, 0], "cut off" },
        { "another magic", bytes => Change(bytes, 0), "no file of token ids" },
        { "a later version", bytes => Change(bytes, 8), "version" },
        { "another width", bytes => With(bytes, 12, 2), "cut off" },
        { "an impossible width", bytes => With(bytes, 12, 3), "cut off" },
        { "another count", bytes => Change(bytes, 16), "cut off" },
        { "a negative count", bytes => [.. bytes[..16], .. BitConverter.GetBytes(-1L), .. bytes[24..]], "cut off" },
        { "another checksum", bytes => Change(bytes, 40), "damaged" },
        { "another id", bytes => Change(bytes, 4096 + 700), "damaged" },
        { "another token", bytes => Change(bytes, bytes.Length - 9), "damaged" },
        { "zeros in place of ids, as after a power failure", bytes => [.. bytes[..4096], .. new byte[1200], .. bytes[5296..]], "damaged" },
        { "something else", _ => Encoding.UTF8.GetBytes(Story), "no file of token ids" },
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task Get_FileThatIsNotWhatWasWritten_IsMadeAnew(string what, Func<byte[], byte[]> damage, string reason)
    {
        int[] expected = await IdsAsync(Story);
        byte[] good = File.ReadAllBytes(IdFilePath);
        File.WriteAllBytes(IdFilePath, damage(good));

        int[] ids = await IdsAsync(Story);

        Assert.True(expected.AsSpan().SequenceEqual(ids), what);

        Assert.Equal(good, File.ReadAllBytes(IdFilePath));
        CorpusNotice notice = Assert.Single(_bench.Notices, notice => notice.Kind == CorpusNoticeKind.Corrupt);
        Assert.Contains(reason, notice.Message, StringComparison.Ordinal);
        Assert.EndsWith("; it is made anew", notice.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_FileOfAnotherText_IsMadeAnew()
    {
        await IdsAsync(Story + "!");
        byte[] other = File.ReadAllBytes(IdFilePath);
        File.Delete(IdFilePath);
        int[] expected = await IdsAsync(Story);
        File.WriteAllBytes(IdFilePath, other);

        Assert.Equal(expected, await IdsAsync(Story));

        Assert.Contains("of another text", Assert.Single(
            _bench.Notices, notice => notice.Kind == CorpusNoticeKind.Corrupt).Message, StringComparison.Ordinal);
    }

    // Each of them is another file: whoever reads one the other way gets other tokens.
    [Fact]
    public async Task Get_OtherCleaningTokensOrDocuments_HaveFilesOfTheirOwn()
    {
        TextConfig[] configs =
        [
            Config, Config with { Cleaning = Cleaning.Lower }, Config with { Token = TokenKind.Word },
            Config with { Documents = DocumentKind.Lines }, Config with { MinFreq = 2 },
        ];
        foreach (TextConfig config in configs)
            await IdsAsync(Story, config);

        // What is rare is the vocab's to say.
        IReadOnlyList<IdCacheEntry> entries = IdCache.List(Cache);
        Assert.Equal(
            ["lower, char, none", "none, char, lines", "none, char, none", "none, word, none"],
            entries.Select(entry => entry.How!).Order());
        Assert.All(entries, entry => Assert.Equal(("a.txt", new FileInfo(entry.Path).Length), (entry.Text, entry.Bytes)));
        Assert.Equal(300, entries.Single(entry => entry.How == "none, word, none").Tokens);
    }

    [Fact]
    public async Task Get_FileThatIsThere_IsNotWrittenAgain()
    {
        await IdsAsync(Story);
        DateTime written = File.GetLastWriteTimeUtc(IdFilePath);
        CorpusText first = await LargeAsync(Story), second = await LargeAsync(Story);

        TokenSource one = TokenizedText.From(first, Config).Train, other = TokenizedText.From(second, Config).Train;

        Assert.Equal(written, File.GetLastWriteTimeUtc(IdFilePath));
        // Both are mapped: what one has open, the other may remove.
        if (!OperatingSystem.IsWindows())
            IdCache.Clear(Cache);
        Assert.Equal(one.ToArray(), other.ToArray());
        Assert.Single(_bench.Notices, notice => notice.Kind == CorpusNoticeKind.Encoding);
    }

    [Fact]
    public async Task Get_ManyAtOnce_MakeOneFile()
    {
        CorpusText[] texts = [await LargeAsync(Story), await LargeAsync(Story), await LargeAsync(Story)];

        int[][] ids = await Task.WhenAll(texts.Select(text => Task.Run(() => TokenizedText.From(text, Config).Train.ToArray())));

        Assert.All(ids, one => Assert.Equal(ids[0], one));
        Assert.Single(_bench.Notices, notice => notice.Kind == CorpusNoticeKind.Encoding);
    }

    [Fact]
    public async Task Get_Cancelled_LeavesNothing()
    {
        CorpusText text = await LargeAsync(Story);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();

        Assert.ThrowsAny<OperationCanceledException>(() => EncodedText.Of(text, Config, cancelled.Token));

        Assert.Empty(IdCache.List(Cache));
        Assert.DoesNotContain(Directory.GetFiles(Path.Combine(Cache, "ids")), file => file.EndsWith(".tmp", StringComparison.Ordinal));
        Assert.NotEmpty(EncodedText.Of(text, Config, Token).Tokens);
    }

    // A process that was killed cannot tidy up: the next one that writes does, whatever the text.
    [Fact]
    public async Task Get_TemporaryOfAKilledProcess_IsRemoved()
    {
        string folder = Directory.CreateDirectory(Path.Combine(Cache, "ids")).FullName;
        string left = Path.Combine(folder, $".other.ids.{Guid.NewGuid():N}.tmp");
        File.WriteAllText(left, "half");

        await IdsAsync(Story);

        Assert.False(File.Exists(left));
    }

    [Fact]
    public async Task Clear_Cache_RemovesIdsAndLeavesCorpora()
    {
        await IdsAsync(Story);
        string corpus = Path.Combine(Cache, "book.txt"), unusable = Path.Combine(Cache, "ids", "x.ids");
        File.WriteAllText(corpus, "text");
        File.WriteAllText(unusable, "text");
        Assert.Equal([("a.txt", 1200L), (null, null)], IdCache.List(Cache).Select(entry => (entry.Text, entry.Tokens)).OrderDescending());

        Assert.Equal(2, IdCache.Clear(Cache).Count);

        Assert.Empty(IdCache.List(Cache));
        Assert.True(File.Exists(corpus));
        Assert.Empty(IdCache.Clear(_bench.PathOf("nowhere")));
    }

    [Fact]
    public async Task Get_CacheThatCannotBeWritten_IsNamed()
    {
        CorpusText text = await LargeAsync(Story);
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(Cache).FullName, "ids"), "a file");

        var e = Assert.Throws<CorpusCacheException>(() => EncodedText.Of(text, Config, Token));

        Assert.StartsWith($"cannot write to the corpus cache '{Path.Combine(Cache, "ids")}'", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_FullDisk_SaysHowMuchIsWantedAndLeavesNothing()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "only root on Linux can mount a small disk");
        string disk = Directory.CreateDirectory(_bench.PathOf("disk")).FullName;
        Assert.SkipWhen(await RunAsync("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk) != 0, "this system mounts no disk");
        try
        {
            _bench.Settings = _bench.Settings with { CacheDirectory = disk };
            CorpusText text = await LargeAsync(string.Concat(Enumerable.Repeat(Story, 200)));

            var e = Assert.Throws<CorpusCacheException>(() => EncodedText.Of(text, Config, Token));

            Assert.Equal(
                $"the disk of the corpus cache '{disk}/ids' is full: the token ids of a.txt want about 240,000 bytes; make room, empty the "
                    + "cache, or choose another cache directory", e.Message);
            Assert.All(Directory.GetFiles($"{disk}/ids"), file => Assert.Equal(0, new FileInfo(file).Length));
        }
        finally
        {
            await RunAsync("umount", disk);
        }

        static async Task<int> RunAsync(string program, params string[] arguments)
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            await process.WaitForExitAsync(Token);
            return process.ExitCode;
        }
    }

    private static byte[] Change(byte[] bytes, int place) => [.. bytes[..place], (byte)(bytes[place] ^ 1), .. bytes[(place + 1)..]];

    private static byte[] With(byte[] bytes, int place, int value)
    {
        byte[] changed = [.. bytes];
        BinaryPrimitives.WriteInt32LittleEndian(changed.AsSpan(place), value);
        return changed;
    }

    private async Task<int[]> IdsAsync(string text, TextConfig? config = null) =>
        TokenizedText.From(await LargeAsync(text), config ?? Config, cancellationToken: Token).Train.ToArray();

    private async Task<CorpusText> LargeAsync(string text)
    {
        _bench.Settings = _bench.Settings with { MaxBytesInMemory = 10 };
        string path = _bench.Write("a.txt", Encoding.UTF8.GetBytes(text));
        return await new CorpusResolver(_bench.Store(LoopbackServer.Closed()), _bench).ResolveAsync(path, null, Token);
    }
}
